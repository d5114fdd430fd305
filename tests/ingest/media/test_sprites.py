"""Sheets of stills at equal steps: each tile shows its own time, the index says where."""

import re
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest.errors import VideoUnreadable
from ingest.media import sprites
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.media.sprites import INDEX, MAX_SHEETS, MAX_TILES, Step, write_sheets
from tests.helpers.media import Picture, drawn, make_video, solid, tone, write_sound

MAX_PIXELS = 1920 * 1080
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200)]
CUE = re.compile(r"^(\S+) --> (\S+)\n(\d+)\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)$", re.MULTILINE)


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def tiles_of(
    path: Path, folder: Path, duration_s: float
) -> tuple[list[tuple[float, float]], list[Picture]]:
    """The times of the tiles of a film, and their pictures, as its index tells."""
    write_sheets(Footage(path, None, MAX_PIXELS), folder, duration_s, ignore)
    index = (folder / INDEX).read_text().replace("sprites/", "")
    assert index.startswith("WEBVTT\n\n")
    times, tiles = [], []
    for start, end, sheet, *place in CUE.findall(index):
        left, top, width, height = map(int, place)
        picture = cv2.cvtColor(cv2.imread(str(folder / f"{sheet}.jpg")), cv2.COLOR_BGR2RGB)
        assert left + width <= picture.shape[1]
        assert top + height <= picture.shape[0]
        times.append((seconds(start), seconds(end)))
        tiles.append(picture[top : top + height, left : left + width])
    return times, tiles


def colours(tiles: list[Picture]) -> list[int]:
    """Which of COLOURS each tile has."""
    means = [tile.reshape(-1, 3).mean(axis=0) for tile in tiles]
    return [int(np.argmin([np.abs(mean - c).sum() for c in COLOURS])) for mean in means]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds: two of each colour, with an I-frame at the beginning of each."""
    path = tmp_path_factory.mktemp("films") / "colours.mp4"
    return make_video(path, [solid(*c) for c in COLOURS], 2.0, iframe_every=50)


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every video counts as one of which not all pictures are decoded."""
    monkeypatch.setattr(sprites, "_EXACT_PIXELS", 0)


def test_each_second_has_a_tile_of_its_own(film: Path, tmp_path: Path) -> None:
    times, tiles = tiles_of(film, tmp_path / "sheets", 9.5)
    assert times == [(float(n), min(n + 1.0, 9.5)) for n in range(10)]
    assert {tile.shape for tile in tiles} == {(90, 160, 3)}
    assert colours(tiles) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.usefixtures("long")
def test_of_a_long_video_the_i_frames_before_are_shown(film: Path, tmp_path: Path) -> None:
    assert colours(tiles_of(film, tmp_path / "sheets", 10.0)[1]) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.usefixtures("long")
def test_a_long_video_without_an_index_is_read_from_its_beginning(
    film: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw.h264"
    with av.open(str(film)) as source, av.open(str(raw), "w", format="h264") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    assert colours(tiles_of(raw, tmp_path / "sheets", 10.0)[1]) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.usefixtures("long")
def test_a_long_video_that_is_damaged_keeps_its_other_tiles(film: Path, tmp_path: Path) -> None:
    with av.open(str(film)) as source:
        places = [p.pos for p in source.demux(video=0) if p.is_keyframe and p.pos is not None]
    content = bytearray(film.read_bytes())
    content[places[2] : places[2] + 400] = bytes(400)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    found = colours(tiles_of(damaged, tmp_path / "sheets", 10.0)[1])
    assert [*found[:4], *found[6:]] == [0, 0, 1, 1, 3, 3, 4, 4]


@pytest.mark.parametrize("duration_s", [0.01, 1.0, 399.9, 400.0, 401.0, 3 * 3600.0, 30 * 3600.0])
def test_a_video_has_few_sheets_however_long_it_is(duration_s: float) -> None:
    step = Step.of(duration_s)
    assert 1 <= step.num_tiles <= MAX_TILES
    assert step.seconds >= 1
    assert step.times_s[-1] - step.seconds / 2 < duration_s <= step.num_tiles * step.seconds + 1e-6
    assert (step.num_tiles - 1) // 100 < MAX_SHEETS


def test_more_than_a_hundred_tiles_lie_on_several_sheets(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.mp4", [solid(*c) for c in COLOURS], 24.2, fps=5)
    times, tiles = tiles_of(path, tmp_path / "sheets", 121.0)
    assert len(times) == 121
    assert sorted(p.name for p in (tmp_path / "sheets").iterdir()) == ["0.jpg", "1.jpg", INDEX]
    assert [colours(tiles)[n] for n in (0, 30, 99, 100, 120)] == [0, 1, 4, 4, 4]


@pytest.mark.parametrize(
    ("size", "tile"),
    [
        ((640, 360), (160, 90)),
        ((360, 640), (160, 284)),
        ((64, 48), (64, 48)),
        ((16, 2000), (2, 284)),
    ],
)
def test_a_tile_has_the_shape_of_the_picture(
    size: tuple[int, int], tile: tuple[int, int], tmp_path: Path
) -> None:
    path = make_video(tmp_path / "film.mp4", [drawn(1, size)], 1.0)
    _times, (found,) = tiles_of(path, tmp_path / "sheets", 1.0)
    assert found.shape[1::-1] == tile


def unreadable(path: Path, content: Callable[[Path], object]) -> Path:
    content(path)
    return path


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.mp4", lambda path: path.write_text("no film"), "not a video"),
        ("sound.m4a", lambda path: write_sound(path, tone(1.0)), "no pictures"),
        ("cut.mp4", lambda path: path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(50)), "damaged"),
    ],
)
def test_what_has_no_pictures_says_so_from_its_child_process(
    name: str, content: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    footage = Footage(unreadable(tmp_path / name, content), None, MAX_PIXELS)
    with pytest.raises(VideoUnreadable, match=reason):
        Isolation(512, 20).run(
            write_sheets,
            footage,
            tmp_path / "sheets",
            1.0,
            on_progress=ignore,
        )
