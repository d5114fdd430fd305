"""HTTP as sockets see it: heads and trailers have an end, bodies have their own limit."""

import resource
import socket
import subprocess
import sys
from collections.abc import Iterable

import httpx
import pytest

from api.connections import MAX_CONNECTIONS, MAX_FRAMING_BYTES
from tests.helpers.openai import EMBEDDINGS, embedded

HEAD = (
    f"POST {EMBEDDINGS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n".encode()
)
NO_END = 20 * MAX_FRAMING_BYTES
PIECE = 16 * 1024


def answer_to(client: httpx.Client, pieces: Iterable[bytes]) -> bytes:
    """What the server answers until it closes the connection, and no later than in 20 s."""
    url = client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        answer = b""
        try:
            while more := connection.recv(PIECE):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def without_end(*begin: bytes, piece: bytes) -> list[bytes]:
    return [*begin, *[piece] * (NO_END // len(piece))]


@pytest.mark.parametrize(
    "pieces",
    [
        without_end(HEAD + b"X-Long: ", piece=b"x" * PIECE),
        without_end(HEAD, piece=b"".join(b"X-%d: y\r\n" % i for i in range(1000))),
        without_end(b"GET /" + b"x" * PIECE, piece=b"x" * PIECE),
        without_end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: ", piece=b"x" * PIECE),
        without_end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1", piece=b";e=" + b"x" * PIECE),
    ],
    ids=["header", "headers", "url", "trailer", "extension of a chunk"],
)
def test_a_request_that_does_not_come_to_its_body_is_ended(
    embeddings: httpx.Client, pieces: list[bytes]
) -> None:
    answer = answer_to(embeddings, pieces)
    assert answer == b"" or answer.split(b" ")[1] == b"400"
    assert embedded(embeddings, "still here")["data"]


def test_a_body_in_small_chunks_is_no_head(embeddings: httpx.Client) -> None:
    body = b'{"input": "drilling"' + b" " * (4 * MAX_FRAMING_BYTES) + b"}"
    chunks = (body[start : start + 512] for start in range(0, len(body), 512))
    answer = embeddings.post(
        EMBEDDINGS, content=chunks, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200, answer.text[:300]


def test_many_requests_on_one_connection_have_a_head_each(embeddings: httpx.Client) -> None:
    padding = {"X-Padding": "x" * 8000}
    for _ in range(2 * MAX_FRAMING_BYTES // 8000):
        assert embeddings.get("/health", headers=padding).status_code == 200


def test_a_server_may_open_as_many_files_as_it_has_connections_for() -> None:
    """Where a shell allows it 256, as some do."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    work = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))\n"
        "from api.serving import allow_open_files; allow_open_files()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    told = subprocess.run([sys.executable, "-c", work], capture_output=True, check=True).stdout
    assert int(told) == min(4 * MAX_CONNECTIONS, hard if hard > 0 else 4 * MAX_CONNECTIONS)
