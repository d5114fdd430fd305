"""What a server reads from disk: the files that were ingested, as they were, and nothing else,
whatever the database says and wherever links lead."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.deps import State
from api.media import stream_file
from api.settings import ApiSettings
from api.shrinking import forget_video
from database.errors import DatabaseError, NotFound
from database.models import FileStatus
from database.server.connection import Database
from database.videos.forgetting import keyframe_folder
from database.videos.read import IntactFile
from database.videos.records import FileRecord, modified_ns
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers import records
from tests.helpers.http import assert_problem, serving
from tests.helpers.sql import execute
from tests.helpers.state import make_state

CONTENT = b"film" * 64
SECRET = b"safe" * 64
"""As long."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """The folder of the films, with one."""
    path = tmp_path.resolve() / "films" / "film.mp4"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def secret(tmp_path: Path, film: Path) -> Path:
    """A file of the server's user elsewhere, of the film's size and time."""
    path = tmp_path.resolve() / "private" / "secret"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    _same_time(film, path)
    return path


@pytest.fixture
def state(database: Database, encoders: Encoders, tmp_path: Path) -> State:
    return make_state(database, encoders, tmp_path / "served")


def within(state: State, *roots: Path) -> State:
    """The same server, with API_MEDIA_ROOTS."""
    named = os.pathsep.join(map(str, roots))
    settings = ApiSettings(sceneseek_home=state.settings.home, api_media_roots=named)
    return replace(state, settings=settings)


def ingested(store: Store, path: Path) -> int:
    """The id of a video whose file lies there."""
    made, status = records.video(path.name), path.stat()
    store.save_video(
        made, FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
    )
    stored = store.find_video_by_content(made.content_hash)
    assert stored is not None
    return stored.id


def intact(state: State, video: int) -> IntactFile:
    """A film of this machine."""
    file = state.intact(video)
    assert isinstance(file, IntactFile)
    return file


def sent(file: IntactFile) -> Response:
    """The answer with a file that was looked at before."""
    request = Request({"type": "http", "method": "GET", "headers": []})
    return stream_file(file.real, "video/mp4", '"x"', request, ingested=file)


def body(answer: Response) -> bytes:
    """What is sent after the headers."""
    assert isinstance(answer, StreamingResponse)
    chunks: Any = answer.body_iterator

    async def read() -> bytes:
        return b"".join([bytes(chunk) async for chunk in chunks])

    return asyncio.run(read())


def _same_time(of: Path, path: Path) -> None:
    status = of.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_no_film_outside_the_roots_is_read(
    state: State, store: Store, film: Path, tmp_path: Path
) -> None:
    video = ingested(store, film)
    assert intact(state, video).real == film
    assert intact(within(state, tmp_path / "other", film.parent), video).real == film
    (tmp_path / "films-too").mkdir()
    for elsewhere in (tmp_path / "other", tmp_path / "films-too", film.parent / "deeper"):
        with pytest.raises(NotFound, match="outside the folders that this server may read"):
            within(state, elsewhere).intact(video)


def test_a_root_may_be_a_link_and_a_link_inside_it_may_not_leave_it(
    state: State, store: Store, film: Path, secret: Path, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    linked.symlink_to(film.parent)
    video = ingested(store, linked / film.name)
    guarded = within(state, linked)
    assert intact(guarded, video).real == film
    film.unlink()
    film.symlink_to(secret)
    with pytest.raises(NotFound, match="outside the folders"):
        guarded.intact(video)


def test_of_several_places_of_a_film_the_one_inside_the_roots_is_read(
    state: State, store: Store, film: Path, secret: Path
) -> None:
    video = ingested(store, secret)
    status = film.stat()
    record = FileRecord(
        str(film), status.st_size, status.st_mtime_ns, FileStatus.DONE, video_id=video
    )
    store.save_file(record)
    assert intact(within(state, film.parent), video).real == film


def test_a_row_that_names_another_file_leads_nowhere(
    state: State, store: Store, database: Database, film: Path
) -> None:
    video = ingested(store, film)
    execute(database, "UPDATE file SET path = '/etc/passwd'")
    with pytest.raises(NotFound, match="moved, changed or removed"):
        state.intact(video)
    status = Path("/etc/passwd").stat()
    execute(
        database,
        f"UPDATE file SET size_bytes = {status.st_size}, mtime_ns = {modified_ns(status)}",
    )
    with pytest.raises(NotFound, match="outside the folders"):
        within(state, film.parent).intact(video)


def test_a_film_that_became_a_link_or_a_pipe_is_not_read(
    state: State, store: Store, film: Path, secret: Path
) -> None:
    video = ingested(store, film)
    os.utime(secret, ns=(0, 0))
    film.unlink()
    film.symlink_to(secret)
    with pytest.raises(NotFound):
        state.intact(video)
    film.unlink()
    os.mkfifo(film)
    _same_time(secret, film)
    with pytest.raises(NotFound):
        state.intact(video)
    with pytest.raises(NotFound):  # and nobody waits for who writes into it
        sent(IntactFile(film, film, 0, 0))


@pytest.mark.parametrize("exchanged", ["file", "folder", "other file"])
def test_a_film_that_is_exchanged_after_it_was_looked_at_is_not_read(
    state: State, store: Store, film: Path, secret: Path, exchanged: str
) -> None:
    file = intact(state, ingested(store, film))
    if exchanged == "file":
        film.unlink()
        film.symlink_to(secret)
    elif exchanged == "folder":
        secret.rename(secret.with_name(film.name))
        film.parent.rename(film.parent.with_name("away"))
        film.parent.symlink_to(secret.parent)
        assert film.read_bytes() == SECRET
    else:
        film.write_bytes(SECRET)
    with pytest.raises(NotFound, match="no longer there"):
        sent(file)


def test_a_film_as_it_was_ingested_is_sent(state: State, store: Store, film: Path) -> None:
    assert body(sent(intact(state, ingested(store, film)))) == CONTENT


def test_a_keyframe_is_never_read_outside_its_folder(
    state: State, database: Database, store: Store, film: Path, secret: Path
) -> None:
    ingested(store, film)
    folder = state.settings.keyframes_dir
    folder.mkdir(parents=True)
    (folder / "inside.jpg").symlink_to(secret)
    for named in ("inside.jpg", f"../../{secret.parent.name}/secret", str(secret)):
        with pytest.raises(DatabaseError, match="leaves the keyframes folder"):
            state.settings.keyframe_file(named)


@pytest.mark.parametrize(
    "content",
    ["", "..", "../../films", "/", "a" * 63, "A" * 64, "a" * 65, f"{'a' * 15}/../../../films"],
)
def test_a_content_hash_that_is_none_names_no_folder_to_write_or_remove(
    state: State, database: Database, store: Store, film: Path, content: str
) -> None:
    video = ingested(store, film)
    with pytest.raises(DatabaseError, match="hash"):
        keyframe_folder(content)
    execute(database, f"UPDATE video SET content_hash = '{content}'")
    with pytest.raises(DatabaseError, match="hash"):
        state.sprites.find(state.library.get_video(video), lambda: film)
    with pytest.raises(DatabaseError, match="hash"):
        forget_video(state, video)
    assert film.read_bytes() == CONTENT


def test_a_server_with_roots_says_why_a_film_is_not_played(
    settings: IngestSettings, store: Store, film: Path, tmp_path: Path
) -> None:
    video = ingested(store, film)
    with serving(settings, API_MEDIA_ROOTS=str(tmp_path / "elsewhere")) as server:
        detail = assert_problem(server.client.get(f"/videos/{video}/stream"), 404)
        assert "outside the folders that this server may read" in detail
        assert str(film) not in detail
        assert "outside the folders" in server.client.get(f"/watch/{video}").text
