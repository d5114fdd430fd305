"""Requests of strange or hostile framing: what is meant is read, the rest refused in words."""

import json
import socket
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from api.access import HEADER, Access
from api.connections import BoundedHttp
from api.limits import BodyLimit
from tests.helpers.sockets import connect, rest, serving_app

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what has come: the path, the names of the headers, and the body."""
    body = (await receive())["body"]
    heard = {
        "path": scope["path"],
        "headers": [name.decode() for name, _ in scope["headers"]],
        "body": body.decode(),
    }
    content = json.dumps(heard).encode()
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving_app(BoundedHttp, Access(BodyLimit(echo))) as server:
        yield server.config.port


def answers(port: int, sent: bytes) -> list[tuple[int, dict[str, str], dict[str, object]]]:
    """Status, headers and document of all that is answered until the server closes."""
    connection: socket.socket = connect(port, sent)
    left, found = rest(connection), []
    while left:
        head, _, left = left.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers["content-length"])
        found.append((int(first.split()[1]), headers, json.loads(left[:length])))
        left = left[length:]
    return found


@pytest.mark.parametrize(("length", "status"), [(b"0" * 5000 + b"2", 200), (b"9" * 19, 413)])
def test_a_length_of_many_digits_is_a_number(port: int, length: bytes, status: int) -> None:
    request = HEAD + b"Connection: close\r\nContent-Length: " + length + b"\r\n\r\n{}"
    assert [answer[0] for answer in answers(port, request)] == [status]


def test_what_follows_a_body_in_chunks_is_no_header(port: int) -> None:
    trailers = b"0\r\nX-Request-Id: mine\r\nAuthorization: Bearer x\r\nHost: other\r\n\r\n"
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" + trailers + LAST
    first, last = answers(port, sent)
    assert first[2]["headers"] == ["host", "transfer-encoding"]
    assert first[2]["body"] == "{}"
    assert first[1][HEADER.lower()] != "mine"
    assert last[2]["path"] == "/last"


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_a_request_for_another_protocol_is_one_for_this(port: int, protocol: bytes) -> None:
    asking = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + protocol + b"\r\n"
    with_body = HEAD + asking + b"Content-Length: 2\r\n\r\n{}"
    in_chunks = HEAD + asking + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    found = answers(port, with_body + in_chunks + LAST)
    assert [answer[2]["body"] for answer in found] == ["{}", "[]", ""]


def test_a_request_for_another_protocol_may_come_in_pieces(port: int) -> None:
    head = HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n"
    with connect(port) as connection:
        for byte in head + b"{}":
            connection.sendall(bytes([byte]))
        assert b'"body": "{}"' in connection.recv(1000) + connection.recv(1000)


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Transfer-Encoding: identity\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n{}",
        *(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n{}\r\n"
            for size in (b"zz", b"-2", b"f" * 20)
        ),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
        HEAD.replace(b"\r\n", b"\n") + b"\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"GET example.org:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.org HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_malformed_is_refused_in_words(port: int, request_: bytes) -> None:
    """By itself, and behind requests that are answered none the less."""
    good = HEAD + b"Content-Length: 2\r\n\r\n{}"
    for before in (b"", good, good + good):
        *answered, refused = answers(port, before + request_)
        assert [answer[2]["body"] for answer in answered] == ["{}"] * before.count(good)
        assert (refused[0], refused[1]["content-type"]) == (400, "application/problem+json")
        assert refused[2]["detail"]


def test_who_sends_more_than_is_taken_is_told_that_the_connection_ends(port: int) -> None:
    """And hears of it however much more is sent."""
    request = HEAD + b"Content-Length: 9000000\r\n\r\n" + b" " * 9000000
    ((status, headers, _document),) = answers(port, request)
    assert (status, headers["connection"]) == (413, "close")
