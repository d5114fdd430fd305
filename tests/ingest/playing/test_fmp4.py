"""Segments of fragmented MP4, as players take them: a head once, then fragments."""

from io import BytesIO
from typing import Any

import av
import pytest

from ingest.playing.fmp4 import split, write_segment
from tests.helpers.marked_films import Recipe, frames_of, sound_of, write_marked


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Of a film of 4 s, two seconds each."""
    recipe = Recipe("libx264", seconds=4, options={"sc_threshold": "0"})
    path = write_marked(tmp_path_factory.mktemp("film") / "film.mp4", recipe)
    with av.open(str(path)) as container:
        streams = [*container.streams.video, *container.streams.audio]
        packets: list[Any] = [p for p in container.demux(streams) if p.size and p.pts is not None]
        parts: list[list[list[Any]]] = [
            [
                [p for p in packets if p.stream is stream and p.pts * p.time_base // 2 == number]
                for stream in streams
            ]
            for number in range(2)
        ]
        return [write_segment(number, streams, part) for number, part in enumerate(parts)]


def test_a_segment_is_a_head_and_one_fragment(segments: list[bytes]) -> None:
    for segment in segments:
        head, media = split(segment)
        assert _boxes(head) == [b"ftyp", b"moov"]
        assert _boxes(media) == [b"moof", b"mdat"]
        assert head + media == segment


def test_the_head_is_the_same_for_each_segment(segments: list[bytes]) -> None:
    assert split(segments[0])[0] == split(segments[1])[0]


def test_fragments_behind_one_head_are_the_film(segments: list[bytes]) -> None:
    film = split(segments[0])[0] + b"".join(split(segment)[1] for segment in segments)
    frames = frames_of(BytesIO(film))
    assert [number for _, number in frames] == [*range(100)]
    assert [time_s for time_s, _ in frames] == pytest.approx([n / 25 for n in range(100)])
    start_s, heard = sound_of(BytesIO(film))
    assert start_s == pytest.approx(0, abs=0.022)
    assert len(heard) / 48_000 == pytest.approx(4, abs=0.045)


def test_a_later_segment_alone_has_its_own_times(segments: list[bytes]) -> None:
    assert frames_of(BytesIO(segments[1]))[0] == (2.0, 50)


def test_fragments_are_numbered_in_order(segments: list[bytes]) -> None:
    numbers = []
    for segment in segments:
        at = segment.index(b"mfhd") + 8
        numbers.append(int.from_bytes(segment[at : at + 4], "big"))
    assert numbers == [1, 2]


def _boxes(data: bytes) -> list[bytes]:
    boxes, at = [], 0
    while at < len(data):
        boxes.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return boxes
