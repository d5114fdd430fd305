"""Connections as sockets see them: slow heads and readers, and too many of either, are ended."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api import connections
from api.connections import BoundedHttp

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FILM = b"GET /videos/1/stream HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = 8 * 1024 * 1024
PIECE = b"x" * 256 * 1024


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """A film without end, a long answer at /long, or two bytes."""
    headers = [] if scope["path"] != "/" else [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"].endswith("/stream"):
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    body = b"x" * LONG if scope["path"] == "/long" else b"ok"
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of a server that is soon impatient."""
    for name, value in (("HEAD_S", 0.3), ("STALL_S", 0.3), ("MAX_STALLED", 1)):
        monkeypatch.setattr(connections, name, value)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            answers, http=BoundedHttp, lifespan="off", log_level="critical", timeout_keep_alive=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = server.force_exit = True
        thread.join(20)


def connect(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(sent)
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    with connection:
        answer = b""
        try:
            while more := connection.recv(1 << 20):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def assert_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, sent: bytes) -> None:
    began = time.monotonic()
    assert_problem(rest(connect(port, sent)), 408)
    assert time.monotonic() - began < 5


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(port: int) -> None:
    connection = connect(port)
    for byte in GET[:-1]:
        try:
            connection.sendall(bytes([byte]))
        except (BrokenPipeError, ConnectionResetError):
            break
        time.sleep(0.03)
    assert b" 200 " not in rest(connection)


def test_an_idle_connection_is_closed_even_if_a_line_comes_now_and_then(port: int) -> None:
    connection = connect(port, GET)
    assert connection.recv(1000).endswith(b"ok") or connection.recv(1000) == b"ok"
    connection.sendall(b"\r\n")
    began = time.monotonic()
    rest(connection)
    assert time.monotonic() - began < 5


def test_requests_on_one_connection_have_a_head_each(port: int) -> None:
    with connect(port) as connection:
        for _ in range(5):
            connection.sendall(GET[:10])
            time.sleep(0.1)
            connection.sendall(GET[10:])
            time.sleep(0.1)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_what_is_no_http_is_a_problem_document(port: int) -> None:
    assert_problem(rest(connect(port, b"HELO example\r\n\r\n")), 400)


def test_a_reader_that_takes_nothing_is_cut_off(port: int) -> None:
    connection = connect(port, GET.replace(b"/", b"/long", 1))
    time.sleep(2)
    assert len(rest(connection)) < LONG


def test_a_reader_that_takes_its_time_gets_all(port: int) -> None:
    connection, got = connect(port, GET.replace(b"/", b"/long", 1)), 0
    while got < LONG:
        got += len(connection.recv(256 * 1024))
        time.sleep(0.01)
    connection.close()


def test_a_film_that_is_paused_goes_on_later(port: int) -> None:
    connection = connect(port, FILM)
    time.sleep(1)
    got = 0
    while got < 2 * LONG:
        more = connection.recv(1 << 20)
        assert more
        got += len(more)
    connection.close()


def test_of_too_many_paused_films_the_one_that_was_paused_longest_is_ended(port: int) -> None:
    first = connect(port, FILM)
    time.sleep(0.6)
    second = connect(port, FILM)
    time.sleep(0.2)
    rest(first)  # comes to an end
    assert second.recv(1000)
    second.close()


def test_beyond_the_last_place_a_connection_is_told_to_come_again(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    with connect(port, FILM) as one, connect(port, FILM) as two:
        assert one.recv(10) and two.recv(10)
        answer = rest(connect(port, GET))
        assert_problem(answer, 503)
        assert b"Retry-After: " in answer
