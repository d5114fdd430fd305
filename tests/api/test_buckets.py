"""Films in buckets play like files: their bytes are passed on, or lent by a URL where somebody
chose so, from the places that the server may read and no others."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from api.deps import State
from api.routes.videos import stream
from api.settings import ApiSettings
from database.errors import NotFound, ObjectRefused
from database.server.connection import Database
from database.videos.read import Library
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.hosts import host
from tests.helpers.s3 import BUCKET, S3, VARIABLES, serving_s3
from tests.helpers.state import make_state

CONTENT = b"a film of " + bytes(range(32, 127)) * 5000
"""Of more than one piece that a server reads at a time."""
FILM = f"s3://{BUCKET}/talks/film.mp4"


@pytest.fixture(scope="module")
def served() -> Iterator[S3]:
    with serving_s3() as s3:
        yield s3


@pytest.fixture
def s3(served: S3, settings: IngestSettings, tmp_path: Path) -> S3:
    """The server, with a film that is in the library."""
    served.reset()
    served.make_bucket()
    served.put("talks/film.mp4", CONTENT)
    with host("x", settings, tmp_path / "x") as own:
        own.ingest(FILM)
    return served


@pytest.fixture
def state(s3: S3, database: Database, encoders: Encoders, tmp_path: Path) -> State:
    return make_state(database, encoders, tmp_path / "served")


def with_settings(state: State, **changed: object) -> State:
    return replace(state, settings=state.settings.model_copy(update=changed))


def asked(state: State, method: str = "GET", **headers: str) -> Response:
    """The answer to a request for the only film."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    (video,) = Library(state.database).list_videos(limit=2)
    return stream(state, video.id, Request({"type": "http", "method": method, "headers": raw}))


def body(answer: Response) -> bytes:
    assert isinstance(answer, StreamingResponse)
    chunks: Any = answer.body_iterator

    async def read() -> bytes:
        return b"".join([bytes(chunk) async for chunk in chunks])

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=1000-", 1000, None), ("bytes=-7", -7, None)],
)
def test_a_range_of_a_film_is_passed_on(
    state: State, wanted: str, start: int, end: int | None
) -> None:
    answer = asked(state, range=wanted)
    assert answer.status_code == 206
    assert body(answer) == CONTENT[start:end]
    assert int(answer.headers["content-length"]) == len(CONTENT[start:end])


def test_a_whole_film_is_passed_on_and_not_told_from_a_file(state: State) -> None:
    answer = asked(state)
    assert (answer.status_code, body(answer)) == (200, CONTENT)
    assert answer.headers["accept-ranges"] == "bytes"
    assert BUCKET not in str(answer.headers)
    etag = answer.headers["etag"]
    assert asked(state, if_none_match=etag).status_code == 304
    head = asked(state, "HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))


def test_a_range_beyond_a_film_is_refused(state: State) -> None:
    with pytest.raises(HTTPException) as raised:
        asked(state, range=f"bytes={len(CONTENT)}-")
    assert raised.value.status_code == 416


def test_a_film_is_lent_by_a_url_only_where_that_is_chosen(state: State) -> None:
    answer = asked(with_settings(state, api_presigned_s=60))
    assert isinstance(answer, RedirectResponse)
    assert answer.headers["cache-control"] == "no-store"
    assert "X-Amz-Expires=60" in answer.headers["location"]
    assert VARIABLES["AWS_SECRET_ACCESS_KEY"] not in answer.headers["location"]
    head = asked(with_settings(state, api_presigned_s=60), "HEAD")  # the URL is signed for GET
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))


def test_the_servers_own_page_plays_through_it_since_its_policy_allows_nothing_else(
    state: State,
) -> None:
    chosen = with_settings(state, api_presigned_s=60)
    assert body(asked(chosen, sec_fetch_site="same-origin")) == CONTENT


def test_a_film_that_was_written_anew_is_not_played_for_the_one_that_was_ingested(
    state: State, s3: S3
) -> None:
    s3.put("talks/film.mp4", b"something else")
    with pytest.raises(NotFound, match=f"is not at {FILM} as it was ingested"):
        asked(state)


def test_a_bucket_that_may_not_be_read_is_no_film_that_is_gone(state: State, s3: S3) -> None:
    with s3.forbidding(), pytest.raises(ObjectRefused, match="may not be read with these keys"):
        asked(state)


@pytest.mark.parametrize(
    ("roots", "is_read"),
    [
        ("s3://films/talks", True),
        ("/srv/films:s3://films", True),
        ("s3://films/talk", False),
        ("s3://other:/talks", False),
        ("/talks", False),
    ],
)
def test_a_film_is_read_only_from_the_places_that_roots_name(
    state: State, roots: str, *, is_read: bool
) -> None:
    within = with_settings(state, api_media_roots=roots)
    if is_read:
        assert body(asked(within)) == CONTENT
        return
    with pytest.raises(NotFound, match="API_MEDIA_ROOTS"):
        asked(within)


def test_folders_and_buckets_stand_side_by_side_in_roots() -> None:
    settings = ApiSettings(api_media_roots="/a:s3://films/x:/b: s3://more")
    assert settings.named_roots == (Path("/a"), Path("/b"))
    assert list(map(str, settings.media_places or ())) == ["s3://films/x", "s3://more/"]
    assert ApiSettings().media_places is None
    assert ApiSettings(api_media_roots="/a").media_places == ()


def test_what_needs_a_file_gets_one_that_was_fetched_aside(state: State) -> None:
    (video,) = state.library.list_videos(limit=2)
    path = state.film(video.id)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(state.settings.home)
    small = replace(state, fetched=replace(state.fetched, max_bytes=10, folder=path.parent / "no"))
    with pytest.raises(NotFound, match=r"was not fetched: .* INGEST_FETCHED_GB"):
        small.film(video.id)
