"""One demux gives every picture and sound its time; damage is counted, and the rest goes on."""

import dataclasses
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.media.container import probe
from ingest.media.damage import MAX_DECODE_ERRORS
from ingest.media.frames import Passed, Picture, Sound
from ingest.media.timeline import Timeline
from tests.helpers.media import drawn, make_video, tone, write_sound

MAX_PIXELS = 8192 * 4352
FPS = 25


def timeline(path: Path, start_s: float | None = None, **options: object) -> Timeline:
    """The timeline of a file, whose clock may begin elsewhere than the header says."""
    header = probe(path, MAX_PIXELS)
    if start_s is not None:
        header = dataclasses.replace(header, start_s=start_s)
    return Timeline(path, header, MAX_PIXELS, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures of a second each, and a tone."""
    path = tmp_path_factory.mktemp("timeline") / "a.mp4"
    return make_video(path, [drawn(1), drawn(2)], fps=FPS, audio=tone(2.0))


@pytest.fixture(scope="module")
def unstamped(film: Path) -> Path:
    """The same pictures, without a stamp on any."""
    path = film.with_suffix(".h264")
    with av.open(str(film)) as source, av.open(str(path), "w", format="h264") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path


def start_times(found: Timeline) -> list[float]:
    return [each.time_s for each in found if isinstance(each, Picture)]


def test_every_picture_has_its_time_and_sound_comes_in_between(film: Path) -> None:
    found = timeline(film)
    frames = list(found)
    pictures = [frame.time_s for frame in frames if isinstance(frame, Picture)]
    assert pictures == pytest.approx([i / FPS for i in range(2 * FPS)])
    kinds = [type(frame) for frame in frames]
    assert Sound in kinds[: len(kinds) - 1 - kinds[::-1].index(Picture)]
    assert found.video_end_s == pytest.approx(2.0)
    assert all(damage.num_errors == 0 for damage in found.damage.values())


def test_the_decode_pass_and_clips_see_a_picture_at_the_same_time(film: Path) -> None:
    found: list[Any] = list(timeline(film, from_s=0.0))
    assert start_times(timeline(film)) == [each.time_s for each in found]


def test_times_count_from_the_start_of_the_clock_and_none_is_before_it(film: Path) -> None:
    found = timeline(film, start_s=0.1)
    times = start_times(found)
    assert times == pytest.approx([max(i / FPS - 0.1, 0.0) for i in range(2 * FPS)])


@pytest.mark.parametrize("start_s", [0.0, 10.0])
def test_a_picture_without_a_stamp_follows_the_one_before(unstamped: Path, start_s: float) -> None:
    times = start_times(timeline(unstamped, start_s))
    assert times == pytest.approx([i / FPS for i in range(2 * FPS)])


def test_iframes_alone_still_tell_how_long_the_video_is(film: Path) -> None:
    found = timeline(film, iframes_only=True)
    frames = list(found)
    ends = [frame.end_s for frame in frames if isinstance(frame, Passed)]
    assert max(ends) == pytest.approx(2.0)
    assert len(ends) == 2 * FPS
    assert 2 <= sum(isinstance(frame, Picture) for frame in frames) < FPS
    assert found.video_end_s == pytest.approx(2.0)


def test_a_recording_without_pictures_has_none(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(1.0))
    found = list(timeline(path))
    sounds = [each for each in found if isinstance(each, Sound)]
    assert len(sounds) == len(found)
    assert sum(sound.frame.samples for sound in sounds) == 16_000
    assert sounds[0].time_s == 0.0
    assert list(timeline(path, from_s=0.0)) == []


def test_damage_in_the_middle_is_counted_and_the_rest_goes_on(film: Path, tmp_path: Path) -> None:
    data = bytearray(film.read_bytes())
    with av.open(str(film)) as container:
        packets: list[Any] = [p for p in container.demux(video=0) if p.size]
    for packet in packets[10:13]:
        data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    damaged = tmp_path / "a.mp4"
    damaged.write_bytes(data)
    found = timeline(damaged)
    times = start_times(found)
    assert found.damage[None].num_errors >= 1
    assert found.damage[None].last_error == "Invalid data found when processing input"
    assert times[-1] == pytest.approx(2.0 - 1 / FPS)
    assert len(times) < 2 * FPS


@pytest.mark.parametrize("error", [ValueError("no such format"), av.error.InvalidDataError(1, "x")])
def test_what_is_done_with_a_picture_may_fail_like_its_decoding(
    error: Exception, film: Path
) -> None:
    num_taken = 0
    found = timeline(film)
    for each in found:
        if not isinstance(each, Picture):
            continue
        with found.tolerating_damage():
            if each.time_s >= 1.0:
                raise error
            num_taken += 1
    assert num_taken == FPS
    assert found.damage[None].num_errors >= 1
    assert found.damage[None].last_error == str(getattr(error, "strerror", None) or error)


def test_running_out_of_memory_is_no_damage(film: Path) -> None:
    found = timeline(film)
    with pytest.raises(MemoryError), found.tolerating_damage():
        raise MemoryError
    assert found.damage[None].num_errors == 0


def test_a_stream_that_is_all_damage_is_given_up_and_the_other_goes_on(film: Path) -> None:
    found = timeline(film)
    found.damage[None].num_errors = found.damage[None].num_packets = MAX_DECODE_ERRORS
    kinds = {type(each) for each in found}
    assert kinds == {Sound}
    assert found.damage[0].num_errors == 0


def test_a_beginning_that_is_all_damage_costs_nothing_of_the_rest(film: Path) -> None:
    found = timeline(film)
    found.damage[None].num_errors = found.damage[None].num_packets = MAX_DECODE_ERRORS - 1
    assert len(start_times(found)) == 2 * FPS


def test_a_damaged_part_now_and_then_gives_nothing_up(film: Path) -> None:
    found = timeline(film)
    found.damage[None].num_errors = 10 * MAX_DECODE_ERRORS
    found.damage[None].num_packets = 100 * MAX_DECODE_ERRORS
    assert len(start_times(found)) == 2 * FPS
