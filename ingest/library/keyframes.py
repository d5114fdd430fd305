"""Keyframes that are not on this host's disk, made again from the file: lost ones, and those of a
content that another host has ingested."""

from collections.abc import Iterable
from pathlib import Path

from ingest.atomic import atomically
from ingest.media.child import Isolation
from ingest.media.clips import Footage, write_keyframe


def make_missing(
    keyframes: Iterable[tuple[float, str]],
    footage: Footage,
    keyframes_dir: Path,
    isolation: Isolation,
) -> int:
    """Makes those of a video's keyframes, (time in seconds, image path), whose JPEG is not there;
    how many. Raises VideoUnreadable."""
    lost = [(at_s, keyframes_dir / path) for at_s, path in keyframes]
    lost = [(at_s, path) for at_s, path in lost if not path.exists()]
    for at_s, path in lost:
        with atomically(path) as made:
            isolation.run(write_keyframe, footage, at_s, made, on_progress=_ignore)
    return len(lost)


def _ignore(_part: float) -> None:
    """Progress within a video."""
