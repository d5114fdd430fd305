"""What is read of a file's streams: rates to the fraction, timecodes, and when the first frame is
shown, in any container."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from database.videos.streams import Streams
from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.playing.facts import read_streams
from tests.helpers.marked_films import Recipe, write_joined, write_marked

FILM_RATE, NTSC, NTSC_TWICE = (
    Fraction(24_000, 1001),
    Fraction(30_000, 1001),
    Fraction(60_000, 1001),
)
X265 = {"x265-params": "log-level=none"}


def streams_of(path: Path) -> Streams:
    """As they are read."""
    return read_streams(Footage(path, None, 10**8), lambda _part: None)


def rate_of(path: Path) -> tuple[int, int] | None:
    picture = streams_of(path).picture
    assert picture is not None
    return picture.rate


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts", "avi", "mxf"])
@pytest.mark.parametrize(
    "rate", [FILM_RATE, Fraction(25), NTSC, Fraction(30), NTSC_TWICE, Fraction(60)], ids=str
)
def test_the_rate_is_the_fraction_that_the_film_was_made_at(
    suffix: str, rate: Fraction, tmp_path: Path
) -> None:
    if suffix == "mxf" and rate == 30:
        pytest.skip("MXF has no such rate")
    recipe = Recipe(seconds=3, rate=rate, sounds=(), size=(160, 96))
    if suffix == "mxf":
        recipe = Recipe(picture="mpeg2video", seconds=3, rate=rate, sounds=(), size=(160, 96))
    path = write_marked(tmp_path / f"film.{suffix}", recipe)
    assert rate_of(path) == (rate.numerator, rate.denominator)


def test_a_short_film_in_milliseconds_is_believed_what_it_declares(tmp_path: Path) -> None:
    for rate in (NTSC, Fraction(30)):
        recipe = Recipe(seconds=0.4, rate=rate, sounds=())
        path = write_marked(tmp_path / f"{rate.denominator}.mkv", recipe)
        assert rate_of(path) == (rate.numerator, rate.denominator)


def test_an_uncommon_rate_is_told_exactly(tmp_path: Path) -> None:
    path = write_marked(tmp_path / "film.mp4", Recipe(rate=Fraction(179, 6), sounds=()))
    assert rate_of(path) == (179, 6)
    slides = Recipe(rate=Fraction(1, 5), seconds=60, sounds=())
    assert rate_of(write_marked(tmp_path / "slides.mp4", slides)) == (1, 5)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_film_whose_frames_come_as_they_like_has_no_rate(suffix: str, tmp_path: Path) -> None:
    steps = np.random.default_rng(4).choice([0.02, 0.033, 0.05, 0.12], 150)
    path = _film_with_frames_at(tmp_path / f"film.{suffix}", np.cumsum(steps).tolist())
    assert rate_of(path) is None


def test_a_screen_recording_that_leaves_out_what_stands_still_has_no_rate(tmp_path: Path) -> None:
    kept = [number for number in range(240) if number % 4 != 1]
    path = _film_with_frames_at(tmp_path / "film.mp4", [number / 30 for number in kept])
    assert rate_of(path) is None


def test_a_camera_that_stamps_frames_when_it_has_them_has_the_rate_that_it_is_set_to(
    tmp_path: Path,
) -> None:
    shaken = np.random.default_rng(5).uniform(-0.003, 0.003, 240)
    times = (np.arange(240) / float(NTSC) + shaken + 0.01).tolist()
    path = _film_with_frames_at(tmp_path / "film.mp4", times)
    assert rate_of(path) == (30_000, 1001)


def test_a_film_that_lacks_a_frame_now_and_then_keeps_its_rate(tmp_path: Path) -> None:
    times = [number / 25 for number in range(200) if number % 40]
    assert rate_of(_film_with_frames_at(tmp_path / "film.mkv", times)) == (25, 1)


def _film_with_frames_at(path: Path, times_s: Sequence[float]) -> Path:
    recipe = Recipe(sounds=(), frame_times_s=times_s, size=(160, 96), options={"bf": "0"})
    return write_marked(path, recipe)


@pytest.mark.parametrize("timecode", ["01:00:00:00", "09:58:59;28"])
@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv", "mxf"])
def test_the_timecode_of_the_first_frame_is_read(
    suffix: str, timecode: str, tmp_path: Path
) -> None:
    recipe = Recipe(
        picture="mpeg2video" if suffix == "mxf" else "libx264",
        seconds=2,
        rate=NTSC,
        sounds=(),
        timecode=timecode,
    )
    path = write_marked(tmp_path / f"film.{suffix}", recipe)
    assert streams_of(path).timecode == timecode


@pytest.mark.parametrize("wrong", ["25:00:00:00", "01:00:00", "an hour", "١٢:00:00:00"])
def test_a_timecode_that_is_none_is_left_out(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["timecode"] = wrong
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 160, 96
        frame = av.VideoFrame.from_ndarray(np.zeros((96, 160), np.uint8), "gray")
        for _ in range(5):
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    assert streams_of(path).timecode is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_the_first_frame_is_where_the_timeline_has_it(suffix: str, tmp_path: Path) -> None:
    first_s = 1.0
    times = [first_s + number / 25 for number in range(50)]
    recipe = Recipe(seconds=3, frame_times_s=times, options={"bf": "0"})
    if suffix == "avi":  # which has no stamps: pictures begin with the file
        first_s, recipe = 0.0, Recipe(picture="mpeg4", seconds=3)
    picture = streams_of(write_marked(tmp_path / f"film.{suffix}", recipe)).picture
    assert picture is not None
    assert picture.first_s == pytest.approx(first_s, abs=0.03)


@pytest.mark.parametrize(
    ("name", "recipe", "codec"),
    [
        ("hevc.mp4", Recipe(seconds=2, picture="libx265", options=X265), "hevc"),
        ("hevc.ts", Recipe(seconds=2, picture="libx265", options=X265), "hevc"),
        ("av1.mkv", Recipe(seconds=2, picture="libsvtav1"), "av1"),  # not its decoder's name
        ("turned.mp4", Recipe(seconds=2, turned=90), "h264"),
        ("mjpeg.avi", Recipe(seconds=2, picture="mjpeg", pixel_format="yuvj420p"), "mjpeg"),
    ],
)
def test_a_picture_is_told_as_it_is_coded(
    name: str, recipe: Recipe, codec: str, tmp_path: Path
) -> None:
    picture = streams_of(write_marked(tmp_path / name, recipe)).picture
    assert picture is not None
    assert (picture.codec, picture.width_px, picture.height_px) == (codec, 320, 180)


def test_a_film_says_whether_another_picture_comes_first_in_its_file(tmp_path: Path) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe(seconds=2))
    small = write_marked(
        tmp_path / "small.mp4", Recipe(sounds=(), seconds=2, size=(160, 90), rate=Fraction(5))
    )
    for order, is_first in (((film, small), True), ((small, film), False)):
        picture = streams_of(write_joined(tmp_path / "both.mp4", *order)).picture
        assert picture is not None
        assert (picture.width_px, picture.is_first) == (320, is_first)


def test_sound_tracks_come_in_the_order_of_the_timeline_with_what_people_choose_by(
    tmp_path: Path,
) -> None:
    recipe = Recipe(seconds=2, sounds=("ac3", "libopus"), languages=("deu", "eng"))
    streams = streams_of(write_marked(tmp_path / "two.mkv", recipe))
    told = [(each.codec, each.codec_string, each.language) for each in streams.sounds]
    assert told == [("ac3", "ac-3", "deu"), ("opus", "opus", "eng")]
    assert [each.num_channels for each in streams.sounds] == [2, 2]


@pytest.mark.parametrize(
    ("name", "sound", "codec"),
    [
        ("a.mp3", "libmp3lame", "mp3"),
        ("a.m4a", "aac", "aac"),
        ("a.wav", "pcm_s16le", "pcm_s16le"),
        ("a.ac3", "ac3", "ac3"),
        ("a.flac", "flac", "flac"),
        ("a.opus", "libopus", "opus"),
    ],
)
def test_a_recording_of_sound_alone_has_no_picture(
    name: str, sound: str, codec: str, tmp_path: Path
) -> None:
    recipe = Recipe(seconds=2, picture=None, sounds=(sound,))
    streams = streams_of(write_marked(tmp_path / name, recipe))
    assert streams.picture is None
    assert [each.codec for each in streams.sounds] == [codec]


def test_a_file_that_is_no_recording_any_more_is_refused_in_words(tmp_path: Path) -> None:
    path = write_marked(tmp_path / "film.mp4", Recipe(seconds=2))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(VideoUnreadable, match="damaged or cut off"):
        streams_of(path)


def test_recordings_that_were_joined_have_the_rate_of_both(tmp_path: Path) -> None:
    first = write_marked(tmp_path / "first.ts", Recipe(seconds=2))
    second = write_marked(tmp_path / "second.ts", Recipe(seconds=2))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert rate_of(joined) == (25, 1)


def test_a_file_of_every_kind_in_the_field_is_read(dev_data: Path) -> None:
    known = {
        "screen-recorder-flashsv.flv": ("flv", "flashsv", (10, 1), ["mp3"]),
        "screen-recorder-msvideo1.avi": ("avi", "msvideo1", (10, 1), ["1"]),
        "theora-still-picture.ogv": ("ogg", "theora", None, []),
        "ts-two-programs.ts": ("mpegts", "h264", (25, 1), ["mp4a.40.2"]),
        "ts-joined-clock-starts-again.ts": ("mpegts", "h264", (25, 1), ["mp4a.40.2"]),
        "two-sound-tracks-two-texts.mkv": ("matroska", "h264", (25, 1), ["mp4a.40.2"] * 2),
        "preview-track-first.mov": ("mov", "h264", (25, 1), ["mp4a.40.2"]),
        "slideshow.mp4": ("mov", "h264", None, []),
    }
    for name, told in known.items():
        streams = streams_of(dev_data / "field" / name)
        assert streams.picture is not None
        sounds = [sound.codec_string for sound in streams.sounds]
        assert (streams.container, streams.picture.codec, streams.picture.rate, sounds) == told
