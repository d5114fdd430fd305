"""Every request has an id, one line of the log, and its place in the numbers."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send
from structlog.testing import LogCapture

from api.access import HEADER, KEY_NAME, Access
from api.app import create_embedding_app
from api.settings import EmbeddingServerSettings


@pytest.fixture
def log() -> Iterator[LogCapture]:
    """What is logged meanwhile, with what each line is bound to."""
    before, captured = structlog.get_config(), LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, captured])
    yield captured
    structlog.configure(**before)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers five bytes; breaks at /broken."""
    scope["state"][KEY_NAME] = "phone"
    if scope["path"] == "/broken":
        raise RuntimeError("a secret")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def ask(path: str, headers: dict[str, str] | None = None, served: object = app) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Access(served))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(asked())


def test_a_request_is_one_line_without_what_was_looked_for(log: LogCapture) -> None:
    answer = ask("/search/quick?q=my%20private%20life")
    (line,) = log.entries
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/search/quick",
        "status": 200,
        "bytes": 5,
        "key": "phone",
        "request_id": answer.headers[HEADER],
    }


@pytest.mark.parametrize("sent", ["abc-123", "A.b_c", "x" * 64])
def test_an_id_that_a_client_gives_is_kept(log: LogCapture, sent: str) -> None:
    assert ask("/", {HEADER: sent}).headers[HEADER] == sent
    assert log.entries[0]["request_id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a;b", "<script>", "a\tb"])
def test_an_id_that_could_do_harm_is_replaced(log: LogCapture, sent: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", ask("/", {HEADER: sent}).headers[HEADER])


def test_each_request_has_an_id_of_its_own(log: LogCapture) -> None:
    assert len({ask("/").headers[HEADER] for _ in range(20)}) == 20


def test_a_path_cannot_write_lines_of_its_own_or_command_a_terminal(log: LogCapture) -> None:
    ask("/a%0Ab%1B[31m%E2%80%AE%00c")
    assert log.entries[0]["path"] == r"/a\nb\x1b[31m\u202e\x00c"


def test_what_nobody_foresaw_is_logged_with_the_id_of_its_request(log: LogCapture) -> None:
    with pytest.raises(AssertionError):  # nothing was answered
        ask("/broken", {HEADER: "mine"})
    failed, line = log.entries
    assert (failed["event"], failed["exc_info"]) == ("request failed", True)
    assert failed["request_id"] == line["request_id"] == "mine"


def test_errors_tell_the_id_of_their_request(log: LogCapture) -> None:
    served = create_embedding_app(EmbeddingServerSettings())
    answer = ask("/nowhere", {HEADER: "mine"}, served)
    assert (answer.status_code, answer.json()["request_id"]) == (404, "mine")
    assert answer.headers[HEADER] == "mine"


def test_the_seconds_of_answers_are_counted_by_route(log: LogCapture) -> None:
    def counted() -> float:
        labels = {"method": "GET", "route": "/health"}
        return REGISTRY.get_sample_value("http_request_seconds_count", labels) or 0.0

    before = counted()
    served = create_embedding_app(EmbeddingServerSettings())
    assert ask("/health", served=served).status_code == 200
    assert counted() - before == 1
