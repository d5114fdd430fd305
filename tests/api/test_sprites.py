"""Sheets of stills over HTTP: made once for all who ask, kept, and refused in words."""

import asyncio
import contextlib
import gc
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
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
from api.sprites import Making, Sprites, made
from database.errors import NotFound
from database.models import FileStatus, VideoStatus
from database.opening import open_database
from database.videos.read import VideoInfo
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.media.sprites import FORMAT
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
        yield Films(server.client, settings.home / "sprites" / FORMAT, path)


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
    picture: Any = cv2.imdecode(np.frombuffer(sheet.content, np.uint8), 1)
    assert picture.shape == (90, 640, 3)
    etag = {"If-None-Match": sheet.headers["etag"]}
    assert client.get(address, headers=etag).status_code == 304
    assert client.head(address).headers["content-length"] == str(len(sheet.content))

    films.path.unlink()
    assert client.get(address).content == sheet.content  # kept
    assert [folder.name for folder in films.folder.iterdir()] == [digest("film")]


@pytest.mark.parametrize(
    ("video_id", "why"),
    [(DAMAGED, "no stills can be made of video 2: .*damaged"), (GONE, "ingest its folder again")],
)
def test_a_video_that_has_gone_or_is_damaged_has_no_stills_and_that_is_no_error(
    films: Films, video_id: int, why: str
) -> None:
    index = films.client.get(f"/videos/{video_id}/sprites.vtt")
    assert (index.status_code, index.headers["content-type"]) == (200, "text/vtt; charset=utf-8")
    assert re.match(f"WEBVTT\n\nNOTE .*{why}", index.text)
    assert "-->" not in index.text
    assert films.client.head(f"/videos/{video_id}/sprites.vtt").status_code == 200


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        (f"/videos/{DAMAGED}/sprites/0.jpg", 404, "damaged or cut off"),
        (f"/videos/{GONE}/sprites/0.jpg", 404, "ingest its folder again"),
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
    begun: list[Path] = field(default_factory=list)
    num_now: int = 0
    most: int = 0

    def run(
        self, *arguments: object, on_progress: Callable[[float], None], **_limits: object
    ) -> None:
        _function, footage, folder, *_rest = arguments
        assert isinstance(folder, Path)
        assert isinstance(footage, Footage)
        path = footage.path
        self.begun.append(path)
        self.num_now += 1
        self.most = max(self.most, self.num_now)
        try:
            while not self.may_end.wait(0.01):
                on_progress(0.5)
        finally:
            self.num_now -= 1
        if path == KILLED:
            raise DecoderKilled("was killed")
        if path == BROKEN:
            raise VideoUnreadable("is damaged")
        folder.mkdir()
        (folder / "sprites.vtt").write_text("WEBVTT\n")


BROKEN, KILLED = Path("broken"), Path("killed")


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
        *(1, "", "", name, done, None, 4.0, *size, "mov", "h264", None, None, 1, digest(name)),
        *(at, (), at),
    )


def begin(sprites: Sprites, name: str) -> Making:
    return sprites.find(info(name), lambda: Path(name))


def until(holds: Callable[[], bool]) -> None:
    """Waits for other threads."""
    deadline_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_video_is_decoded_once_for_all_who_ask_and_two_at_once(
    sprites: Sprites, decoder: Decoder
) -> None:
    asked = [begin(sprites, name) for name in ("a", "b", "c", "a", "b", "c", "d")]
    until(lambda: decoder.num_now == 2)
    decoder.may_end.set()
    folders = [making.folder.result(20).name for making in asked]
    assert folders == [digest(name) for name in ("a", "b", "c", "a", "b", "c", "d")]
    assert (len(decoder.begun), decoder.most) == (4, 2)
    assert begin(sprites, "a").folder.result(0).name == digest("a")
    assert len(decoder.begun) == 4


def test_what_was_asked_for_last_is_made_first(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sprites, "MAX_AT_ONCE", 1)
    asked = [begin(sprites, "a")]
    until(lambda: decoder.num_now == 1)
    asked += [begin(sprites, name) for name in ("b", "c", "d", "b")]
    decoder.may_end.set()
    for making in asked:
        making.folder.result(20)
    assert list(map(str, decoder.begun)) == ["a", "b", "d", "c"]


def test_what_nobody_waits_for_ends_soon_where_it_is_in_the_way(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [begin(sprites, name) for name in ("a", "b")]
    until(lambda: decoder.num_now == 2)
    left.append(begin(sprites, "c"))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 4)
    wanted = begin(sprites, "d")
    wanted.num_waiting = 1
    for making in left:
        with pytest.raises(HTTPException):
            making.folder.result(20)
    until(lambda: Path("d") in decoder.begun)
    assert Path("c") not in decoder.begun, "it was dropped before it had begun"
    decoder.may_end.set()
    assert wanted.folder.result(20).name == digest("d")


def test_what_nobody_waits_for_ends_after_a_while_where_it_is_alone(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave(making: Making) -> None:
        waiting = asyncio.create_task(made(making))
        await asyncio.sleep(0)
        assert making.num_waiting == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    making = begin(sprites, "a")
    asyncio.run(leave(making))
    assert making.num_waiting == 0
    until(lambda: decoder.num_now == 1)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 9)
    time.sleep(0.05)
    assert decoder.num_now == 1
    monkeypatch.setattr(time, "monotonic", lambda: now + 11)
    with pytest.raises(HTTPException, match="nobody waited"):
        making.folder.result(20)


def test_who_goes_away_leaves_no_complaint_behind(
    sprites: Sprites, decoder: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave() -> None:
        making = begin(sprites, "broken")
        waiting = asyncio.create_task(made(making))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        decoder.may_end.set()
        assert isinstance(await asyncio.to_thread(making.folder.exception, 20), NotFound)

    asyncio.run(leave())
    gc.collect()
    assert not caplog.records


def test_a_mount_that_hangs_holds_nobody_who_asks_for_others(
    sprites: Sprites, decoder: Decoder
) -> None:
    decoder.may_end.set()
    hangs = threading.Event()

    def find_file() -> Path:
        hangs.wait(20)
        raise NotFound("the file has gone")

    stuck = sprites.find(info("stuck"), find_file)
    assert begin(sprites, "a").folder.result(20).name == digest("a")
    assert not stuck.folder.done()
    hangs.set()
    with pytest.raises(NotFound, match="has gone"):
        stuck.folder.result(20)


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
    assert work.folder.result(20).name == digest("a")  # it went on
    assert asyncio.run(made(begin(sprites, "a"))).is_dir()


def test_a_video_that_cannot_be_decoded_is_not_tried_again_soon(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.may_end.set()
    for _ in range(2):
        with pytest.raises(NotFound, match="is damaged"):
            begin(sprites, "broken").folder.result(20)
    assert len(decoder.begun) == 1
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 601)
    with pytest.raises(NotFound, match="is damaged"):
        begin(sprites, "broken").folder.result(20)
    assert len(decoder.begun) == 2


def test_a_video_whose_decoder_was_killed_is_tried_again_at_once(
    sprites: Sprites, decoder: Decoder
) -> None:
    decoder.may_end.set()
    for _ in range(2):
        with pytest.raises(HTTPException, match="was killed") as raised:
            begin(sprites, "killed").folder.result(20)
        assert raised.value.status_code == 503
        assert raised.value.headers == {"Retry-After": "2"}
    assert len(decoder.begun) == 2


def test_only_so_many_are_queued_and_those_asked_for_longest_ago_go(
    sprites: Sprites, decoder: Decoder
) -> None:
    asked = [begin(sprites, name) for name in ("a", "b")]
    until(lambda: decoder.num_now == 2)
    first = begin(sprites, "first")
    asked += [begin(sprites, str(number)) for number in range(32)]
    with pytest.raises(HTTPException, match="of other videos"):
        first.folder.result(0)
    decoder.may_end.set()
    assert len({making.folder.result(20) for making in asked}) == 34


def test_sheets_that_another_server_removes_just_now_are_made_again(
    sprites: Sprites, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.may_end.set()
    folder = begin(sprites, "a").folder.result(20)
    touch = os.utime

    def removed(path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)
        touch(path)

    monkeypatch.setattr(os, "utime", removed)
    making = begin(sprites, "a")
    assert making.folder.result(20) == folder
    assert (folder / "sprites.vtt").is_file()


def test_what_was_asked_for_longest_ago_goes(
    sprites: Sprites, decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sprites, "MAX_KEPT", 2)
    decoder.may_end.set()
    left = tmp_path / "sprites" / FORMAT / "x.1.part"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    for age, name in enumerate(("a", "b")):
        os.utime(begin(sprites, name).folder.result(20), (age, age))
    begin(sprites, "a").folder.result(20)  # asked for again
    begin(sprites, "c").folder.result(20)
    kept = {folder.name for folder in (tmp_path / "sprites" / FORMAT).iterdir()}
    assert kept == {digest("a"), digest("c")}
