"""What stands in for the makers of segments, in children: they tell of themselves in a folder,
which stands in for the file."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.playing.converted import num_segments
from ingest.playing.layout import Layout

Report = Callable[[float], None]
MAY_GO_ON = "may-go-on"
"""A file without which no segment is made."""
BAD = 7
"""A segment that cannot be made."""


def make(
    footage: Footage, sound: int | None, lines: int, duration_s: float, first: int, report: Report
) -> Iterator[bytes]:
    """One segment after the other."""
    _begin(footage, first)
    for number in range(first, num_segments(duration_s)):
        while not (footage.path / MAY_GO_ON).exists():
            report(0.0)
            time.sleep(0.01)
        report(0.0)
        if number == BAD:
            raise VideoUnreadable("it is damaged there")
        yield segment(number)


def lay_out(footage: Footage, sound: int | None, duration_s: float, report: Report) -> Layout:
    """Where the segments begin, in the end."""
    _begin(footage, 0)
    while not (footage.path / MAY_GO_ON).exists():
        report(0.0)
        time.sleep(0.01)
    return Layout((0.0, 2.0), duration_s, 0.0, None)


def stall(
    footage: Footage, sound: int | None, lines: int, duration_s: float, first: int, report: Report
) -> Iterator[bytes]:
    """Says nothing any more."""
    _begin(footage, first)
    time.sleep(60)
    yield segment(first)


def eat_memory(
    footage: Footage, sound: int | None, lines: int, duration_s: float, first: int, report: Report
) -> Iterator[bytes]:
    """Takes more than any child may have."""
    _begin(footage, first)
    yield bytes(4 << 30)


def refuse(
    footage: Footage, sound: int | None, lines: int, duration_s: float, first: int, report: Report
) -> Iterator[bytes]:
    """Finds a fault."""
    raise VideoUnreadable("it is damaged")


def write_to_the_file(
    footage: Footage, sound: int | None, lines: int, duration_s: float, first: int, report: Report
) -> Iterator[bytes]:
    """Makes a segment of what the file has become."""
    with footage.path.open("ab") as file:
        file.write(b"more")
    yield segment(first)


def segment(number: int, num_bytes: int = 200_000) -> bytes:
    """What looks like one; by default larger than what a child can send before it is read."""
    return _box(b"ftyp") + _box(b"moov") + _box(b"moof", bytes([number]) * num_bytes)


def begun(folder: Path) -> dict[int, list[int]]:
    """By the number of the first segment, the processes that have begun, in order."""
    found: dict[int, list[int]] = {}
    for path in sorted(folder.glob("begun-*"), key=lambda each: each.stat().st_mtime_ns):
        _, first, pid = path.name.split("-")
        found.setdefault(int(first), []).append(int(pid))
    return found


def _begin(footage: Footage, first: int) -> None:
    (footage.path / f"begun-{first}-{os.getpid()}").touch()


def _box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content
