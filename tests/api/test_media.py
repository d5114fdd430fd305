"""A file is opened before a word of the answer is sent, and closed with it."""

import asyncio
import resource
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from api.errors import add_error_handlers
from api.media import attachment, stream_file
from database.errors import NotFound
from tests.helpers.http import assert_problem

CONTENT = bytes(range(256)) * 4096
ETAG = '"content"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "film.mp4"
    made.write_bytes(CONTENT)
    return made


def asked(path: Path, method: str = "GET", **headers: str) -> Response:
    """The answer to a request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "headers": raw})
    return stream_file(path, "video/mp4", ETAG, request)


def body(answer: Response) -> bytes:
    """What is sent after the headers."""
    assert isinstance(answer, StreamingResponse)
    chunks: Any = answer.body_iterator

    async def read() -> bytes:
        return b"".join([bytes(chunk) async for chunk in chunks])

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("headers", "status", "start", "end"),
    [({}, 200, 0, len(CONTENT)), ({"range": "bytes=300000-900000"}, 206, 300_000, 900_001)],
)
def test_a_file_that_vanishes_after_the_headers_is_sent_nevertheless(
    path: Path, headers: dict[str, str], status: int, start: int, end: int
) -> None:
    answer = asked(path, **headers)
    path.unlink()
    assert answer.status_code == status
    assert answer.headers["content-length"] == str(end - start)
    assert body(answer) == CONTENT[start:end]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["nothing.mp4", ".", "film.mp4/film.mp4", "x" * 300])
def test_what_cannot_be_opened_is_not_found_and_says_what_to_do(
    path: Path, name: str, method: str
) -> None:
    with pytest.raises(NotFound, match="ingest its folder again") as raised:
        asked(path.parent / name, method)
    assert str(path.parent) not in str(raised.value)


def test_a_film_is_not_called_gone_where_the_server_has_too_many_files_open(path: Path) -> None:
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/film")
    def film(request: Request) -> Response:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            return stream_file(path, "video/mp4", ETAG, request)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with TestClient(app) as client:
        answer: Any = client.get("/film")
    assert_problem(answer, 503)
    assert "too many files" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


def test_a_file_is_closed_with_its_answer(path: Path) -> None:
    body(asked(path))
    asked(path, "HEAD")
    assert asked(path, if_none_match=ETAG).status_code == 304
    with pytest.raises(HTTPException) as raised:
        asked(path, range=f"bytes={len(CONTENT)}-")
    assert raised.value.status_code == 416
    assert str(path) not in [opened.path for opened in psutil.Process().open_files()]


def test_no_name_of_a_file_becomes_another_part_of_its_header() -> None:
    given = attachment("tour\uff02; filename=\uff02evil", ".edl")
    assert given.count('"') == 2
    assert given.startswith('attachment; filename="tour ; filename= evil.edl"; filename*=UTF-8')
    assert attachment("Straße", ".csv").endswith("; filename*=UTF-8''Stra%C3%9Fe.csv")
