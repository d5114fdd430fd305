"""The packets of one container: films that go on in another stream, beginnings that are cut off."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.media.container import probe
from ingest.media.decode import DecodeOptions, decode_file
from ingest.media.frames import Picture
from ingest.media.timeline import Timeline
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.tracks import Pictures, Tone, write_tracks

MAX_PIXELS = 8192 * 4352


@dataclass(frozen=True)
class Read:
    """What a timeline gives of a file."""

    times: list[float]
    notes: list[str]


def read(path: Path) -> Read:
    line = Timeline(path, probe(path, MAX_PIXELS), MAX_PIXELS)
    times = [each.time_s for each in line if isinstance(each, Picture)]
    return Read(times, line.tracks.notes)


def h264(**fields: object) -> Pictures:
    """Pictures whose decoder holds some back, as those of cameras do."""
    return Pictures(codec="libx264", options={"preset": "ultrafast", "bf": "2"}, **fields)  # type: ignore[arg-type]


def test_a_film_that_goes_on_in_another_stream_loses_no_picture(tmp_path: Path) -> None:
    parts: list[Pictures | Tone] = [
        h264(seconds=12.0),
        h264(begin_s=12.0, seconds=5.0, seed=9),
        Tone(seconds=17.0),
    ]
    found = read(write_tracks(tmp_path / "a.mkv", parts))
    assert len(found.times) == 170
    assert found.times == pytest.approx([n / 10 for n in range(170)], abs=0.05)
    assert found.notes == ["the pictures go on in another stream from 12.0 s on"]


def test_a_film_that_comes_back_to_its_first_stream_loses_no_picture(tmp_path: Path) -> None:
    """An advertisement under ids of its own within a programme."""
    parts: list[Pictures | Tone] = [
        Pictures(seconds=12.0),
        Pictures(begin_s=12.0, seconds=6.0, seed=9),
        Tone(seconds=30.0),
    ]
    whole, again = tmp_path / "a.mkv", tmp_path / "b.mkv"
    write_tracks(whole, parts)
    last = write_tracks(tmp_path / "last.mkv", [Pictures(seconds=12.0)])
    with av.open(str(whole)) as one, av.open(str(last)) as two, av.open(str(again), "w") as out:
        streams = [out.add_stream_from_template(stream) for stream in one.streams]
        packets: list[tuple[Any, int]] = [(p, p.stream_index) for p in one.demux() if p.size]
        more: list[Any] = [p for p in two.demux() if p.size]
        for packet in more:
            offset = round(18 / packet.time_base)
            packet.pts += offset
            packets.append((packet, 0))
        packets.sort(key=lambda pair: pair[0].pts * pair[0].time_base)
        for packet, number in packets:
            packet.dts = packet.pts
            packet.stream = streams[number]
            out.mux(packet)
    found = read(again)
    assert len(found.times) == 300
    assert found.times == pytest.approx([n / 10 for n in range(300)], abs=0.05)
    assert len(found.notes) == 2


def test_a_stream_that_begins_later_and_runs_beside_the_film_is_not_the_film(
    tmp_path: Path,
) -> None:
    parts: list[Pictures | Tone] = [
        h264(seconds=17.0),
        h264(begin_s=8.0, seconds=9.0, seed=9),
        Tone(seconds=17.0),
    ]
    found = read(write_tracks(tmp_path / "a.mkv", parts))
    assert len(found.times) == 170
    assert found.notes == []


@pytest.mark.parametrize("in_order", [True, False])
def test_slides_stay_the_film_when_a_camera_begins_between_two_of_them(
    in_order: bool, tmp_path: Path
) -> None:
    """It is the first to come after the look, and twenty seconds pass until the next slide."""
    slides = Pictures(size=(640, 360), seconds=160.0, fps=1, codec="mjpeg", pixels="yuvj420p")
    path = write_tracks(tmp_path / "all.mkv", [slides, Tone(seconds=160.0)])
    camera = write_tracks(tmp_path / "camera.mkv", [h264(begin_s=0.0, seconds=50.0, seed=9)])
    held = tmp_path / "held.mkv"
    with av.open(str(path)) as one, av.open(str(camera)) as two, av.open(str(held), "w") as out:
        streams = [out.add_stream_from_template(s) for s in (*one.streams, two.streams.video[0])]
        packets: list[Any] = [p for p in one.demux() if p.dts is not None]
        packets = [p for p in packets if p.stream.type == "audio" or p.pts * p.time_base % 20 == 0]
        late: list[Any] = [p for p in two.demux() if p.dts is not None]
        for packet in late:
            offset = round(105 / packet.time_base)
            packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
        numbered = [*((p, p.stream_index) for p in packets), *((p, 2) for p in late)]
        if in_order:
            numbered.sort(key=lambda pair: pair[0].dts * pair[0].time_base)
        for packet, number in numbered:
            packet.stream = streams[number]
            out.mux(packet)
    assert read(held).times == pytest.approx([20.0 * n for n in range(8)], abs=0.1)


def test_a_beginning_that_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    """A recording that was cut out of another, between two pictures that need none before them."""
    whole = make_video(
        tmp_path / "whole.ts",
        [drawn(n) for n in range(6)],
        2.0,
        audio=tone(12.0),
        iframe_every=100,
        codecs=("libx264", "aac"),
    ).read_bytes()
    path = tmp_path / "cut.ts"
    path.write_bytes(whole[len(whole) // 10 // 188 * 188 :])
    found = decode_file(path, tmp_path / "work", DecodeOptions(MAX_PIXELS, 60.0), lambda _: None)
    assert found.partial_reason is None
    (note,) = found.notes
    assert note.startswith("the pictures before 3.")
