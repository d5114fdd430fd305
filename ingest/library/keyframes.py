"""Keyframes that are not on this host's disk, made again from the file: lost ones, and those of a
content that another host has ingested."""

from collections.abc import Iterable
from pathlib import Path

from database.objects.shared import Shared
from ingest.atomic import atomically
from ingest.media.child import Isolation
from ingest.media.clips import Footage, write_keyframe


def make_missing(
    keyframes: Iterable[tuple[float, str]],
    footage: Footage,
    keyframes_dir: Path,
    isolation: Isolation,
    shared: Shared | None = None,
) -> int:
    """Makes those of a video's keyframes, (time in seconds, image path), whose JPEG is not there,
    nor `shared`; how many. Raises VideoUnreadable, ObjectRefused, ObjectsUnreachable."""
    lost = [(at_s, keyframes_dir / path) for at_s, path in keyframes]
    lost = [(at_s, path) for at_s, path in lost if not is_there(path, shared)]
    for at_s, path in lost:
        with atomically(path) as made:
            isolation.run(write_keyframe, footage, at_s, made, on_progress=_ignore)
    if shared is not None:
        shared.send({path: path for _, path in lost})
    return len(lost)


def is_there(path: Path, shared: Shared | None) -> bool:
    """Whether a keyframe is on this host's disk, or has come from where it is shared."""
    return path.exists() or (shared is not None and shared.bring(path))


def _ignore(_part: float) -> None:
    """Progress within a video."""
