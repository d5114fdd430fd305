"""Copied segments of a file, as players put them together."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import av

from ingest.media.clips import Footage
from ingest.playing.copied import copy
from ingest.playing.fmp4 import split
from ingest.playing.layout import Layout, lay_out

MAX_PIXELS = 1 << 26


def footage_of(path: Path) -> Footage:
    """The file as one whose stamps are presented times."""
    return Footage(path, None, MAX_PIXELS)


def laid_out(path: Path, sound: int | None = 0, duration_s: float = 6.0) -> Layout:
    """Where its segments begin."""
    return lay_out(footage_of(path), sound, duration_s, lambda _part: None)


def copied(path: Path, layout: Layout, sound: int | None = 0, first: int = 0) -> list[bytes]:
    """Its segments from `first` on."""
    return list(copy(footage_of(path), sound, layout, first, lambda _part: None))


def joined(segments: Sequence[bytes]) -> BytesIO:
    """One init and all fragments, as a file."""
    parts = [split(segment) for segment in segments]
    assert len({head for head, _ in parts}) == 1, "segments need different inits"
    return BytesIO(parts[0][0] + b"".join(media for _, media in parts))


def silenced(source: Path, target: Path, from_s: float, until_s: float) -> Path:
    """A copy of a film without the packets of sound that begin within these times."""
    with av.open(source) as before, av.open(target, "w") as after:
        streams = {each.index: after.add_stream_from_template(each) for each in before.streams}
        for packet in before.demux():
            time_s = float((packet.pts or 0) * packet.time_base)
            is_silent = packet.stream.type == "audio" and from_s - 0.03 < time_s < until_s
            if packet.size and not is_silent:
                packet.stream = streams[packet.stream.index]
                after.mux(packet)
    return target
