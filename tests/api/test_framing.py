"""Requests of strange or hostile framing: what is meant is read, the rest refused in words."""

import json
import socket
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from api.access import HEADER, Access
from api.connections import BoundedHttp
from api.limits import BodyLimit
from tests.api.test_connections import connect, rest
from tests.api.test_connections import serving as serving_app

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
