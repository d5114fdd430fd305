"""Bodies over 64 KiB are refused while they come in, whoever asks and whatever for."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

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
    head = b"POST /search/multimodal HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    status, document = first_words(client, head + sent)
    assert status.startswith(b"HTTP/1.1 413 ")
    assert document["status"] == 413


def test_large_bodies_are_described(client: httpx.Client) -> None:
    paths: dict[str, dict[str, dict[str, object]]] = client.get("/openapi.json").json()["paths"]
    assert "413" in paths[POST]["post"]["responses"]  # type: ignore[operator]


def test_a_client_that_hangs_up_is_no_trouble(client: httpx.Client, tmp_path: Path) -> None:
    address = (client.base_url.host, client.base_url.port)
    head = b"POST /search/multimodal HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    for _ in range(3):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(head)
    assert client.post(POST, content=SEARCH, headers=HEADERS).status_code == 200
