"""Frames read again from a video: those shown at the times asked for, wherever they lie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from ingest.errors import VideoUnreadable
from ingest.media.clips import (
    FRAMES_PER_CLIP,
    Footage,
    made_of_shown,
    read_clips,
    write_keyframe,
)
from ingest.media.container import probe
from ingest.media.decode import DecodeOptions, decode_file
from ingest.scenes.pixels import Pixels, rgb_pixels
from ingest.scenes.scene import Span
from tests.helpers.media import Picture, solid, tone, write_sound, write_video
from tests.helpers.stamps import joined

MAX_PIXELS = 1920 * 1080
FPS = 25


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def footage(path: Path) -> Footage:
    return Footage(path, None, MAX_PIXELS)


def grey_of(number: int) -> int:
    return 20 + number


def grey(number: int) -> Picture:
    level = grey_of(number)
    return solid(level, level, level, (640, 360))


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 8 s whose frames are each a little lighter than the one before."""
    frames: list[Picture] = [grey(n) for n in range(8 * FPS)]
    path = tmp_path_factory.mktemp("frames") / "counting.mp4"
    return write_video(path, frames, fps=FPS, iframe_every=50)


def number_of(frame: av.VideoFrame) -> int:
    return round(float(frame.to_ndarray(format="rgb24").mean())) - grey_of(0)


@pytest.mark.parametrize(
    "times_s", [[0.0, 0.02, 0.039, 0.04], [3.999, 4.0, 4.01], [7.5, 7.96, 9.0], [1.0, 1.0, 5.0]]
)
def test_the_frame_shown_at_a_time_is_the_last_that_has_begun(
    counting: Path, times_s: list[float]
) -> None:
    expected = [min(int(time_s * FPS + 1e-6), 8 * FPS - 1) for time_s in times_s]
    found = list(made_of_shown(footage(counting), times_s, number_of, ignore))
    np.testing.assert_allclose(found, expected, atol=1)


def test_a_clip_holds_the_middles_of_equal_parts_of_its_span(counting: Path) -> None:
    first, second = read_clips(footage(counting), [Span(0.0, 3.2), Span(4.0, 7.2)], ignore)
    assert first.shape == (FRAMES_PER_CLIP, 256, 455, 3)
    levels = second.mean(axis=(1, 2, 3)) - grey_of(0)
    np.testing.assert_allclose(levels, 100 + 2.5 + 5 * np.arange(FRAMES_PER_CLIP), atol=1.5)


def test_a_span_shorter_than_its_frames_repeats_them(counting: Path) -> None:
    (clip,) = read_clips(footage(counting), [Span(2.0, 2.04)], ignore)
    np.testing.assert_allclose(clip.mean(axis=(1, 2, 3)) - grey_of(0), 50, atol=1)


def test_a_file_whose_index_leads_nowhere_is_read_from_its_beginning(
    counting: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "counting.h264"
    with av.open(str(counting)) as source, av.open(str(raw), "w", format="h264") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    (number,) = made_of_shown(footage(raw), [0.5], number_of, ignore)
    assert number in range(11, 15)


def test_a_keyframe_is_made_again_as_it_was(counting: Path, tmp_path: Path) -> None:
    write_keyframe(footage(counting), 4.0, tmp_path / "a.jpg", ignore)
    with av.open(str(tmp_path / "a.jpg")) as picture:
        (frame,) = picture.decode(video=0)
    assert (frame.width, frame.height) == (640, 360)
    assert number_of(frame) in range(98, 103)


def test_a_recording_without_pictures_says_so(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "sound.wav", tone(1.0))
    with pytest.raises(VideoUnreadable, match=r"no picture could be decoded at 0\.0 s"):
        list(read_clips(footage(sound), [Span(0.0, 1.0)], ignore))


def test_pictures_that_are_too_large_are_refused(counting: Path) -> None:
    with pytest.raises(VideoUnreadable, match="INGEST_MAX_PIXELS"):
        list(read_clips(Footage(counting, None, 100), [Span(0.0, 1.0)], ignore))


def test_joined_recordings_are_read_in_presented_time_by_the_decode_pass_and_afterwards(
    tmp_path: Path,
) -> None:
    """Two parts of four seconds, whose clock starts again: a seek would lead into the first."""
    parts = []
    for number in range(2):
        frames: list[Picture] = [grey(100 * number + n) for n in range(4 * FPS)]
        audio = tone(4.0, 300.0 * (number + 1))
        parts.append(
            write_video(
                tmp_path / f"{number}.ts", frames, fps=FPS, audio=audio, codecs=("libx264", "aac")
            )
        )
    path = joined(tmp_path / "joined.ts", parts)
    options = DecodeOptions(MAX_PIXELS, 60.0)
    decoded = decode_file(path, tmp_path / "work", options, ignore)
    assert decoded.clock is not None
    assert decoded.duration_s == pytest.approx(8.0, abs=0.2)
    read = Footage(path, decoded.clock, MAX_PIXELS)
    times_s = [0.5, 3.5, 4.5, 6.0, 7.5]
    found = list(made_of_shown(read, times_s, number_of, ignore))
    np.testing.assert_allclose(found, [time_s * FPS for time_s in times_s], atol=5)


def test_a_reading_tells_that_it_goes_on_while_it_is_on_its_way(
    counting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.media.clips._REPORT_EVERY_S", 0.0)
    told: list[float] = []
    read = Footage(counting, ((0.0, 0.0), (8.0, 0.0)), MAX_PIXELS)
    list(made_of_shown(read, [7.5], number_of, told.append))
    assert len(told) > 100
    assert told == sorted(told)


def test_a_file_whose_clock_only_begins_elsewhere_is_sought_in(
    counting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.media.clips._REPORT_EVERY_S", 0.0)
    path = tmp_path / "counting.mkv"
    with av.open(str(counting)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets: Any = source.demux(video=0)
        for packet in packets:
            if packet.dts is not None:
                offset = round(100 / packet.time_base)
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packet.stream = stream
                out.mux(packet)
    start_s = probe(path, MAX_PIXELS).start_s
    assert start_s == pytest.approx(100, abs=1)
    told: list[float] = []
    read = Footage(path, ((0.0, start_s),), MAX_PIXELS)
    (number,) = made_of_shown(read, [7.5], number_of, told.append)
    assert number == pytest.approx(7.5 * FPS, abs=5)
    assert len(told) < 100


def refused(refuses: Callable[[int], bool]) -> Callable[..., Pixels]:
    """The conversion of frames, which refuses some by their number, as scalers do with what they
    do not know.
    """

    def convert(frame: av.VideoFrame, width: int, height: int) -> Pixels:
        if refuses(round((frame.time or 0.0) * FPS)):
            raise ValueError("Invalid argument")
        return rgb_pixels(frame, width, height)

    return convert


@given(refusing=st.sets(st.integers(0, 30)))
@limits(max_examples=10)
def test_in_place_of_a_frame_that_cannot_be_shown_is_one_before_it(
    refusing: set[int], counting: Path
) -> None:
    def number_unless_refused(frame: av.VideoFrame) -> int:
        number = round((frame.time or 0.0) * FPS)
        if number in refusing:
            raise ValueError("Invalid argument")
        return number

    times_s = [number / FPS + 0.001 for number in range(40)]
    found = list(made_of_shown(footage(counting), times_s, number_unless_refused, ignore))
    usable = [number for number in range(40) if number not in refusing]
    for number, instead in enumerate(found):
        before = [other for other in usable if other <= number]
        assert instead == (before[-1] if before else usable[0])


def test_clips_and_keyframes_do_without_frames_that_cannot_be_shown(
    counting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.scenes.picture.rgb_pixels", refused(lambda n: n == 97))
    (clip,) = read_clips(footage(counting), [Span(3.2, 6.4)], ignore)
    levels = clip.mean(axis=(1, 2, 3)) - grey_of(0)
    wanted = 80 + 2 + 5 * np.arange(FRAMES_PER_CLIP)
    np.testing.assert_allclose(levels, wanted, atol=2.5)
    write_keyframe(footage(counting), 97 / FPS, tmp_path / "a.jpg", ignore)
    with av.open(str(tmp_path / "a.jpg")) as picture:
        (frame,) = picture.decode(video=0)
    assert number_of(frame) == pytest.approx(95.5, abs=1)


def test_a_film_of_which_no_frame_can_be_shown_says_so(
    counting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.scenes.picture.rgb_pixels", refused(lambda _: True))
    with pytest.raises(VideoUnreadable, match="no picture could be decoded"):
        list(read_clips(footage(counting), [Span(0.0, 1.0)], ignore))
