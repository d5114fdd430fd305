"""Subtitles that lie beside a recording: read with it, and again when they have changed."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from database.videos.records import Sidecar, Subtitles
from ingest.files.found import FoundFile
from ingest.media.decode import Decoded
from ingest.perception.subtitles import read_sidecar

MAX_SEARCHED = 60_000
"""Lines of all tracks of a recording that are searched: those of a film in thirty languages. Each
that says something new is a moment with a vector."""
_NOT_SEARCHED = f"subtitles that are not searched, being beyond {MAX_SEARCHED:,} lines in all: "
UNREAD = -1
"""The size of a file that could not be opened, as no file has it: the next ingest tries again."""

Places = Mapping[Path, Sequence[Sidecar]]
"""Where a recording lies, with the files of subtitles beside it in each place."""


@dataclass(frozen=True)
class Found:
    """The subtitles beside a recording."""

    tracks: list[Subtitles]
    notes: list[str]
    """What could not be read."""
    as_read: Places
    """What the library keeps of the files, to know them again."""


def with_sidecars(file: FoundFile, decoded: Decoded) -> tuple[FoundFile, Decoded]:
    """A file with the subtitles beside it as they were read, and what was decoded with them."""
    found = read_beside({file.path: file.sidecars}, decoded.duration_s)
    tracks = each_once([*decoded.subtitles, *found.tracks])
    notes = [*decoded.notes, *found.notes, *searched(tracks)[1]]
    read = dataclasses.replace(file, sidecars=tuple(found.as_read[file.path]))
    return read, dataclasses.replace(decoded, subtitles=tracks, notes=notes)


def read_beside(places: Places, duration_s: float) -> Found:
    """The subtitles beside a recording in all its places."""
    tracks: list[Subtitles] = []
    notes: list[str] = []
    as_read: dict[Path, list[Sidecar]] = {}
    for video, sidecars in places.items():
        as_read[video] = []
        for sidecar in sidecars:
            read = read_sidecar(video.with_name(sidecar.name), video.name, duration_s)
            tracks += [read.subtitles] if read.subtitles else []
            notes += read.notes
            unread = dataclasses.replace(sidecar, size_bytes=UNREAD)
            as_read[video].append(sidecar if read.is_open else unread)
    return Found(tracks, list(dict.fromkeys(notes)), as_read)


def each_once(tracks: Sequence[Subtitles]) -> list[Subtitles]:
    """Tracks without those that have the very lines of one before them."""
    return list({track.lines: track for track in reversed(tracks)}.values())[::-1]


def searched(tracks: Sequence[Subtitles]) -> tuple[list[Subtitles], list[str]]:
    """The tracks whose lines are searched, and which others are not, in words: each in its order
    that there is room for, without those of which every line is in those of its language before.
    """
    found: list[Subtitles] = []
    beyond: list[str] = []
    known: dict[str | None, set[tuple[float, float, str]]] = {}
    num_left = MAX_SEARCHED
    for track in tracks:
        before = known.setdefault(track.language, set())
        if before.issuperset(track.lines):
            continue
        if len(track.lines) > num_left:
            beyond.append(track.name or "subtitles")
            continue
        num_left -= len(track.lines)
        found.append(track)
        before.update(track.lines)
    return found, [_NOT_SEARCHED + ", ".join(beyond)] if beyond else []


def told_before(notes: Sequence[str], beside: Iterable[Sequence[Sidecar]]) -> list[str]:
    """The notes of a recording without those on these files of subtitles, and on what of all is
    searched."""
    names = tuple(f"{each.name}: " for sidecars in beside for each in sidecars)
    return [note for note in notes if not note.startswith((*names, _NOT_SEARCHED))]
