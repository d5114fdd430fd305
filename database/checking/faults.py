"""Kinds of faults, each with its remedy, and what is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NUM_SHOWN = 3
"""Of each kind of fault, so many are named."""
REPAIR = "python -m database check --repair"
_BACKUP = (
    "restore a backup: PostgreSQL itself forbids this, so its files, or the schema, were damaged"
)


class Kind(StrEnum):
    """What is wrong, in the order in which it is looked for."""

    GONE = "file that is gone, but not marked as missing"
    RETURNED = "file that is marked as missing, but is there"
    CHANGED = "file that has changed since it was ingested"
    UNSETTLED = "video that is marked as missing while a file of it is not, or the other way round"
    NO_OUTCOME = "file without an outcome"
    ORPHAN = "video that no file leads to"
    TWO_VIDEOS = "two videos with one content"
    SCENES = "video with fewer or more scenes than were detected"
    BACKWARDS = "scene or moment that ends before it begins"
    TRACKLESS = "moment of subtitles without a track of them"
    KEYFRAME_LOST = "keyframe whose JPEG is lost or damaged"
    KEYFRAME_STRAY = "keyframe's JPEG that nothing in the library names"
    TWO_VECTORS = "two vectors of one moment in one space"
    VECTOR_BAD = "vector of a wrong dimension or length"
    MISCOUNTED = "video whose vectors are counted wrongly"
    VECTOR_LACKING = "moment without a vector in a space that is searched"
    NO_INDEX = "space that is searched without an index"
    GIVEN_UP = "unfinished work that nobody has gone on with for a week"
    STALLED = "job whose worker is gone"
    UNENDED = "file without an outcome in a job that has ended"


REMEDIES = {
    Kind.GONE: f"{REPAIR} marks it, and searches leave its video out; if the file was moved, "
    "ingest the folder that it is in now",
    Kind.RETURNED: f"{REPAIR} takes it up again, and searches find its video",
    Kind.CHANGED: f"{REPAIR} ingests it again",
    Kind.UNSETTLED: f"{REPAIR} marks the video as its files are",
    Kind.NO_OUTCOME: f"{REPAIR} looks at the file again",
    Kind.ORPHAN: "if its file is still somewhere, ingest it, and the video keeps its tags; "
    f"{REPAIR} removes the video",
    Kind.TWO_VIDEOS: _BACKUP,
    Kind.SCENES: f"{REPAIR} makes the video anew from its file",
    Kind.BACKWARDS: f"{REPAIR} makes the video anew from its file",
    Kind.TRACKLESS: f"{REPAIR} makes the video anew from its file",
    Kind.KEYFRAME_LOST: f"{REPAIR} makes it again from the video's file",
    Kind.KEYFRAME_STRAY: f"{REPAIR} removes it",
    Kind.TWO_VECTORS: _BACKUP,
    Kind.VECTOR_BAD: f"{REPAIR} removes it and embeds its moment again",
    Kind.MISCOUNTED: f"{REPAIR} counts them",
    Kind.VECTOR_LACKING: f"{REPAIR} embeds it",
    Kind.NO_INDEX: f"{REPAIR} builds the index",
    Kind.GIVEN_UP: f"{REPAIR} removes it",
    Kind.STALLED: "a worker does it within a minute (python -m ingest.worker); without one, "
    f"{REPAIR} lets it wait for the next",
    Kind.UNENDED: f"{REPAIR} cancels it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; of what is many in a video, all of it."""

    kind: Kind
    name: str
    """For people: a path, or a video with its path."""
    number: int = 1
    """How many rows or files it stands for."""
    video_id: int | None = None
    path: str = ""
    """Of a file, or of a JPEG within the folder of keyframes."""
    content: str = ""
    """The SHA-256 of the video's file, in hex."""
    space: str = ""


@dataclass(frozen=True)
class Fault:
    """All that is wrong in one way."""

    kind: Kind
    number: int
    first: tuple[str, ...]
    """The names of the first few."""
    has_more: bool
    """Whether others have it that are not among the first."""

    def __str__(self) -> str:
        return f"{self.found}; remedy: {REMEDIES[self.kind]}"

    @property
    def found(self) -> str:
        """What is wrong, how often, and where, without the remedy."""
        return found(self.kind, self.number, self.first, has_more=self.has_more)

    def as_lines(self) -> str:
        """For people: what is wrong, and what to do on a line of its own."""
        return f"{self.found}\n  remedy: {REMEDIES[self.kind]}"

    def as_row(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "fault": self.kind.value,
            "number": self.number,
            "first": self.first,
            "remedy": REMEDIES[self.kind],
        }


def found(kind: Kind, number: int, first: Sequence[str], *, has_more: bool) -> str:
    """A kind of fault with its number and the names of the first that have it."""
    return f"{kind}: {number:,} ({', '.join([*first, *(['…'] if has_more else [])])})"


def num_kinds(faults: Sequence[Fault]) -> str:
    """How many kinds of faults there are, in words."""
    return "1 kind of fault" if len(faults) == 1 else f"{len(faults)} kinds of faults"
