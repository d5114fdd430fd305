"""Connections as sockets see them: slow heads and readers, and too many of either, are ended."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.utils import get_remote_addr

from api import connections
from api.connections import BoundedHttp
from tests.helpers.sockets import connect, rest, serving_app

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


class Held:
    """An event loop in which the seconds of a stalled reader pass when a test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[tuple[asyncio.TimerHandle, Callable[..., None], tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(
        self, delay_s: float, callback: Callable[..., None], *args: Any
    ) -> asyncio.TimerHandle:
        handle = self._loop.call_later(delay_s, callback, *args)
        if delay_s == connections.STALL_S:
            self._due.append((handle, callback, args))
        return handle

    def pass_stall(self) -> None:
        """All that waits for the end of STALL_S at this moment does its work."""
        done = threading.Event()

        def fire() -> None:
            due, self._due = self._due, []
            for handle, callback, args in due:
                if not handle.cancelled():
                    handle.cancel()
                    callback(*args)
            done.set()

        self._loop.call_soon_threadsafe(fire)
        assert done.wait(20)


class HeldHttp(BoundedHttp):
    """As it is, in such a loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = Held(self.loop)
        self.loop = self.held  # type: ignore[assignment]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of a server that is soon impatient."""
    for name, value in (("HEAD_S", 0.3), ("STALL_S", 0.3), ("MAX_STALLED", 1)):
        monkeypatch.setattr(connections, name, value)
    with serving_app(BoundedHttp, answers) as server:
        yield server.config.port


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def assert_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize("sent", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, sent: bytes) -> None:
    began = time.monotonic()
    assert_problem(rest(connect(port, sent)), 408)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_browser_that_connects_before_it_asks_is_let_go_without_a_word(
    port: int, sent: bytes
) -> None:
    assert rest(connect(port, sent)) == b""


def test_a_head_has_its_whole_time_from_its_first_byte_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 3.0)
    with serving_app(BoundedHttp, answers) as server, connect(server.config.port) as connection:
        time.sleep(2)
        connection.sendall(GET[:10])
        time.sleep(1.5)
        connection.sendall(GET[10:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_the_rest_of_a_body_that_is_not_wanted_is_no_late_head(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALL_S", 30.0)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n"
    with connect(port, head) as connection:
        answer = connection.recv(1000)
        for _ in range(14):  # longer than a head may take
            time.sleep(0.1)
            connection.sendall(b"x")
        connection.sendall(GET)
        while answer.count(b"HTTP/1.1 ") < 2:
            more = connection.recv(1000)
            assert more, answer
            answer += more
        assert answer.count(b"HTTP/1.1 200 ") == 2


def test_the_rest_of_a_body_that_is_not_wanted_is_not_taken_in_for_ever(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"
    with connect(port, head) as connection:
        answer = b""
        while not answer.endswith(b"ok"):
            answer += connection.recv(1000)
        connection.settimeout(0.05)
        for _ in range(9999):
            try:
                connection.sendall(b"x")
                assert connection.recv(1000) == b""  # closed, without another answer
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        else:
            pytest.fail("it was taken in to its end")


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
        for _ in range(8):
            connection.sendall(GET[:10])
            time.sleep(0.03)
            connection.sendall(GET[10:])
            answer = b""
            while not answer.endswith(b"ok"):
                answer += connection.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200 ")


def test_what_is_no_http_is_a_problem_document(port: int) -> None:
    assert_problem(rest(connect(port, b"HELO example\r\n\r\n")), 400)


def test_a_reader_that_takes_nothing_is_cut_off(port: int) -> None:
    connection = connect(port, GET.replace(b"/", b"/long", 1))
    time.sleep(2)
    assert len(rest(connection)) < LONG


def test_a_reader_that_takes_its_time_gets_all() -> None:
    """Before and after the connection is to be closed, since it idles otherwise."""
    with serving_app(HeldHttp, answers) as server:
        connection = connect(server.config.port, GET.replace(b"/", b"/long", 1))
        got = len(connection.recv(1000))
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, HeldHttp)
        wait_until(lambda: protocol.transport.get_write_buffer_size() > 0)
        for look in range(6):
            if look == 3:
                wait_until(protocol.transport.is_closing)
            unread = protocol.transport.get_write_buffer_size()
            while protocol.transport.get_write_buffer_size() >= unread:
                more = connection.recv(64 * 1024)
                assert more, f"cut off at look {look}"
                got += len(more)
            protocol.held.pass_stall()
        assert got < LONG
        assert got + len(rest(connection)) > LONG


def test_who_took_a_part_and_then_nothing_is_cut_off() -> None:
    with serving_app(HeldHttp, answers) as server:
        connection = connect(server.config.port, GET.replace(b"/", b"/long", 1))
        assert connection.recv(1000)
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, HeldHttp)
        wait_until(lambda: protocol.transport.get_write_buffer_size() > 0)
        for _ in range(3):
            protocol.held.pass_stall()
        assert len(rest(connection)) < LONG


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
    time.sleep(2)  # no piece of it goes into a buffer any more
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
        assert one.recv(10)
        assert two.recv(10)
        answer = rest(connect(port, GET))
        assert_problem(answer, 503)
        assert b"Retry-After: " in answer


def test_who_is_turned_away_hears_nothing_unasked_and_an_answer_when_it_asks(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 0)
    with connect(port) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(GET)
        assert_problem(rest(connection), 503)


def test_only_so_many_are_told_that_there_is_no_place(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 0)
    monkeypatch.setattr(connections, "MAX_TURNED_AWAY", 1)
    monkeypatch.setattr(connections, "TURN_AWAY_S", 20.0)
    with connect(port) as told:
        assert rest(connect(port)) == b""
        told.sendall(GET)
        assert_problem(rest(told), 503)
        assert_problem(rest(connect(port, GET)), 503)  # the place is free again


def test_one_address_beyond_loopback_has_a_share_of_all_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def seen_from_afar(transport: asyncio.Transport) -> tuple[str, int]:
        address, number = get_remote_addr(transport) or ("", 0)
        return address.replace("127.0.0.", "192.0.2.").replace("192.0.2.1", "127.0.0.1"), number

    monkeypatch.setattr(httptools_impl, "get_remote_addr", seen_from_afar)
    monkeypatch.setattr(connections, "MAX_OF_ONE", 2)

    def status_for(address: str) -> bytes:
        connection = socket.create_connection(where, 20, (address, 0))
        connection.sendall(GET)
        held.append(connection)
        return connection.recv(1000)[9:12]

    held: list[socket.socket] = []
    with serving_app(BoundedHttp, answers) as server:
        where = ("127.0.0.1", server.config.port)
        assert [status_for("127.0.0.2") for _ in range(3)] == [b"200", b"200", b"503"]
        assert [status_for("127.0.0.3"), status_for("127.0.0.1")] == [b"200", b"200"]
        assert [status_for("127.0.0.1") for _ in range(3)] == [b"200"] * 3
        for connection in held:
            connection.close()
        wait_until(lambda: not server.server_state.connections)
        assert status_for("127.0.0.2") == b"200"
        held[-1].close()


@pytest.mark.parametrize("path", [b"/videos/1/stream", b"/long"])
def test_a_server_that_is_told_to_end_does_not_wait_for_who_takes_nothing(
    path: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "DRAIN_STALL_S", 0.2)
    with serving_app(BoundedHttp, answers) as server:
        connection = connect(server.config.port, GET.replace(b"/", path, 1))
        assert connection.recv(10)
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, BoundedHttp)
        wait_until(lambda: protocol.transport.get_write_buffer_size() > 0)
        server.should_exit = True
        wait_until(lambda: not server.server_state.connections)
        wait_until(lambda: not server.server_state.tasks)
        rest(connection)
    assert not caplog.records


def test_a_server_that_is_told_to_end_ends_even_if_an_answer_does_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "DRAIN_S", 0.5)
    with (
        serving_app(BoundedHttp, answers) as server,
        connect(server.config.port, FILM) as connection,
    ):
        reading = threading.Thread(target=lambda: rest(connection))
        reading.start()
        wait_until(lambda: bool(server.server_state.tasks))
        server.should_exit = True
        wait_until(lambda: not server.server_state.connections)
        reading.join(20)
    assert not caplog.records
