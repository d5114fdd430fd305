"""Bodies over 64 KiB are refused while they come in; those that stop, or are too many, too."""

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api import limits
from api.limits import BodyLimit
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import assert_problem, serving

LIMIT = 64 * 1024
POST = "/search/multimodal"
HEADERS = {"Content-Type": "application/json"}
SEARCH = b'{"query": "drilling"}'


@pytest.fixture(scope="module")
def client(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("limit") / "home"
    with new_settings(home) as settings, serving(settings) as server:
        yield server.client


def in_chunks(content: bytes) -> Iterator[bytes]:
    """A body without a Content-Length."""
    for start in range(0, len(content), 1000):
        yield content[start : start + 1000]


def first_words(client: httpx.Client, request: bytes) -> tuple[bytes, dict[str, object]]:
    """The status line and the document of the answer to a request that does not end."""
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            status, length = answer.readline(), 0
            while (line := answer.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            return status, json.loads(answer.read(length))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_64_kib_is_read(client: httpx.Client, chunked: bool) -> None:
    content = SEARCH.ljust(LIMIT)
    sent = in_chunks(content) if chunked else content
    answer = client.post(POST, content=sent, headers=HEADERS)
    assert answer.status_code == 200
    assert answer.json()["query"] == "drilling"


@pytest.mark.parametrize("path", [POST, "/search/quick?q=drilling", "/nowhere"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_body_is_413(client: httpx.Client, path: str, chunked: bool) -> None:
    content = SEARCH.ljust(LIMIT + 1)
    sent = in_chunks(content) if chunked else content
    answer = client.request("POST", path, content=sent, headers=HEADERS)
    assert "65536 bytes" in assert_problem(answer, 413)
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 10000000000\r\n\r\n",
        b"Content-Length: 65537\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n" + 66 * (b"400\r\n" + b" " * 1024 + b"\r\n"),
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n" + b" " * (LIMIT + 1),
    ],
    ids=["huge", "one byte over", "chunks without end", "one huge chunk"],
)
def test_the_rest_of_a_large_body_is_not_waited_for(client: httpx.Client, sent: bytes) -> None:
    head = (
        b"POST /search/multimodal HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    )
    status, document = first_words(client, head + sent)
    assert status.startswith(b"HTTP/1.1 413 ")
    assert document["status"] == 413


def test_large_bodies_are_described(client: httpx.Client) -> None:
    paths: dict[str, dict[str, dict[str, object]]] = client.get("/openapi.json").json()["paths"]
    assert "413" in paths[POST]["post"]["responses"]  # type: ignore[operator]


def test_a_client_that_hangs_up_is_no_trouble(client: httpx.Client, tmp_path: Path) -> None:
    address = (client.base_url.host, client.base_url.port)
    head = b"POST /search/multimodal HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"
    for _ in range(3):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(head)
    assert client.post(POST, content=SEARCH, headers=HEADERS).status_code == 200


# Bodies as they come in, without a server: what it takes seconds or gigabytes to see there


def statuses(bodies: Sequence[Sequence[bytes | None]], pause_s: float = 0.0) -> list[int]:
    """What requests for a search with such bodies, in pieces and at once, are answered; None is a
    piece that does not come."""
    begun = asyncio.Event()

    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await begun.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    limit = BodyLimit(answers)

    async def ask(pieces: Sequence[bytes | None]) -> int:
        left = list(pieces)
        sent: list[Any] = []

        async def receive() -> Message:
            await asyncio.sleep(pause_s)
            piece = left.pop(0)
            if piece is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": piece, "more_body": bool(left)}

        async def send(message: Message) -> None:
            sent.append(message.get("status"))

        await limit({"type": "http", "method": "POST", "path": POST, "headers": []}, receive, send)
        return int(sent[0])

    async def all_at_once() -> list[int]:
        asking = [asyncio.ensure_future(ask(pieces)) for pieces in bodies]
        await asyncio.wait(asking, timeout=0.3)
        begun.set()
        return await asyncio.gather(*asking)

    return asyncio.run(all_at_once())


def test_a_body_that_does_not_go_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE_S", 0.1)
    assert statuses([[b"{", None], [b"{}"]]) == [408, 200]


def test_a_body_that_comes_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short each pause is; the same bytes in larger pieces come in time."""
    monkeypatch.setattr(limits, "PATIENCE_S", 0.1)
    monkeypatch.setattr(limits, "MIN_BYTES_PER_S", 500)
    assert statuses([[b" "] * 100, [b" " * 50] * 2], pause_s=0.02) == [408, 200]


def test_bodies_that_are_too_large_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_HELD_BYTES", 1000)
    piece = b" " * 300
    assert statuses([[piece]] * 4) == [200, 200, 200, 503]
    assert statuses([[piece]] * 3) == [200] * 3
