"""Recordings as people have them, joined, restamped, changed on the way: one timeline."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.media.container import probe
from ingest.media.frames import Picture, Sound
from ingest.media.timeline import Timeline
from tests.helpers.media import AUDIO_RATE, audio_frame, drawn, make_video, tone
from tests.helpers.stamps import joined, restamped

MAX_PIXELS = 8192 * 4352
FPS = 25
DAY_MS = 86_400_000


class Read:
    """What a timeline gives of a file."""

    def __init__(self, path: Path) -> None:
        line = Timeline(path, probe(path, MAX_PIXELS), MAX_PIXELS)
        found = list(line)
        self.pictures = [each.time_s for each in found if isinstance(each, Picture)]
        self.sounds = [each.time_s for each in found if isinstance(each, Sound)]
        self.end_s = max(
            line.video_end_s, *(lane.end_s for lane in line.tracks.sounds.values()), 0.0
        )
        self.notes = line.clock.notes
        self.num_errors = sum(damage.num_errors for damage in line.damage.values())


def part(path: Path, *seeds: int, size: tuple[int, int] = (320, 180), rate: float = 440) -> Path:
    """A film that shows each picture for two seconds, with a tone."""
    pictures = [drawn(seed, size) for seed in seeds]
    length_s = 2.0 * len(seeds)
    codecs = ("mpeg2video", "mp2") if path.suffix == ".vob" else ("libx264", "aac")
    return make_video(path, pictures, 2.0, fps=FPS, audio=tone(length_s, rate), codecs=codecs)


def assert_whole(read: Read, length_s: float) -> None:
    """Pictures and sound run forward over the whole length, without a gap."""
    for times in (read.pictures, read.sounds):
        assert times == sorted(times)
        assert max(b - a for a, b in pairwise(times)) < 0.5
    assert read.pictures[0] < 0.2
    assert read.end_s == pytest.approx(length_s, abs=0.5)
    assert len(read.pictures) == pytest.approx(length_s * FPS, abs=3)


@pytest.mark.parametrize("suffix", [".ts", ".vob", ".mkv", ".flv"])
def test_joined_recordings_follow_each_other(suffix: str, tmp_path: Path) -> None:
    parts = [part(tmp_path / f"{n}{suffix}", n, n + 1) for n in range(3)]
    read = Read(joined(tmp_path / f"joined{suffix}", parts))
    assert_whole(read, 12.0)
    assert len(read.notes) == 2


def test_a_recording_goes_on_in_another_size(tmp_path: Path) -> None:
    parts = [part(tmp_path / "a.ts", 1), part(tmp_path / "b.ts", 2, size=(640, 360))]
    assert_whole(Read(joined(tmp_path / "joined.ts", parts)), 4.0)


def test_streams_that_go_on_under_other_ids_are_read_on(tmp_path: Path) -> None:
    """As when a receiver records on while the channel changes its streams."""
    first, second = part(tmp_path / "a.ts", 1, 2, 3), tmp_path / "b.ts"
    source = part(tmp_path / "b.mp4", 4, 5)
    with (
        av.open(str(source)) as film,
        av.open(
            str(second),
            "w",
            options={"mpegts_start_pid": "0x400", "mpegts_pmt_start_pid": "0x1100"},
        ) as out,
    ):
        streams = {s.index: out.add_stream_from_template(s) for s in film.streams}
        packets: Any = film.demux()
        for packet in packets:
            if packet.dts is not None:
                offset = round(6.0 / packet.time_base)
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    assert_whole(Read(joined(tmp_path / "joined.ts", [first, second])), 10.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds, in the container in which every packet has a stamp of its own."""
    return part(tmp_path_factory.mktemp("film") / "film.flv", 1, 2, 3, 4)


Change = Callable[[str, int, int], int]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _, _n, ms: ms + (11 * 3_600_000 if ms >= 4000 else 0), id="jump ahead"),
        pytest.param(lambda _, _n, ms: ms - (4000 if ms >= 4000 else 0), id="clock starts again"),
        pytest.param(lambda _, _n, ms: ms + 1_700_000_000 % 2**31, id="epoch start"),
        pytest.param(lambda _, n, ms: ms + (DAY_MS if n == 50 else 0), id="one of each a day late"),
        pytest.param(
            lambda kind, n, ms: ms + (60_000 if (kind, n) == ("pictures", 20) else 0),
            id="one picture a minute late",
        ),
        pytest.param(
            lambda kind, n, ms: ms + (10 * DAY_MS if (kind, n) == ("sound", 0) else 0),
            id="first sound ten days late",
        ),
        pytest.param(
            lambda kind, _n, ms: ms + (3_600_000 if kind == "sound" and ms >= 4000 else 0),
            id="sound alone jumps",
        ),
        pytest.param(lambda _, _n, ms: (ms + 2**32 - 4000) % 2**32, id="counter wraps"),
    ],
)
def test_whatever_the_stamps_say_the_film_is_as_long_as_it_is(
    change: Change, film: Path, tmp_path: Path
) -> None:
    read = Read(restamped(film, tmp_path / "film.flv", change))
    assert_whole(read, 8.0)


def test_samples_follow_each_other_where_their_stamps_stand_still(
    film: Path, tmp_path: Path
) -> None:
    read = Read(
        restamped(film, tmp_path / "a.flv", lambda kind, _n, ms: 0 if kind == "sound" else ms)
    )
    assert read.sounds[-1] == pytest.approx(8.0, abs=0.2)


def test_a_sound_that_changes_its_rate_is_as_long_as_its_samples(tmp_path: Path) -> None:
    """In a container without stamps, where by the first rate the second part would be shorter."""
    parts = []
    for rate in (24_000, 12_000):
        parts.append(tmp_path / f"{rate}.aac")
        with av.open(str(parts[-1]), "w", format="adts") as out:
            stream = out.add_stream("aac", rate, layout="mono")
            frame = audio_frame(tone(4.0 * rate / AUDIO_RATE), rate)
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    read = Read(joined(tmp_path / "joined.aac", parts))
    assert read.end_s == pytest.approx(8.0, abs=0.3)


def test_a_gap_of_both_streams_stays_a_gap(film: Path, tmp_path: Path) -> None:
    read = Read(restamped(film, tmp_path / "a.flv", lambda _, _n, ms: ms + 20_000 * (ms >= 4000)))
    assert read.end_s == pytest.approx(28.0, abs=0.5)
    assert read.notes == []


def test_sound_may_begin_long_after_the_pictures(film: Path, tmp_path: Path) -> None:
    read = Read(
        restamped(film, tmp_path / "a.flv", lambda kind, _n, ms: ms + 3000 * (kind == "sound"))
    )
    assert read.pictures[0] < 0.2
    assert read.sounds[0] == pytest.approx(3.0, abs=0.2)
    assert read.notes == []
