"""Segments that are converted, on real films: decoded one after the other, as a player does."""

from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.playing.converted import SEGMENT_S, convert, num_segments
from ingest.playing.converted_picture import PICTURE_CODEC
from ingest.playing.fmp4 import split
from ingest.scenes.picture import shown
from tests.helpers.converting import joined, noise_of, write_sound
from tests.helpers.marked_films import (
    Recipe,
    frames_of,
    lag_s,
    number_of,
    sound_of,
    wave,
    write_marked,
)

_MAX_PIXELS = 1 << 26
_HEVC = {"x265-params": "log-level=error"}
_TICK_S = 1 / 90_000
Made = Callable[..., list[bytes]]


def _converted(
    path: Path,
    duration_s: float = 8.0,
    first: int = 0,
    *,
    sound: int | None = 0,
    lines: int = 480,
    clock: tuple[tuple[float, float], ...] | None = None,
) -> list[bytes]:
    footage = Footage(path, clock, _MAX_PIXELS)
    return [*convert(footage, sound, lines, duration_s, first, lambda _part: None)]


@pytest.fixture(scope="module")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hevc")
    return write_marked(folder / "film.mov", Recipe("libx265", ("pcm_s16le",), options=_HEVC))


@pytest.fixture(scope="module")
def ac3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_marked(tmp_path_factory.mktemp("ac3") / "film.mkv", Recipe(sounds=("ac3",)))


def test_no_frame_is_lost_or_shown_twice_and_the_sound_fits(hevc: Path) -> None:
    segments = _converted(hevc)
    assert len(segments) == num_segments(8.0) == 4
    frames = frames_of(joined(segments))
    assert [number for _, number in frames] == [*range(200)]
    assert [time_s for time_s, _ in frames] == pytest.approx([n / 25 for n in range(200)])
    start_s, heard = sound_of(joined(segments))
    assert start_s == 0.0
    assert len(heard) / 48_000 == pytest.approx(8.0, abs=0.022)
    assert abs(lag_s(heard[24_000:48_000], start_s + 0.5)) < 0.005
    assert abs(lag_s(heard[-48_000:-24_000], len(heard) / 48_000 - 1)) < 0.005


def test_each_segment_begins_with_an_idr_frame_at_its_begin(hevc: Path) -> None:
    for number, segment in enumerate(_converted(hevc)):
        with av.open(BytesIO(segment), "r") as container:
            packets = [p for p in container.demux(video=0) if p.size]
        assert [p.is_keyframe for p in packets] == [True] + [False] * (len(packets) - 1)
        assert cast(int, packets[0].pts) * packets[0].time_base == number * SEGMENT_S
        end = cast(int, packets[-1].pts) + cast(int, packets[-1].duration)
        assert end * packets[-1].time_base == (number + 1) * SEGMENT_S
        assert 0x65 in _kinds_of_units(bytes(packets[0]))  # an IDR slice


def test_segments_of_two_conversions_follow_each_other_without_a_click(hevc: Path) -> None:
    whole, later = _converted(hevc), _converted(hevc, first=2)
    assert len(later) == 2
    heads = {split(segment)[0] for segment in (*whole, *later)}
    assert len(heads) == 1
    mixed = joined([*whole[:2], *later])
    assert [number for _, number in frames_of(mixed)] == [*range(200)]
    start_s, heard = sound_of(joined([*whole[:2], *later]))
    heard = heard[: round(7.9 * 48_000)]
    assert max(noise_of(heard, start_s)[3:]) < 0.02


def test_there_is_no_click_between_segments_of_one_conversion(ac3: Path) -> None:
    for first in (0, 1):
        start_s, heard = sound_of(joined(_converted(ac3, first=first)))
        # The file has its sound so much later, in whole milliseconds.
        lag = lag_s(heard[24_000:48_000], start_s + 0.5)
        assert abs(lag) < 0.005
        noise = noise_of(heard[: round((7.9 - start_s) * 48_000)], start_s - lag)[3:]
        assert max(noise) < 0.03, (first, noise)


def test_the_form_is_the_one_that_is_declared(hevc: Path, tmp_path: Path) -> None:
    wide = Recipe("mpeg4", size=(1280, 720), seconds=2, rate=Fraction(60))
    small = Recipe("mpeg4", size=(64, 48), seconds=2)
    films = (hevc, write_marked(tmp_path / "a.avi", wide), write_marked(tmp_path / "b.avi", small))
    for film in films:
        head = split(_converted(film, 2.0, lines=720)[0])[0]
        at = head.index(b"avcC") + 4
        assert f"avc1.{head[at + 1 : at + 4].hex()}" == PICTURE_CODEC
        with av.open(BytesIO(_converted(film, 2.0, lines=720)[0]), "r") as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            assert frame.format.name == "yuv420p"
            assert (frame.color_range, frame.colorspace) == (1, 1)
            assert (frame.color_primaries, frame.color_trc) == (1, 1)


def test_times_of_a_varying_rate_are_kept(tmp_path: Path) -> None:
    times = [n * 0.04 for n in range(50)] + [2.01 + n * 0.11 for n in range(50)]
    film = write_marked(tmp_path / "vfr.mp4", Recipe(frame_times_s=times))
    frames = frames_of(joined(_converted(film)))
    # At 4 and 6 s the frame is shown on that began before; at 2 s the one of 1.96 s.
    shown_on = [
        (number * 2.0, max(n for n, t in enumerate(times) if t <= number * 2.0))
        for number in (1, 2, 3)
    ]
    wanted = sorted([*((time_s, n) for n, time_s in enumerate(times)), *shown_on])
    assert [number for _, number in frames] == [number for _, number in wanted]
    assert [t for t, _ in frames] == pytest.approx([t for t, _ in wanted], abs=2 * _TICK_S)


def test_pictures_that_are_held_for_long_are_there_in_every_segment(tmp_path: Path) -> None:
    times = [0.0, 5.0, 15.5, 25.0, 25.5]
    for name in ("slides.mp4", "slides.mkv"):
        film = write_marked(tmp_path / name, Recipe(frame_times_s=times, seconds=28))
        for first in (0, 4, 10):
            frames = frames_of(joined(_converted(film, 28.0, first)))
            ends = [begin for begin in (5.0, 15.5, 25.0, 25.5) if begin > first * 2]
            wanted = sorted({*(float(s) for s in range(first * 2, 28, 2)), *ends})
            assert [t for t, _ in frames] == pytest.approx(wanted, abs=0.0006), (name, first)
            numbers = [
                max(n for n, t in enumerate(times) if t <= time_s + 0.001) for time_s, _ in frames
            ]
            assert [number for _, number in frames] == numbers


def test_more_than_60_frames_a_second_are_left_out(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "fast.mp4", Recipe("mpeg4", rate=Fraction(120), seconds=4))
    frames = frames_of(joined(_converted(film, 4.0)))
    assert [number for _, number in frames] == [*range(0, 480, 2)]
    assert [t for t, _ in frames] == pytest.approx([n / 60 for n in range(240)], abs=2 * _TICK_S)


def test_the_last_picture_of_a_burst_is_shown(tmp_path: Path) -> None:
    times = [0.0, 1.0, 1.002, 1.004, 3.0]
    film = write_marked(tmp_path / "burst.mp4", Recipe(frame_times_s=times, seconds=4))
    frames = frames_of(joined(_converted(film, 4.0)))
    assert [number for _, number in frames] == [0, 1, 3, 3, 4]
    assert frames[2][0] < 1.02


def test_a_film_that_begins_late_and_ends_early_has_pictures_throughout(tmp_path: Path) -> None:
    times = [2.5 + n / 25 for n in range(50)]
    film = write_marked(tmp_path / "late.mp4", Recipe(frame_times_s=times))
    for first in (0, 1, 3):
        segments = _converted(film, 8.0, first)
        assert len(segments) == 4 - first
        frames = [frames_of(BytesIO(segment)) for segment in segments]
        begins = [float(2 * n) for n in range(first, 4)]
        assert [each[0][0] for each in frames] == begins
        numbers = [each[0][1] for each in frames]
        assert numbers == [0, 0, 37, 49][first:]
        every = {number for each in frames for _, number in each}
        assert every == ({49} if first == 3 else {*range(50)})


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_sound_of_any_form_is_heard_in_its_time(tmp_path: Path, layout: str) -> None:
    film = write_sound(tmp_path / "film.mkv", rate=44_100, layout=layout, picture_s=6)
    for first in (0, 1):
        start_s, heard = sound_of(joined(_converted(film, 6.0, first)))
        for at in (0.5, 1.9, 3.0):
            piece = heard[round(at * 48_000) : round((at + 0.5) * 48_000)]
            assert abs(lag_s(piece, start_s + at)) < 0.005
            assert 0.1 < float(np.abs(piece).max()) < 0.6


def test_gaps_of_a_sound_are_silent(tmp_path: Path) -> None:
    stretches = ((0.7, 1.5), (2.6, 4.4))
    film = write_sound(tmp_path / "film.mkv", stretches_s=stretches, picture_s=8)
    for first in (0, 1, 3):
        start_s, heard = sound_of(joined(_converted(film, 8.0, first)))
        assert start_s + len(heard) / 48_000 == pytest.approx(8.0, abs=0.022)
        wanted = wave(start_s, len(heard))
        times = start_s + np.arange(len(heard)) / 48_000
        inside = np.zeros(len(heard), bool)
        for begin_s, end_s in stretches:
            inside |= (times >= begin_s) & (times < end_s)
        off = np.abs(heard / np.sqrt(2) - np.where(inside, wanted, 0))
        near = np.zeros(len(heard), bool)
        for edge in [edge for stretch in stretches for edge in stretch]:
            near |= np.abs(times - edge) < 0.03
        assert float(off[~near & (times > start_s + 0.05)].max()) < 0.03


def test_a_recording_of_sound_alone_has_no_picture(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "sound.mka", stretches_s=((0.0, 5.0),))
    segments = _converted(path, 5.0)
    assert len(segments) == 3
    with av.open(joined(segments)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    start_s, heard = sound_of(joined(segments))
    assert max(noise_of(heard[: round(4.9 * 48_000)], start_s)[3:]) < 0.02


def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "silent.mkv", Recipe(sounds=(), seconds=3))
    segments = _converted(film, 3.0, sound=None)
    with av.open(joined(segments)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert [number for _, number in frames_of(joined(segments))] == [*range(75)]


def test_the_sound_track_that_is_asked_for_is_heard(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "two.mkv", Recipe(sounds=("aac", "ac3"), seconds=4))
    for first in (0, 1):
        start_s, heard = sound_of(joined(_converted(film, 4.0, first, sound=1)))
        assert abs(lag_s(heard[24_000:48_000], start_s + 0.5, track=1)) < 0.005


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_film_is_upright(tmp_path: Path, turned: int) -> None:
    film = write_marked(tmp_path / "turned.mp4", Recipe(turned=turned, seconds=2))
    with av.open(joined(_converted(film, 2.0)), "r") as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert frames[0].shape == ((180, 320) if turned == 180 else (320, 180))
    as_made = [np.rot90(frame, turned // 90) for frame in frames]
    assert [number_of(cast(Any, frame)) for frame in as_made] == [*range(50)]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p10le"])
def test_a_converted_picture_has_the_colours_of_the_library(
    tmp_path: Path, pixel_format: str
) -> None:
    path = tmp_path / "colours.mkv"
    colours = np.array([[200, 30, 40], [20, 180, 60], [30, 60, 220], [230, 220, 60]], np.uint8)
    image = np.repeat(np.repeat(colours[None], 80, axis=1), 180, axis=0)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25, width=320, height=180)
        stream.pix_fmt = pixel_format
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        wanted = shown(next(container.decode(video=0)), (320, 180))
    with av.open(joined(_converted(path, 1.0, sound=None)), "r") as container:
        made = shown(next(container.decode(video=0)), (320, 180))
    middles = [40, 120, 200, 280]
    assert np.abs(made[90, middles].astype(int) - wanted[90, middles]).max() <= 8


def test_the_shorter_side_has_at_most_the_lines_that_are_asked_for(tmp_path: Path) -> None:
    for size, wanted in (
        ((640, 362), (424, 240)),
        ((362, 640), (240, 424)),
        ((160, 90), (160, 90)),
    ):
        film = write_marked(tmp_path / f"{size[0]}.mkv", Recipe(size=size, seconds=1))
        with av.open(BytesIO(_converted(film, 1.0, lines=240)[0])) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == wanted


def test_recordings_that_were_joined_are_read_from_the_beginning(tmp_path: Path) -> None:
    one = write_marked(tmp_path / "one.mkv", Recipe(seconds=4)).read_bytes()
    path = tmp_path / "joined.mkv"
    path.write_bytes(one + one)
    clock = ((0.0, 0.0), (4.0, 0.0))
    for first in (0, 3):
        numbers = [n for _, n in frames_of(joined(_converted(path, 8.0, first, clock=clock)))]
        assert numbers[-45:] == [*range(55, 100)]
        assert len(numbers) == pytest.approx(200 - 50 * first, abs=4)


@pytest.mark.parametrize("name", ["film.ts", "film.flv", "film.mpg"])
def test_containers_without_an_index_give_the_frames_of_each_segment(
    tmp_path: Path, name: str
) -> None:
    picture = "mpeg2video" if name.endswith("mpg") else "libx264"
    sound = "mp2" if name.endswith("mpg") else "aac"
    film = write_marked(tmp_path / name, Recipe(picture, (sound,), seconds=6))
    whole = _converted(film, 6.0)
    for first in (1, 2):
        later = _converted(film, 6.0, first)
        assert frames_of(joined(later)) == frames_of(joined(whole[first:]))
        start_s, heard = sound_of(joined(later))
        _, wanted = sound_of(joined(whole[first:]))
        piece = slice(24_000, 48_000)
        lags = [lag_s(each[piece], start_s + 0.5) for each in (heard, wanted)]
        assert lags[0] == pytest.approx(lags[1], abs=0.001)  # FLV has whole milliseconds


def test_damaged_parts_are_left_out_and_segments_are_whole(ac3: Path, tmp_path: Path) -> None:
    damaged = bytearray(ac3.read_bytes())
    rng = np.random.default_rng(3)
    for at in rng.integers(len(damaged) // 4, len(damaged) * 3 // 4, 60):
        damaged[at : at + 40] = rng.bytes(40)
    path = tmp_path / "damaged.mkv"
    path.write_bytes(damaged)
    for first in (0, 2):
        segments = _converted(path, 8.0, first)
        assert len(segments) == 4 - first
        for number, segment in enumerate(segments, first):
            assert frames_of(BytesIO(segment))[0][0] == number * 2.0
            start_s, heard = sound_of(BytesIO(segment))
            assert start_s == pytest.approx(number * 2.0, abs=0.022)
            assert len(heard) / 48_000 == pytest.approx(2.0, abs=0.022)


def test_a_file_that_ends_early_is_held_to_its_end(ac3: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mkv"
    path.write_bytes(ac3.read_bytes()[: ac3.stat().st_size // 2])
    segments = _converted(path, 8.0)
    assert len(segments) == 4
    assert [frames_of(BytesIO(segment))[0][0] for segment in segments] == [0.0, 2.0, 4.0, 6.0]


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"\x1aE\xdf\xa3" + bytes(range(256)) * 40)
    with pytest.raises(VideoUnreadable):
        _converted(path)


def test_progress_is_told_on_the_way_to_a_late_segment(hevc: Path) -> None:
    parts: list[float] = []
    footage = Footage(hevc, ((0.0, 0.0), (1.0, 5.0)), _MAX_PIXELS)
    [*convert(footage, 0, 480, 8.0, 3, parts.append)]
    assert all(0 <= part <= 1 for part in parts)


def _kinds_of_units(data: bytes) -> set[int]:
    """The first bytes of the units of a packet of H.264 in MP4."""
    kinds, at = set(), 0
    while at < len(data):
        kinds.add(data[at + 4])
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return kinds
