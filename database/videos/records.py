"""What goes into the store, as plain frozen data. Pixels never come here, only paths."""

import os
import re
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from database.errors import DatabaseError
from database.models import FileStatus, MomentKind, VideoStatus
from database.videos.streams import Streams

_CONTENT_HASH = re.compile("[0-9a-f]{64}")
MAX_NS = 2**63 - 1
"""The latest time that PostgreSQL's bigint holds in nanoseconds: in April of 2262."""


def modified_ns(status: os.stat_result) -> int:
    """When a file was last changed, as the library knows it: the nearest time that it can hold."""
    return min(max(status.st_mtime_ns, -MAX_NS), MAX_NS)


@dataclass(frozen=True)
class MomentRecord:
    """A moment of a scene, [start_s, end_s), with its vectors by space key, float32 [dim]."""

    scene: int
    """Position of the scene in its video."""
    kind: MomentKind
    start_s: float
    end_s: float
    text: str | None = None
    language: str | None = None
    track: str | None = None
    """Of speech, where a recording has several (database/models)."""
    words: tuple[tuple[int, float, float], ...] | None = None
    """Of speech, when each word is said (database/models)."""
    image_path: str | None = None
    look: int | None = None
    """Of a keyframe (database/models)."""
    boxes: list[list[float]] | None = None
    """Of on-screen text, where each line stands (database/models)."""
    made_by: str | None = None
    """Of a description, the model that wrote it (database/models)."""
    vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subtitles:
    """A track of subtitles as a whole (database/models)."""

    name: str | None
    language: str | None
    path: str | None
    lines: tuple[tuple[float, float, str], ...]
    """(start_s, end_s, text) of each, in order."""
    origin: str | None = None
    """Of the file at `path`; None for one of this host that is not stored yet."""


@dataclass(frozen=True)
class VideoRecord:
    """A whole video, ready to be stored in one transaction."""

    content_hash: str
    status: VideoStatus
    reason: str | None
    title: str
    file_name: str
    """Of its file, by which it is called where it has no title of its own."""
    container: str
    video_codec: str | None
    audio_codec: str | None
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    duration_s: float
    language: str | None
    profile: str
    recorded_at: datetime | None
    spaces: tuple[str, ...]
    """The keys of the spaces that its moments were embedded in."""
    scenes: tuple[tuple[float, float], ...]
    """[start_s, end_s) of each, in order."""
    moments: tuple[MomentRecord, ...]
    notes: tuple[str, ...] = ()
    """What was corrected while it was read; no faults."""
    clock: tuple[tuple[float, float], ...] | None = None
    """(time_s, stamp_s) wherever the file's own clock jumps (database/models)."""
    streams: Streams | None = None
    """None where they could not be read."""
    subtitles: tuple[Subtitles, ...] = ()


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file of subtitles beside a video, as its folder shows it."""

    name: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class FileRecord:
    """The outcome of a path of this host."""

    path: str
    size_bytes: int
    mtime_ns: int
    status: FileStatus
    reason: str | None = None
    video_id: int | None = None
    sidecars: tuple[Sidecar, ...] = ()
    """The subtitle files beside it, as they were read."""
    mount: str | None = None
    """The mount point of its file system (database/models)."""


def require_content_hash(digest: str) -> None:
    """Raises DatabaseError for what is none: it names folders, which are removed some day."""
    if not _CONTENT_HASH.fullmatch(digest):
        raise DatabaseError(f"the library has {digest[:80]!r} for the hash of a video's content")
