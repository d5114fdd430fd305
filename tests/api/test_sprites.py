"""Sheets of stills over HTTP: made once for all who ask, kept, and refused in words."""

import asyncio
import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import cv2
import httpx
import numpy as np
import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

import api.sprites
from api.settings import ApiSettings
from api.sprites import Sprites, made
from database.errors import NotFound
from database.models import FileStatus, VideoStatus
from database.opening import open_database
from database.videos.read import VideoInfo
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.errors import VideoUnreadable
from ingest.media.child import Isolation
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import assert_problem, serving
from tests.helpers.media import drawn, make_video
from tests.helpers.records import digest, file, video


@dataclass(frozen=True)
class Films:
    """A served library: a film of four seconds, one that is damaged, one that has gone, a sound."""

    client: httpx.Client
    folder: Path
    """Of the sheets."""
    path: Path
    """Of the first film."""


FILM, DAMAGED, GONE, SOUND = 1, 2, 3, 4


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        yield from _served(settings)


def _served(settings: IngestSettings) -> Iterator[Films]:
    path = make_video(settings.home / "film.mp4", [drawn(n) for n in range(4)], 1.0)
    damaged = settings.home / "damaged.mp4"
    damaged.write_bytes(path.read_bytes()[:300])
    sound = replace(video("sound"), video_codec=None, width_px=None, height_px=None)
    with contextlib.closing(open_database(settings)) as database:
        store = Store(database)
        store.save_video(video("film"), _file(path))
        store.save_video(video("damaged"), _file(damaged))
        store.save_video(video("gone"), file("/nowhere/gone.mp4"))
        store.save_video(sound, _file(path.with_name("sound.m4a")))
    with serving(settings) as server:
        yield Films(server.client, settings.home / "sprites", path)


def _file(path: Path) -> FileRecord:
    path.touch()
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


def test_sheets_are_made_when_they_are_asked_for_and_kept(films: Films) -> None:
    client = films.client
    index = client.get(f"/videos/{FILM}/sprites.vtt")
    assert (index.status_code, index.headers["content-type"]) == (200, "text/vtt; charset=utf-8")
    assert index.text.count(" --> ") == 4
    assert "00:00:02.000 --> 00:00:03.000\nsprites/0.jpg#xywh=320,0,160,90\n" in index.text

    address = f"/videos/{FILM}/sprites/0.jpg"
    sheet = client.get(address)
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "image/jpeg")
    assert cv2.imdecode(np.frombuffer(sheet.content, np.uint8), 1).shape == (90, 640, 3)
    etag = {"If-None-Match": sheet.headers["etag"]}
    assert client.get(address, headers=etag).status_code == 304
    assert client.head(address).headers["content-length"] == str(len(sheet.content))

    films.path.unlink()
    assert client.get(address).content == sheet.content  # kept
    assert [folder.name for folder in films.folder.iterdir()] == [digest("film")]


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        (f"/videos/{DAMAGED}/sprites.vtt", 404, "no stills can be made of video 2: .*damaged"),
        (f"/videos/{DAMAGED}/sprites/0.jpg", 404, "damaged or cut off"),
        (f"/videos/{GONE}/sprites.vtt", 404, "ingest its folder again"),
        (f"/videos/{SOUND}/sprites.vtt", 404, "video 4 has no pictures"),
        ("/videos/99/sprites.vtt", 404, "there is no video 99"),
        ("/videos/0/sprites.vtt", 422, "video_id"),
        (f"/videos/{FILM}/sprites/1.jpg", 404, "video 1 has no sheet 1"),
        (f"/videos/{FILM}/sprites/4.jpg", 422, "number"),
        (f"/videos/{FILM}/sprites/-1.jpg", 422, "number"),
        (f"/videos/{FILM}/sprites/{'9' * 5000}.jpg", 422, "number"),
        (f"/videos/{FILM}/sprites/%2e%2e%2fsprites.vtt.jpg", 404, "nothing at this address"),
        (f"/videos/{FILM}/sprites.vtt?at=1", 422, "no parameter 'at'"),
    ],
)
def test_what_cannot_be_had_is_refused_in_words(
    films: Films, address: str, status: int, why: str
) -> None:
    assert re.search(why, assert_problem(films.client.get(address), status))


@given(video_id=st.text(max_size=30) | st.integers(), number=st.text(max_size=30) | st.integers())
@hypothesis(max_examples=60, deadline=None)
def test_no_address_is_a_fault_of_the_server(
    films: Films, video_id: object, number: object
) -> None:
    address = f"/videos/{quote(str(video_id), '')}/sprites/{quote(str(number), '')}.jpg"
    assert films.client.get(address).status_code in (200, 404, 422)


@dataclass
class Decoder:
    """Stands in for the child process; counts how many work at once, until it may go on."""

    may_end: threading.Event
    num_begun: int = 0
    num_now: int = 0
    most: int = 0

    def run(self, *arguments: object, **_progress: object) -> None:
        _function, path, folder, *_rest = arguments
        assert isinstance(folder, Path)
        self.num_begun += 1
        self.num_now += 1
        self.most = max(self.most, self.num_now)
        self.may_end.wait(20)
        self.num_now -= 1
        if path == BROKEN:
            raise VideoUnreadable("is damaged")
        folder.mkdir()
        (folder / "sprites.vtt").write_text("WEBVTT\n")


BROKEN = Path("broken.mp4")


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    stand_in = Decoder(threading.Event())
    monkeypatch.setattr(Isolation, "run", lambda _self, *a, **k: stand_in.run(*a, **k))
    return stand_in


@pytest.fixture
def sprites(tmp_path: Path) -> Sprites:
    return Sprites(ApiSettings(sceneseek_home=tmp_path))


def info(name: str) -> VideoInfo:
    at = datetime(2024, 5, 17, tzinfo=UTC)
    done = VideoStatus.DONE
    size = (1, 1, 25.0)
    return VideoInfo(
        1, "", name, done, None, 4.0, *size, "mov", "h264", None, None, 1, digest(name), at, (), at
    )


def begin(sprites: Sprites, name: str) -> Future[Path]:
    return sprites.find(info(name), lambda: BROKEN if name == "broken" else Path("film.mp4"))


def test_a_video_is_decoded_once_for_all_who_ask_and_two_at_once(
    sprites: Sprites, decoder: Decoder
) -> None:
    asked = [begin(sprites, name) for name in ("a", "b", "c", "a", "b", "c", "d")]
    decoder.may_end.set()
    folders = [future.result(20).name for future in asked]
    assert folders == [digest(name) for name in ("a", "b", "c", "a", "b", "c", "d")]
    assert (decoder.num_begun, decoder.most) == (4, 2)
    assert begin(sprites, "a").result(0).name == digest("a")
    assert decoder.num_begun == 4


def test_what_takes_long_is_asked_for_again_later(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sprites, "_PATIENCE_S", 0.05)
    work = begin(sprites, "a")
    with pytest.raises(HTTPException, match="are being made") as raised:
        asyncio.run(made(work))
    assert raised.value.status_code == 503
    assert raised.value.headers == {"Retry-After": "2"}
    decoder.may_end.set()
    assert work.result(20).name == digest("a")  # it went on
    assert asyncio.run(made(begin(sprites, "a"))).is_dir()


def test_a_video_that_cannot_be_decoded_is_not_tried_again_soon(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.may_end.set()
    for _ in range(2):
        with pytest.raises(NotFound, match="is damaged"):
            begin(sprites, "broken").result(20)
    assert decoder.num_begun == 1
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 601)
    with pytest.raises(NotFound, match="is damaged"):
        begin(sprites, "broken").result(20)
    assert decoder.num_begun == 2


def test_only_so_many_wait(sprites: Sprites, decoder: Decoder) -> None:
    asked = [begin(sprites, str(number)) for number in range(32)]
    with pytest.raises(HTTPException, match="of other videos"):
        begin(sprites, "one more")
    decoder.may_end.set()
    assert len({future.result(20) for future in asked}) == 32


def test_what_was_asked_for_longest_ago_goes(
    sprites: Sprites, decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sprites, "MAX_KEPT", 2)
    decoder.may_end.set()
    left = tmp_path / "sprites" / "x.1.part"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    for age, name in enumerate(("a", "b")):
        os.utime(begin(sprites, name).result(20), (age, age))
    begin(sprites, "a").result(20)  # asked for again
    begin(sprites, "c").result(20)
    kept = {folder.name for folder in (tmp_path / "sprites").iterdir()}
    assert kept == {digest("a"), digest("c")}
