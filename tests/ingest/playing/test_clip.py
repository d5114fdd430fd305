"""Clips: exact to the frame and the sample, or copied, from whatever films there are."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ingest.errors import NotClippable, VideoUnreadable
from ingest.media.clips import Footage
from ingest.media.decode import DecodeOptions, decode_file
from ingest.playing.clip import ClipMade, write_clip
from tests.helpers.marked_films import (
    SOUND_RATE,
    Recipe,
    frames_of,
    lag_s,
    number_of,
    sound_of,
    write_marked,
)

STEADY = {"x264-params": "scenecut=0"}
HEVC = {"x265-params": "log-level=error", "tag": "hvc1"}
NTSC = Fraction(30_000, 1001)
FILMS = {
    "film.mp4": Recipe(),
    "hevc.mp4": Recipe("libx265", options=HEVC),
    "prores.mov": Recipe("prores_ks", ("pcm_s16le",), pixel_format="yuv422p10le"),
    "ac3.mkv": Recipe(sounds=("ac3",)),
    "vp9.webm": Recipe("libvpx-vp9", ("libopus",), options={"deadline": "realtime"}),
    "29.97.mp4": Recipe(rate=NTSC),
    "23.976.mkv": Recipe(rate=Fraction(24_000, 1001)),
    "60.mp4": Recipe(rate=Fraction(60)),
    "varying.mp4": Recipe(
        frame_times_s=[n * 0.04 if n < 50 else 2 + (n - 50) * 0.1 for n in range(110)]
    ),
    "silent.mp4": Recipe(sounds=()),
}
COPIED = ("film.mp4", "hevc.mp4", "ac3.mkv", "vp9.webm", "29.97.mp4", "varying.mp4", "silent.mp4")


def _cut(path: Path, start_s: float, end_s: float, **how: Any) -> tuple[Path, ClipMade]:
    """A clip of a film whose stamps are presented times."""
    return _cut_from(Footage(path, None, 10**8), start_s, end_s, **how)


def _cut_from(
    footage: Footage,
    start_s: float,
    end_s: float,
    is_exact: bool = True,
    sounds: tuple[int, ...] | None = (0,),
) -> tuple[Path, ClipMade]:
    target = footage.path.with_name("clip.mp4")
    report = lambda _part: None  # noqa: E731
    return target, write_clip(footage, target, start_s, end_s, is_exact, sounds, report)


def _numbers(path: Path) -> list[int]:
    return [number for _, number in frames_of(path)]


@pytest.mark.parametrize("name", FILMS)
def test_an_exact_clip_has_the_very_frames_and_sounds(tmp_path: Path, name: str) -> None:
    recipe = FILMS[name]
    film = write_marked(tmp_path / name, recipe)
    shown = [n for n in range(recipe.num_frames) if 2.995 < recipe.time_of(n) < 4.995]
    clip, made = _cut(film, recipe.time_of(shown[0]), recipe.time_of(shown[-1] + 1))
    frames = frames_of(clip)
    assert [number for _, number in frames] == shown
    for time_s, number in frames:
        assert abs(time_s - (recipe.time_of(number) - recipe.time_of(shown[0]))) < 0.002
    assert abs(made.start_s - recipe.time_of(shown[0])) < 0.002
    if recipe.sounds:
        start_s, heard = sound_of(clip)
        assert abs(start_s) < 0.001
        assert abs(lag_s(heard[4800:14_400], made.start_s + 0.1)) < 0.002
        assert abs(len(heard) / SOUND_RATE - (made.end_s - made.start_s)) < 0.022


@pytest.mark.parametrize("name", ["29.97.mp4", "23.976.mkv", "60.mp4"])
def test_an_exact_clip_has_the_exact_rate_of_its_film(tmp_path: Path, name: str) -> None:
    clip, _ = _cut(write_marked(tmp_path / name, FILMS[name]), 3.01, 5.0)
    with av.open(str(clip)) as container:
        (stream,) = container.streams.video
        assert stream.average_rate == FILMS[name].rate
        assert [stream.codec_context.name, container.streams.audio[0].codec_context.name] == [
            "h264",
            "aac",
        ]


@pytest.mark.parametrize(("start_s", "first"), [(3.0, 75), (3.0004, 75), (2.9996, 75), (3.02, 75)])
def test_a_time_that_was_rounded_leads_to_its_frame(
    tmp_path: Path, start_s: float, first: int
) -> None:
    clip, made = _cut(write_marked(tmp_path / "film.mp4", Recipe()), start_s, 4.0)
    assert _numbers(clip) == list(range(first, 100))
    assert (made.start_s, made.end_s) == (3.0, 4.0)


def test_an_exact_clip_ends_with_its_last_frame_and_with_the_film(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe())
    clip, made = _cut(film, 7.0, 8.0)
    assert (_numbers(clip), made) == (list(range(175, 200)), ClipMade(7.0, 8.0))
    clip, made = _cut(film, 0.0, 0.05)
    assert (_numbers(clip), round(made.end_s, 3)) == ([0, 1], 0.08)


@pytest.mark.parametrize(("start_s", "frame"), [(3.0, 75), (3.02, 75), (3.0395, 76), (7.9999, 199)])
def test_a_clip_of_next_to_no_time_has_the_frame_that_is_shown_then(
    tmp_path: Path, start_s: float, frame: int
) -> None:
    clip, _ = _cut(write_marked(tmp_path / "film.mp4", Recipe()), start_s, start_s + 1e-7)
    assert _numbers(clip) == [frame]


def test_an_exact_clip_lies_as_a_player_shows_the_film(tmp_path: Path) -> None:
    clip, _ = _cut(write_marked(tmp_path / "turned.mp4", Recipe(turned=90)), 3.0, 4.0)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height, frame.rotation) == (180, 320, 0)
    assert number_of(np.rot90(frame.to_ndarray(format="gray"))) == 75


def test_a_fast_clip_of_a_turned_film_is_still_turned(tmp_path: Path) -> None:
    clip, _ = _cut(write_marked(tmp_path / "turned.mp4", Recipe(turned=90)), 3, 4, is_exact=False)
    with av.open(str(clip)) as container:
        assert abs(next(container.decode(video=0)).rotation) == 90


def test_a_picture_that_is_held_is_shown_all_through_the_clip(tmp_path: Path) -> None:
    slides = Recipe(frame_times_s=[0.0, 4.0, 7.0])
    clip, made = _cut(write_marked(tmp_path / "slides.mp4", slides), 2.0, 5.0)
    assert frames_of(clip) == [(0.0, 0), (2.0, 1)]
    assert made == ClipMade(2.0, 5.0)
    with av.open(str(clip)) as container:
        assert container.duration == pytest.approx(3e6, abs=30_000)


def test_a_second_sound_track_may_be_chosen_or_none(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "two.mkv", Recipe(sounds=("aac", "aac")))
    clip, _ = _cut(film, 3.0, 4.0, sounds=(1,))
    _, heard = sound_of(clip)
    assert abs(lag_s(heard[4800:14_400], 3.1, track=1)) < 0.002
    clip, _ = _cut(film, 3.0, 4.0, sounds=())
    with av.open(str(clip)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    with pytest.raises(NotClippable, match="no sound track 2: it has 2, counted from 0"):
        _cut(film, 3.0, 4.0, sounds=(2,))
    silent = write_marked(tmp_path / "silent.mp4", Recipe(sounds=(), seconds=2))
    with pytest.raises(NotClippable, match="no sound track 1: it has no sound"):
        _cut(silent, 0.0, 1.0, sounds=(1,))


@pytest.mark.parametrize("is_exact", [True, False])
def test_a_clip_may_have_all_sound_tracks_each_in_its_language(
    tmp_path: Path, is_exact: bool
) -> None:
    recipe = Recipe(sounds=("aac", "aac"), languages=("eng", "deu"))
    film = write_marked(tmp_path / "two.mkv", recipe)
    clip, made = _cut(film, 3.0, 5.0, is_exact=is_exact, sounds=None)
    for track in (0, 1):
        start_s, heard = sound_of(clip, track)
        at_s = made.start_s + start_s + 0.2
        assert abs(lag_s(heard[9600:19_200], at_s, track=track)) < 0.005
    with av.open(str(clip)) as container:
        languages = [stream.language for stream in container.streams.audio]
    assert languages == ["eng", "deu"]
    silent = write_marked(tmp_path / "silent.mp4", Recipe(sounds=()))
    assert _numbers(_cut(silent, 1.0, 2.0, sounds=None)[0]) == [*range(25, 50)]


@pytest.mark.parametrize("is_exact", [True, False])
def test_a_recording_of_sound_alone_has_clips_of_sound(tmp_path: Path, is_exact: bool) -> None:
    clip, made = _cut(
        write_marked(tmp_path / "sound.m4a", Recipe(None)), 3.0, 5.0, is_exact=is_exact
    )
    start_s, heard = sound_of(clip)
    assert abs(made.start_s - 3.0) < 0.03
    assert abs(lag_s(heard[4800:14_400], made.start_s + start_s + 0.1)) < 0.002


@pytest.mark.parametrize("name", COPIED)
def test_a_fast_clip_begins_with_the_iframe_before_and_says_so(tmp_path: Path, name: str) -> None:
    recipe = replace(FILMS[name], iframe_every=25)
    clip, made = _cut(write_marked(tmp_path / name, recipe), 3.3, 5.0, is_exact=False)
    frames = frames_of(clip)
    first = frames[0][1]
    assert recipe.time_of(first) <= 3.3
    assert abs(made.start_s - recipe.time_of(first)) < 0.002
    assert [number for _, number in frames] == list(range(first, first + len(frames)))
    for time_s, number in frames:
        assert abs(made.start_s + time_s - recipe.time_of(number)) < 0.002
    assert recipe.time_of(first + len(frames) - 1) >= 4.9
    if recipe.sounds:
        start_s, heard = sound_of(clip)
        assert start_s < 0.03
        assert len(heard) / SOUND_RATE > 4.9 - made.start_s
        assert abs(lag_s(heard[4800:14_400], made.start_s + start_s + 0.1)) < 0.002


def test_a_fast_clip_from_the_beginning_has_all_of_its_sound(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe(iframe_every=250, options=STEADY))
    clip, made = _cut(film, 3.0, 5.0, is_exact=False)
    start_s, heard = sound_of(clip)
    assert (made.start_s, frames_of(clip)[0], start_s) == (0.0, (0.0, 0), 0.0)
    assert abs(lag_s(heard[4800:14_400], 0.1)) < 0.002
    assert abs(len(heard) / SOUND_RATE - 5.0) < 0.03


def test_a_fast_clip_does_not_begin_minutes_before_it_is_asked_for(tmp_path: Path) -> None:
    slides = write_marked(tmp_path / "slides.mp4", Recipe(sounds=(), frame_times_s=[0.0, 300.0]))
    with pytest.raises(NotClippable, match="I-frame before it is 4 min 10 s earlier: ask for an"):
        _cut(slides, 250.0, 260.0, is_exact=False)
    clip, made = _cut(slides, 60.0, 70.0, is_exact=False)
    assert (made, frames_of(clip)) == (ClipMade(0.0, 70.0), [(0.0, 0)])


def test_clips_of_a_transport_stream_agree_with_its_presented_times(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.ts", Recipe(iframe_every=25))
    footage = _decoded(film)
    exact, made = _cut_from(footage, 3.0, 5.0)
    numbers = _numbers(exact)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert abs(numbers[0] - 75) <= 1
    _, heard = sound_of(exact)
    pictures_at_s = numbers[0] / 25 - made.start_s  # how the film's stamps lie to presented time
    assert abs(lag_s(heard[4800:14_400], made.start_s + pictures_at_s + 0.1)) < 0.04
    fast, copied = _cut_from(footage, 3.0, 5.0, is_exact=False)
    first = frames_of(fast)[0][1]
    assert abs((copied.start_s - made.start_s) - (first - numbers[0]) / 25) < 0.002


def test_what_an_mp4_does_not_hold_is_not_copied(tmp_path: Path) -> None:
    prores = write_marked(tmp_path / "prores.mov", FILMS["prores.mov"])
    with pytest.raises(NotClippable, match="does not hold prores: ask for an exact clip"):
        _cut(prores, 3.0, 5.0, is_exact=False)
    pcm = write_marked(tmp_path / "pcm.mkv", Recipe(sounds=("pcm_s16le",), seconds=4))
    with pytest.raises(NotClippable, match="does not hold pcm_s16le: ask for an exact clip"):
        _cut(pcm, 1.0, 2.0, is_exact=False)
    avi = write_marked(tmp_path / "film.avi", Recipe("mpeg4", ("libmp3lame",), seconds=4))
    with pytest.raises(NotClippable, match="avi does not say when pictures are shown"):
        _cut(avi, 1.0, 2.0, is_exact=False)


def test_joined_recordings_are_cut_exactly_and_not_copied(tmp_path: Path) -> None:
    one = write_marked(tmp_path / "one.ts", Recipe(seconds=4))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    footage = _decoded(joined)
    assert not footage.may_be_sought_in
    clip, _ = _cut_from(footage, 3.5, 4.5)
    numbers = _numbers(clip)
    turn = numbers.index(0)
    assert numbers[:turn] == list(range(100 - turn, 100))
    assert numbers[turn:] == list(range(len(numbers) - turn))
    assert abs(turn - 12.5) <= 2
    with pytest.raises(NotClippable, match="its clock or its streams change"):
        _cut_from(footage, 3.5, 4.5, is_exact=False)


def _decoded(path: Path) -> Footage:
    """A film with the clock that an ingest finds."""
    options = DecodeOptions(10**8, 1e6)
    found = decode_file(path, path.with_name("decoded"), options, lambda _part: None)
    return Footage(path, found.clock, 10**8)


def test_where_nothing_is_there_is_no_clip(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe(seconds=4, sounds=()))
    cut_off = tmp_path / "cut.mp4"
    cut_off.write_bytes(film.read_bytes()[:2000])
    with pytest.raises(VideoUnreadable, match="damaged or cut off"):
        _cut(cut_off, 1.0, 2.0)


def test_progress_is_told_while_a_clip_is_made(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe())
    told: list[float] = []
    report: Callable[[float], None] = told.append
    write_clip(Footage(film, None, 10**8), tmp_path / "c.mp4", 1.0, 7.0, True, (0,), report)
    assert all(0 <= part <= 1 for part in told)
    assert told == sorted(told)
