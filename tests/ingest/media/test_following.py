"""Recordings that follow others in one file: what they have more of is heard, what of them cannot
be used is told.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.media.container import probe
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from ingest.media.frames import Picture
from ingest.media.timeline import Timeline
from tests.helpers.stamps import joined
from tests.helpers.tracks import Pictures, Tone, write_tracks

MAX_PIXELS = 640 * 359
FILM = Pictures()
LARGE = Pictures((640, 360))
MPEG2 = Pictures(codec="mpeg2video", fps=25)
GERMAN = Tone(metadata={"language": "ger"})
NO_DECODER = "the pictures cannot be decoded: no decoder here knows its codec"


def part(path: Path, tracks: Sequence[Pictures | Tone]) -> Path:
    """A recording; MPEG-2 in it is a codec that nobody knows."""
    write_tracks(path, tracks)
    path.write_bytes(path.read_bytes().replace(b"V_MPEG2", b"V_MPEX2"))
    return path


def decoded(
    folder: Path, recordings: Sequence[Sequence[Pictures | Tone]], suffix: str = ".mkv"
) -> Decoded:
    """What is found in recordings that were put one after the other."""
    parts = [part(folder / f"{n}{suffix}", tracks) for n, tracks in enumerate(recordings)]
    return decoded_file(joined(folder / f"joined{suffix}", parts))


def decoded_file(path: Path) -> Decoded:
    options = DecodeOptions(MAX_PIXELS, max_duration_s=3600.0)
    return decode_file(path, path.parent / "out", options, lambda _: None)


@pytest.mark.parametrize("suffix", [".mkv", ".flv"])
def test_sound_that_only_the_second_has_is_heard(suffix: str, tmp_path: Path) -> None:
    codec = "flv1" if suffix == ".flv" else "mpeg4"
    sound = "mp3" if suffix == ".flv" else "mp2"
    film = Pictures(codec=codec)
    found = decoded(tmp_path, [[film], [film, Tone(codec=sound, rate=44_100)]], suffix)
    (voice,) = found.voices
    assert voice.track is None
    assert (voice.mix.start_s, voice.mix.end_s) == pytest.approx((2.0, 4.0), abs=0.2)
    assert found.duration_s == pytest.approx(4.0, abs=0.2)
    assert found.probe.sounds[0].codec.startswith("mp")
    assert found.partial_reason is None


def test_a_second_track_that_only_the_second_has_is_heard_by_its_name(tmp_path: Path) -> None:
    found = decoded(tmp_path, [[FILM, Tone()], [FILM, Tone(), GERMAN], [FILM, Tone(), GERMAN]])
    assert [voice.track for voice in found.voices] == [None, "German"]
    first, german = (voice.mix for voice in found.voices)
    assert (first.start_s, first.end_s) == pytest.approx((0.0, 6.0), abs=0.2)
    assert (german.start_s, german.end_s) == pytest.approx((2.0, 6.0), abs=0.2)
    assert found.partial_reason is None


def test_pictures_that_only_the_second_has_are_seen(tmp_path: Path) -> None:
    found = decoded(tmp_path, [[Tone()], [FILM, Tone()]])
    assert found.scenes[0].start_s == pytest.approx(2.0, abs=0.2)
    assert found.scenes[-1].end_s == pytest.approx(4.0, abs=0.2)
    assert found.probe.video is not None
    assert found.partial_reason is None


@pytest.mark.parametrize(
    ("first", "second", "length_s"),
    [
        ([FILM, Tone()], [Tone(), FILM], (4.0, 4.0)),
        ([Tone()], [FILM], (4.0, 2.0)),
        ([FILM], [Tone()], (2.0, 4.0)),
        ([Pictures(codec="mpeg1video", fps=25), Tone()], [FILM, Tone(codec="flac")], (4.0, 4.0)),
    ],
)
def test_streams_of_other_kinds_in_other_places_are_those_of_the_second(
    first: Sequence[Pictures | Tone],
    second: Sequence[Pictures | Tone],
    length_s: tuple[float, float],
    tmp_path: Path,
) -> None:
    """FFmpeg would take the streams of one for those of the other."""
    found = decoded(tmp_path, [first, second])
    (voice,) = found.voices
    assert (found.partial_reason, voice.track) == (None, None)
    assert found.scenes[-1].end_s == pytest.approx(max(length_s), abs=0.2)
    assert found.duration_s == pytest.approx(4.0, abs=0.2)
    assert voice.mix.end_s == pytest.approx(length_s[1], abs=0.2)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (LARGE, "the pictures cannot be decoded: 640×360 pixels are more than the "),
        (MPEG2, NO_DECODER),
    ],
)
def test_what_of_the_second_is_left_out_is_told_with_its_time(
    second: Pictures, why: str, tmp_path: Path
) -> None:
    found = decoded(tmp_path, [[FILM, Tone()], [second, Tone()]])
    assert found.partial_reason is not None
    assert found.partial_reason.startswith(f"from 2.0 s on: {why}")
    assert found.voices[0].mix.end_s == pytest.approx(4.0, abs=0.2)


def test_pictures_that_follow_others_in_one_container_are_told(tmp_path: Path) -> None:
    later = Pictures(codec="mpeg2video", fps=25, begin_s=2.0)
    found = decoded_file(part(tmp_path / "a.mkv", [FILM, later, Tone(seconds=4.0)]))
    assert found.partial_reason == (
        "pictures that follow others cannot be decoded: no decoder here knows its codec"
    )


@pytest.mark.parametrize("from_s", [1.0, 3.0])
def test_pictures_of_the_second_are_found_by_their_time_where_its_clock_leads_on(
    from_s: float, tmp_path: Path
) -> None:
    later: list[Pictures | Tone] = [Pictures(begin_s=2.0, seed=9), Tone(begin_s=2.0)]
    first: list[Pictures | Tone] = [FILM, Tone()]
    parts = [part(tmp_path / f"{n}.mkv", t) for n, t in enumerate((first, later))]
    path = joined(tmp_path / "joined.mkv", parts)
    line = Timeline(path, probe(path, MAX_PIXELS), MAX_PIXELS, from_s=from_s)
    times = [found.time_s for found in line if isinstance(found, Picture)]
    assert times[0] <= from_s
    assert times[-1] == pytest.approx(3.9, abs=0.05)
    assert min(abs(time_s - from_s) for time_s in times) < 0.05


def test_one_of_which_nothing_can_be_used_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    found = decoded(tmp_path, [[FILM], [MPEG2], [FILM], [MPEG2]])
    assert found.partial_reason == f"from 2.0 s on: {NO_DECODER}"
    assert found.duration_s == pytest.approx(4.0, abs=0.2)


def test_one_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    parts = [part(tmp_path / f"{n}.mkv", [FILM, Tone()]) for n in range(2)]
    data = parts[1].read_bytes()
    parts[1].write_bytes(data[:4] + bytes(len(data) - 4))
    found = decoded_file(joined(tmp_path / "joined.mkv", parts))
    assert found.partial_reason is not None
    assert found.partial_reason.startswith("from 2.0 s on: a recording that follows cannot be")
    assert found.duration_s == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("rest", [bytes(1 << 16), bytes(range(256)) * 256])
def test_what_lies_behind_the_end_and_is_no_recording_is_nothing(
    rest: bytes, tmp_path: Path
) -> None:
    path = part(tmp_path / "a.mkv", [FILM, Tone()])
    path.write_bytes(path.read_bytes() + rest)
    found = decoded_file(path)
    assert found.partial_reason is None
    assert found.duration_s == pytest.approx(2.0, abs=0.2)
