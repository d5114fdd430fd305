"""Conversions: shared, ahead by a little, two at a time, and ended when nobody asks."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil
import pytest
from fastapi import HTTPException

import api.playing.conversions
import api.playing.turns
from api.playing.conversions import Conversions, Film
from api.settings import ApiSettings
from database.errors import NotFound
from database.models import VideoStatus
from database.videos.read import VideoInfo
from ingest.playing.store import SegmentStore, Variant
from tests.helpers import makers
from tests.helpers.records import digest

NUM = 30


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, makers.make)


def use(monkeypatch: pytest.MonkeyPatch, make: Callable[..., object]) -> None:
    monkeypatch.setattr(api.playing.conversions, "convert", make)


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    return ApiSettings(sceneseek_home=tmp_path / "home", ingest_decode_memory_mb=1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_folder(tmp_path, "a")


def new_folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    (made / makers.MAY_GO_ON).touch()
    return made


def film_of(folder: Path) -> Film:
    at = datetime(2024, 5, 17, tzinfo=UTC)
    content = digest(folder.name)
    video = VideoInfo(
        *(1, "", "", folder.name, VideoStatus.DONE, None, 2.0 * NUM, 1, 1, 25.0),
        *("mov", "hevc", None, None, 1, content, at, (), at),
    )
    return Film(video, Variant(content, "converted", 0, 480), 0, lambda: folder)


def has_begun_once(folder: Path) -> bool:
    return running(folder) == [0]


async def until(is_so: Callable[[], bool], patience_s: float = 20.0) -> None:
    """Waits for children, while the loop goes on."""
    until_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < until_s
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def running(folder: Path) -> list[int]:
    """The numbers that children which are at work have begun with."""
    return [first for first, pids in makers.begun(folder).items() for pid in pids if is_alive(pid)]


async def refusal(asked: Awaitable[object]) -> HTTPException:
    with pytest.raises(HTTPException) as raised:
        await asked
    return raised.value


def test_all_who_are_at_one_place_share_a_child_which_goes_on_a_little_ahead(
    settings: ApiSettings, folder: Path
) -> None:
    async def play() -> None:
        conversions, film = Conversions(settings), film_of(folder)
        store = SegmentStore.of(settings)
        paths = await asyncio.gather(
            *(conversions.segment(film, number) for number in (0, 0, 1, 2, 0)),
            conversions.init(film),
        )
        names = " ".join(path.name for path in paths)
        assert names == "0.m4s 0.m4s 1.m4s 2.m4s 0.m4s init.mp4"
        assert paths[2].read_bytes() == makers.segment(1)[16:]
        await until(lambda: store.has(film.variant, 5))
        await asyncio.sleep(0.3)
        assert not store.has(film.variant, 6)
        for number in range(3, makers.BAD):
            await conversions.segment(film, number)
        assert list(makers.begun(folder)) == [0]
        conversions.end()

    asyncio.run(play())


def test_a_child_ends_when_nobody_has_asked_for_a_while(
    settings: ApiSettings, folder: Path
) -> None:
    async def play() -> None:
        conversions = Conversions(settings, left_s=1.0)
        (folder / makers.MAY_GO_ON).unlink()
        waiting = asyncio.create_task(conversions.segment(film_of(folder), 3))
        await until(lambda: running(folder) == [3])
        await asyncio.sleep(1.5)
        assert running(folder) == [3], "somebody waits"
        waiting.cancel()
        await until(lambda: running(folder) == [], 8.0)

    asyncio.run(play())


def test_a_child_that_is_ahead_ends_too(settings: ApiSettings, folder: Path) -> None:
    async def play() -> None:
        conversions = Conversions(settings, left_s=0.5)
        await conversions.segment(film_of(folder), 10)
        assert running(folder) == [10]
        await until(lambda: running(folder) == [], 8.0)
        await conversions.segment(film_of(folder), 13)  # was made ahead
        await conversions.segment(film_of(folder), 14)
        assert list(makers.begun(folder)) == [10, 14]
        conversions.end()

    asyncio.run(play())


def test_a_layout_that_takes_long_is_not_there_yet_and_is_finished_though_nobody_waits(
    settings: ApiSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.playing.conversions, "lay_out", makers.lay_out)
    monkeypatch.setattr(api.playing.conversions, "_PATIENCE_S", 1.0)
    monkeypatch.setattr(api.playing.conversions, "MAX_S", 0.5)

    async def play() -> None:
        conversions = Conversions(settings, left_s=0.5)
        film = film_of(folder)
        copied = replace(film, variant=replace(film.variant, kind="copied"))
        (folder / makers.MAY_GO_ON).unlink()
        told = await refusal(conversions.layout(copied))
        assert told.status_code == 503
        assert told.detail.startswith("not yet: the file is being read to its end once")
        assert told.headers == {"Retry-After": "2"}
        await asyncio.sleep(1.5)
        assert running(folder) == [0]
        (folder / makers.MAY_GO_ON).touch()
        store = SegmentStore.of(settings)
        await until(lambda: store.find_layout(copied.variant) is not None)
        layout = await conversions.layout(copied)
        assert layout.starts_s == (0.0, 2.0)
        (store.folder_of(copied.variant) / "layout.json").unlink()
        assert await conversions.layout(copied) is layout, "it is parsed once, not per segment"
        assert (await Conversions(settings).layout(copied)) == layout  # of another server
        assert len(makers.begun(folder)[0]) == 2
        conversions.end()

    asyncio.run(play())


def test_a_layout_that_nobody_waits_for_ends_where_somebody_needs_its_turn(
    settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.playing.conversions, "lay_out", makers.lay_out)
    monkeypatch.setattr(api.playing.conversions, "_LEFT_IN_THE_WAY_S", 0.5)
    folders = [new_folder(tmp_path, name) for name in "abc"]

    async def play() -> None:
        conversions = Conversions(settings)
        for folder in folders[:2]:
            (folder / makers.MAY_GO_ON).unlink()
            film = film_of(folder)
            copied = replace(film, variant=replace(film.variant, kind="copied"))
            waiting = asyncio.create_task(conversions.layout(copied))
            await until(partial(has_begun_once, folder))
            waiting.cancel()
        assert (await conversions.segment(film_of(folders[2]), 0)).name == "0.m4s"
        assert [len(running(folder)) for folder in folders[:2]].count(0) == 1
        conversions.end()

    asyncio.run(play())


def test_who_seeks_has_the_child_of_the_old_place_end(settings: ApiSettings, folder: Path) -> None:
    async def play() -> None:
        conversions = Conversions(settings)
        (folder / makers.MAY_GO_ON).unlink()
        left = asyncio.create_task(conversions.segment(film_of(folder), 0))
        await until(lambda: running(folder) == [0])
        left.cancel()
        await asyncio.sleep(1.1)
        (folder / makers.MAY_GO_ON).touch()
        await conversions.segment(film_of(folder), 20)
        await until(lambda: running(folder) == [20], 8.0)
        conversions.end()

    asyncio.run(play())


def test_two_are_worked_on_and_the_third_is_told_to_come_again(
    settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.playing.turns, "_PATIENCE_S", 2.0)
    monkeypatch.setattr(api.playing.conversions, "_LEFT_IN_THE_WAY_S", 0.2)
    first, second, third = (new_folder(tmp_path, name) for name in ("x", "y", "z"))

    async def play() -> None:
        conversions = Conversions(settings)
        for each in (first, second):
            (each / makers.MAY_GO_ON).unlink()
        asked = [
            asyncio.create_task(conversions.segment(film_of(each), 0)) for each in (first, second)
        ]
        await until(lambda: running(first) == running(second) == [0])
        refused = await refusal(conversions.segment(film_of(third), 0))
        assert (refused.status_code, refused.headers) == (503, {"Retry-After": "2"})
        assert makers.begun(third) == {}
        (second / makers.MAY_GO_ON).touch()
        await asked[1]
        await asyncio.sleep(0.3)
        await conversions.segment(film_of(third), 0)
        assert (running(first), running(second)) == ([0], []), "the one that nobody waits for ends"
        conversions.end()
        assert (await refusal(asked[0])).status_code == 503

    asyncio.run(play())


def test_who_has_gone_before_its_turn_has_no_child(settings: ApiSettings, tmp_path: Path) -> None:
    first, second, gone = (new_folder(tmp_path, name) for name in ("x", "y", "z"))

    async def play() -> None:
        conversions = Conversions(settings)
        for each in (first, second):
            (each / makers.MAY_GO_ON).unlink()
        asked = [
            asyncio.create_task(conversions.segment(film_of(each), 0))
            for each in (first, second, gone)
        ]
        await until(lambda: running(first) == running(second) == [0])
        asked[2].cancel()
        (first / makers.MAY_GO_ON).touch()
        await asked[0]
        asked[1].cancel()
        await asyncio.sleep(0.5)
        assert makers.begun(gone) == {}
        conversions.end()

    asyncio.run(play())


def test_a_killed_child_is_replaced_once(settings: ApiSettings, folder: Path) -> None:
    async def play() -> None:
        conversions = Conversions(settings)
        (folder / makers.MAY_GO_ON).unlink()
        asked = asyncio.create_task(conversions.segment(film_of(folder), 4))
        for num in (1, 2):
            await until(lambda num=num: len(makers.begun(folder).get(4, [])) == num)  # type: ignore[misc]
            os.kill(next(pid for pid in makers.begun(folder)[4] if is_alive(pid)), signal.SIGKILL)
        refused = await refusal(asked)
        assert (refused.status_code, "was killed" in refused.detail) == (503, True)
        (folder / makers.MAY_GO_ON).touch()
        await conversions.segment(film_of(folder), 4)
        conversions.end()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("make", "why"),
    [(makers.stall, "no progress for 3 s"), (makers.eat_memory, "more than 1024 MB of memory")],
)
def test_a_hostile_film_is_refused_for_a_while_and_others_play(
    make: Callable[..., object],
    why: str,
    settings: ApiSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile, other = new_folder(tmp_path, "hostile"), new_folder(tmp_path, "other")
    stall_s = 3.0 if make is makers.stall else 20.0

    async def play() -> None:
        conversions = Conversions(settings.model_copy(update={"ingest_decode_stall_s": stall_s}))
        use(monkeypatch, make)
        for _ in range(3):
            with pytest.raises(NotFound, match=f"video 1 cannot be converted: .*{why}"):
                await conversions.segment(film_of(hostile), 0)
        assert len(makers.begun(hostile)[0]) == 1
        use(monkeypatch, makers.make)
        await conversions.segment(film_of(other), 0)
        conversions.end()

    asyncio.run(play())


def test_what_is_damaged_at_one_place_plays_at_others(settings: ApiSettings, folder: Path) -> None:
    async def play() -> None:
        conversions, film = Conversions(settings), film_of(folder)
        await conversions.segment(film, makers.BAD - 1)
        for _ in range(2):
            with pytest.raises(NotFound, match="it is damaged there"):
                await conversions.segment(film, makers.BAD)
        assert list(makers.begun(folder)) == [makers.BAD - 1]
        await conversions.segment(film, makers.BAD + 1)
        with pytest.raises(NotFound, match=f"video 1 has {NUM} segments"):
            await conversions.segment(film, NUM)
        conversions.end()

    asyncio.run(play())


def test_what_a_file_has_become_is_kept_for_no_segment_of_what_it_was(
    settings: ApiSettings, folder: Path
) -> None:
    def find_file() -> Path:
        if makers.begun(folder):
            raise NotFound("the file of video 1 has changed")
        return folder

    async def play() -> None:
        conversions, film = Conversions(settings), replace(film_of(folder), find_file=find_file)
        with pytest.raises(NotFound, match="has changed"):
            await conversions.segment(film, 0)
        assert SegmentStore.of(settings).find(film.variant, 0) is None
        conversions.end()

    asyncio.run(play())


def test_what_takes_long_is_asked_for_again(
    settings: ApiSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        conversions = Conversions(settings)
        (folder / makers.MAY_GO_ON).unlink()
        with monkeypatch.context() as patched:
            patched.setattr(api.playing.conversions, "_PATIENCE_S", 0.7)
            refused = await refusal(conversions.segment(film_of(folder), 0))
        assert (refused.status_code, refused.headers) == (503, {"Retry-After": "2"})
        (folder / makers.MAY_GO_ON).touch()
        await conversions.segment(film_of(folder), 0)
        assert len(makers.begun(folder)[0]) == 1
        conversions.end()

    asyncio.run(play())


def test_at_the_end_of_a_server_all_children_end_and_who_waits_is_told(
    settings: ApiSettings, folder: Path
) -> None:
    async def play() -> None:
        conversions = Conversions(settings)
        (folder / makers.MAY_GO_ON).unlink()
        asked = asyncio.create_task(conversions.segment(film_of(folder), 0))
        await until(lambda: running(folder) == [0])
        conversions.end()
        assert "ending" in (await refusal(asked)).detail
        await until(lambda: running(folder) == [], 8.0)
        assert (await refusal(conversions.segment(film_of(folder), 9))).status_code == 503

    asyncio.run(play())
