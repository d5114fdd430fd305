"""The server as a process: it starts, survives its database, finishes downloads, and stops."""

import contextlib
import hashlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa

from database.models import FileStatus
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.videos.records import FileRecord
from database.videos.stored import Store
from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, assert_problem, serving
from tests.helpers.records import file, image_path, put_keyframe, unit_vector, video, with_vector

DRAIN_S = 30
SPOKEN = "<script>alert('x')</script> a --> b & {\\an8}Q"
DOWNLOAD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Shelf:
    """A served library of three made videos; only the first has a file."""

    serving: Serving
    settings: DatabaseSettings
    file: Path

    @property
    def client(self) -> httpx.Client:
        return self.serving.client


@pytest.fixture(scope="module")
def shelf(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("shelf")
    content = folder / "first.mp4"
    content.write_bytes(bytes(range(256)) * 40)
    with new_settings(folder / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            _fill(database, content)
        put_keyframe(settings.keyframes_dir, "first.mp4")
        with serving(settings) as server:
            yield Shelf(server, settings, content)


def _fill(database: Database, content: Path) -> None:
    store = Store(database)
    first = with_vector(video("first.mp4", SPOKEN), "minilm-l6", unit_vector(7))
    store.save_video(first, stored(content))
    store.save_video(video("second.mp4"), file("/nowhere/second.mp4"))
    silent = replace(video("third.mp4"), moments=video("third.mp4").moments[:2])
    store.save_video(silent, file("/nowhere/third.mp4"))
    for space in ("minilm-l6", "imagenet-concepts"):
        null = {"mean": 0.0, "std": 0.051}
        Spaces(database).save_null_statistics(space, {**null, "alike": null})


def stored(path: Path) -> FileRecord:
    """A file as an ingest has seen it."""
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


@pytest.fixture
def content(shelf: Shelf) -> Iterator[Path]:
    """The file of the first video; whatever a test does to it is undone."""
    before, status = shelf.file.read_bytes(), shelf.file.stat()
    yield shelf.file
    shelf.file.write_bytes(before)
    os.utime(shelf.file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def keyframe(shelf: Shelf) -> Iterator[Path]:
    """The keyframe of the first video; a folder that a test makes of it is undone."""
    path = shelf.settings.keyframes_dir / image_path("first.mp4")
    before = path.read_bytes()
    yield path
    path.rmdir()
    path.write_bytes(before)


def test_videos_come_page_by_page_in_order(shelf: Shelf) -> None:
    titles, after, pages = [], 0, 0
    while after is not None:
        page = shelf.client.get("/videos", params={"limit": 2, "after": after}).json()
        titles += [shown["title"] for shown in page["videos"]]
        after, pages = page["next"], pages + 1
    assert titles == ["first.mp4", "second.mp4", "third.mp4"]
    assert pages == 2
    everything = shelf.client.get("/videos", params={"limit": 3}).json()
    assert len(everything["videos"]) == 3
    assert everything["next"] is None
    beyond = shelf.client.get("/videos", params={"after": 2**63 - 1}).json()
    assert beyond == {"videos": [], "next": None}


def test_what_is_said_in_a_film_is_no_markup_in_its_subtitles(shelf: Shelf) -> None:
    vtt = shelf.client.get("/videos/1/transcript.vtt")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in vtt.text
    for subtitles in (vtt.text, shelf.client.get("/videos/1/transcript.srt").text):
        assert "<" not in subtitles
        assert subtitles.count("-->") == 1
        assert "{" not in subtitles
    (spoken,) = shelf.client.get("/videos/1/transcript.json").json()
    spoken_then = {"start_s": 2.5, "end_s": 3.5, "text": SPOKEN, "language": "en"}
    assert spoken == {**spoken_then, "track": None, "words": None}


def test_a_film_in_which_nobody_speaks_has_an_empty_transcript(shelf: Shelf) -> None:
    assert shelf.client.get("/videos/3/transcript.json").json() == []
    assert shelf.client.get("/videos/3/transcript.vtt").text.strip() == "WEBVTT"
    assert shelf.client.get("/videos/3/transcript.srt").text.strip() == ""


def test_a_file_is_streamed_as_it_was_ingested(shelf: Shelf) -> None:
    answer = shelf.client.get("/videos/1/stream")
    assert answer.content == shelf.file.read_bytes()
    assert answer.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize("change", ["append", "touch", "remove", "replace by a folder"])
def test_a_file_that_has_changed_is_not_served(shelf: Shelf, content: Path, change: str) -> None:
    if change == "append":
        with content.open("ab") as opened:
            opened.write(b"x")
    elif change == "touch":
        os.utime(content, ns=(0, 0))
    else:
        content.unlink()
    if change == "replace by a folder":
        content.mkdir()
    for method in ("GET", "HEAD"):
        answer = shelf.client.request(method, "/videos/1/stream")
        assert answer.status_code == 404
    detail = assert_problem(shelf.client.get("/videos/1/stream"), 404)
    assert "it was at file://" in detail
    assert f"{content}; ingest its folder again" in detail
    if content.is_dir():
        content.rmdir()


def test_a_keyframe_that_has_gone_is_not_found(shelf: Shelf) -> None:
    assert shelf.client.get("/scenes/1/keyframe.jpg").content == b"\xff\xd8\xff"
    assert_problem(shelf.client.get("/scenes/2/keyframe.jpg"), 404)  # speech alone
    assert_problem(shelf.client.get("/scenes/3/keyframe.jpg"), 404)  # no file


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}])
def test_a_keyframe_that_cannot_be_read_is_not_found(
    shelf: Shelf, keyframe: Path, asked: dict[str, str]
) -> None:
    keyframe.unlink()
    keyframe.mkdir()
    answer = shelf.client.get("/scenes/1/keyframe.jpg", headers=asked)
    assert "python -m database check --repair" in assert_problem(answer, 404)


def test_a_lost_database_is_503_until_it_is_back(shelf: Shelf, server: str) -> None:
    name = sa.make_url(shelf.settings.database_url or "").database
    asked = {"query": "a train leaves", "weights": {"text": 1, "vision": 0}}
    with psycopg.connect(server, autocommit=True) as admin:
        try:
            admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            answers = [
                shelf.client.post("/search/multimodal", json=asked),
                shelf.client.get("/search/quick", params={"q": "a train leaves"}),
                shelf.client.get("/ready"),
                shelf.client.get("/videos"),
                shelf.client.get("/videos/1/stream"),
                shelf.client.get("/scenes/1/similar"),
            ]
            health = shelf.client.get("/health")
        finally:
            admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    for answer in answers:
        detail = assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert not any(secret in detail for secret in ("postgres", str(name), "/"))
    assert health.status_code == 200
    assert shelf.client.get("/ready").status_code == 200
    again = shelf.client.post("/search/multimodal", json=asked)
    assert again.status_code == 200
    assert {r["video"]["title"] for r in again.json()["results"]} >= {"second.mp4"}


def test_a_download_in_progress_is_finished_before_the_server_stops(
    settings: DatabaseSettings, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "long.mp4"
    path.write_bytes(b"sceneseek" * (DOWNLOAD_BYTES // 9))
    Store(database).save_video(video("long.mp4"), stored(path))
    received = hashlib.sha256()
    with serving(settings) as server:
        with server.client.stream("GET", "/videos/1/stream") as download:
            chunks = download.iter_raw(64 * 1024)
            received.update(next(chunks))
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None, "it must wait for the download"
            for chunk in chunks:
                received.update(chunk)
        server.process.wait(DRAIN_S)
    assert received.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_server_stops_when_it_is_told_to(settings: DatabaseSettings) -> None:
    with serving(settings) as server:
        kept_open = server.client.get("/health")
        assert kept_open.status_code == 200
        started = time.monotonic()
        log = server.stop()
    assert time.monotonic() - started < DRAIN_S
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in log
    assert f"Open in a browser: {str(server.client.base_url).rstrip('/')}\n" in log
    assert "postgres:***@" in log or "embedded" in log, "it says which database"


def test_a_port_that_is_taken_is_one_sentence(settings: DatabaseSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command("api", "--port", port, settings=settings)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Open in a browser" not in done.stderr
    assert "Traceback" not in done.stderr
