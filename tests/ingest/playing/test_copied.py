"""Copied pictures, decoded: every frame once, at its time, with its sound."""

from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.errors import VideoUnreadable
from ingest.playing.codec_strings import picture_codec_string, sound_codec_string
from ingest.playing.facts import read_streams
from ingest.playing.fmp4 import split
from ingest.playing.layout import Layout
from tests.helpers.marked_films import (
    SOUND_RATE,
    Recipe,
    Wave,
    frames_of,
    lag_s,
    sound_of,
    write_marked,
)
from tests.helpers.segments import copied, footage_of, joined, laid_out, silenced

_QUIET = {"x265-params": "log-level=error"}
_SYNC_S = 0.006
"""AC3 is heard 256 samples, 5.3 ms, after its stamp, if the container does not tell, as AVI."""
_FILMS = {
    "ac3.mkv": Recipe(sounds=("ac3",), seconds=6),
    "eac3.mkv": Recipe(sounds=("eac3",), seconds=6),
    "pcm.mov": Recipe(sounds=("pcm_s16le",), seconds=6),
    "aac.mkv": Recipe(seconds=6),
    "aac.ts": Recipe(seconds=6),
    "mp2.ts": Recipe(sounds=("mp2",), seconds=6),
    "aac.flv": Recipe(seconds=6),
    "simple.avi": Recipe(sounds=("ac3",), options={"bf": "0"}, seconds=6),
    "ntsc.mov": Recipe(rate=Fraction(30000, 1001), sounds=("ac3",), seconds=6),
    "hevc.mkv": Recipe("libx265", ("ac3",), options=_QUIET, seconds=6),
    "hevc.ts": Recipe("libx265", ("aac",), options=_QUIET, seconds=6),
    "vp9.mkv": Recipe("libvpx-vp9", ("libopus",), options={"deadline": "realtime"}, seconds=6),
    "varying.mkv": Recipe(
        frame_times_s=[n * 0.04 if n < 50 else n * 0.1 - 3 for n in range(90)], seconds=6
    ),
    "two.mkv": Recipe(sounds=("aac", "aac"), languages=("eng", "deu"), seconds=6),
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Films that browsers cannot open, or would play without sound."""
    folder = tmp_path_factory.mktemp("films")
    return {name: write_marked(folder / name, recipe) for name, recipe in _FILMS.items()}


@pytest.mark.parametrize("name", _FILMS)
def test_every_frame_is_there_once_at_its_time(films: dict[str, Path], name: str) -> None:
    recipe, path = _FILMS[name], films[name]
    layout = laid_out(path)
    frames = frames_of(joined(copied(path, layout)))
    assert [number for _, number in frames] == list(range(recipe.num_frames))
    begin_s = frames[0][0]
    assert 0 <= begin_s < 0.05  # the sound of some containers begins before the picture
    late = [time_s - begin_s - recipe.time_of(number) for time_s, number in frames]
    assert max(map(abs, late)) < 0.00101, "stamps of Matroska are whole milliseconds"


@pytest.mark.parametrize("name", _FILMS)
def test_the_sound_is_in_sync_without_gap_or_click(films: dict[str, Path], name: str) -> None:
    path = films[name]
    layout = laid_out(path)
    segments = copied(path, layout)
    picture_s = frames_of(joined(segments))[0][0]
    start_s, heard = sound_of(joined(segments))
    assert len(heard) / SOUND_RATE == pytest.approx(layout.end_s - start_s, abs=0.05)
    for place_s in (1.0, 3.0, 4.5):
        assert abs(_lag(heard, start_s - picture_s, place_s)) < _SYNC_S
    for border_s in layout.starts_s[1:]:
        assert _roughness(heard, border_s - start_s) < 0.02


@pytest.mark.parametrize("name", _FILMS)
def test_copying_may_begin_in_the_middle(films: dict[str, Path], name: str) -> None:
    path = films[name]
    layout = laid_out(path)
    all_of_it = copied(path, layout)
    number = min(2, len(all_of_it) - 1)
    rest = copied(path, layout, first=number)
    assert len(rest) == len(all_of_it) - number
    assert split(rest[0])[0] == split(all_of_it[0])[0]
    expected = [frame for frame in frames_of(joined(all_of_it)) if frame[0] > _just(layout, number)]
    assert frames_of(joined(rest)) == expected, "decoders leave out pictures that lean on others"
    start_s, heard = sound_of(joined(rest))
    assert start_s == pytest.approx(layout.starts_s[number], abs=0.03)
    assert (
        abs(_lag(heard, start_s - expected[0][0] + _time_of(path, expected[0][1]), 0.1)) < _SYNC_S
    )


@pytest.mark.parametrize("name", ["ac3.mkv", "mp2.ts", "aac.ts"])
def test_segments_that_were_made_at_different_times_join_without_a_click(
    films: dict[str, Path], name: str
) -> None:
    layout = laid_out(films[name])
    before, after = copied(films[name], layout)[:2], copied(films[name], layout, first=2)
    start_s, heard = sound_of(joined([*before, *after]))
    assert _roughness(heard, layout.starts_s[2] - start_s) < 0.02


def test_borders_are_those_of_the_layout(films: dict[str, Path]) -> None:
    layout = laid_out(films["ac3.mkv"])
    segments = copied(films["ac3.mkv"], layout)
    ends_s = (*layout.starts_s[1:], layout.end_s)
    for segment, start_s, end_s in zip(segments, layout.starts_s, ends_s, strict=True):
        times_s = [time_s for time_s, _ in frames_of(BytesIO(segment))]
        assert times_s[0] == pytest.approx(start_s)
        assert times_s[-1] == pytest.approx(end_s - 0.04)


def test_times_of_decoding_go_forward_from_0_over_all_borders(films: dict[str, Path]) -> None:
    for name in ("ac3.mkv", "hevc.mkv", "varying.mkv", "aac.ts"):
        with av.open(joined(copied(films[name], laid_out(films[name]))), "r") as container:
            packets = [each for each in container.demux(video=0) if each.size]
        decoded = [packet.dts for packet in packets]
        assert all(at is not None and at >= 0 for at in decoded)
        assert all(after > before for before, after in pairwise(decoded))  # type: ignore[operator]


def test_the_second_sound_is_the_second(films: dict[str, Path]) -> None:
    path = films["two.mkv"]
    start_s, heard = sound_of(joined(copied(path, laid_out(path, 1), 1)))
    middle = heard[3 * SOUND_RATE : 4 * SOUND_RATE]
    assert abs(lag_s(middle, start_s + 3, track=1)) < _SYNC_S


def test_a_film_may_be_copied_without_a_sound(films: dict[str, Path]) -> None:
    path = films["ac3.mkv"]
    with av.open(joined(copied(path, laid_out(path, None), None))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_frames_of_aac_are_copied_as_they_are(films: dict[str, Path]) -> None:
    path = films["aac.mkv"]
    with av.open(path) as container:
        originals = {bytes(packet) for packet in container.demux(audio=0) if packet.size}
    with av.open(joined(copied(path, laid_out(path))), "r") as container:
        assert {bytes(packet) for packet in container.demux(audio=0) if packet.size} <= originals


@pytest.mark.parametrize("name", ["ac3.mkv", "aac.ts", "hevc.mkv", "hevc.ts", "vp9.mkv"])
def test_the_init_says_the_codecs_that_are_declared(films: dict[str, Path], name: str) -> None:
    path = films[name]
    declared = read_streams(footage_of(path), lambda _part: None)
    assert declared.picture is not None
    with av.open(joined(copied(path, laid_out(path)))) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture_codec_string(picture, 25.0) == declared.picture.codec_string
        assert sound_codec_string(sound) == "mp4a.40.2"


@pytest.mark.parametrize("suffix", [".mkv", ".mov"])
def test_a_turned_picture_stays_turned(tmp_path: Path, suffix: str) -> None:
    path = write_marked(tmp_path / f"turned{suffix}", Recipe(turned=90, seconds=4, sounds=("ac3",)))
    with av.open(path) as before, av.open(joined(copied(path, laid_out(path))), "r") as after:
        wanted = next(before.decode(video=0)).rotation
        assert wanted != 0
        assert next(after.decode(video=0)).rotation == wanted


def test_a_sound_that_begins_late_is_in_sync(tmp_path: Path) -> None:
    whole = write_marked(tmp_path / "whole.mkv", Recipe(seconds=6))
    late = silenced(whole, tmp_path / "late.mkv", 0.0, 2.5)
    layout = laid_out(late)
    start_s, heard = sound_of(joined(copied(late, layout)))
    assert start_s == pytest.approx(0.0, abs=0.03)
    assert np.abs(heard[: 2 * SOUND_RATE]).max() < 0.001
    assert abs(_lag(heard, start_s, 3.0)) < _SYNC_S


def test_a_sound_with_a_gap_is_made_anew_with_silence(tmp_path: Path) -> None:
    whole = write_marked(tmp_path / "whole.mkv", Recipe(seconds=6))
    gaping = silenced(whole, tmp_path / "gap.mkv", 2.0, 4.0)
    layout = laid_out(gaping)
    assert layout.sound_s is None
    start_s, heard = sound_of(joined(copied(gaping, layout)))
    silence = heard[round((2.5 - start_s) * SOUND_RATE) : round((3.5 - start_s) * SOUND_RATE)]
    assert np.abs(silence).max() < 0.001
    assert abs(_lag(heard, start_s, 4.5)) < _SYNC_S


def test_a_file_that_is_not_as_its_layout_has_it_is_refused(films: dict[str, Path]) -> None:
    wrong = Layout((0.0, 2.0123, 4.0), 8.0, 0.08, None)
    for first in (0, 1):
        with pytest.raises(VideoUnreadable, match="not where they were"):
            copied(films["ac3.mkv"], wrong, first=first)


def _just(layout: Layout, number: int) -> float:
    return layout.starts_s[number] - 0.001 if number else -1.0


def _time_of(path: Path, number: int) -> float:
    return _FILMS[path.name].time_of(number)


def _lag(heard: Wave, start_s: float, place_s: float) -> float:
    """How late the sound is heard in a second from a place of it on."""
    at = round(place_s * SOUND_RATE)
    return lag_s(heard[at : at + SOUND_RATE], start_s + place_s)


def _roughness(heard: Wave, place_s: float) -> float:
    """How far a sample around a place is from where its neighbours lead; a click is far."""
    at = round(place_s * SOUND_RATE)
    near = heard[max(0, at - 2400) : at + 2400]
    return float(np.abs(np.diff(near, 3)).max())
