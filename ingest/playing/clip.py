"""Clips of a video, as MP4 files that play everywhere: exact and encoded anew, or fast and copied.

Runs in a child process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

from ingest.errors import NotClippable
from ingest.media.clips import Footage
from ingest.media.container import probe
from ingest.playing.clip_converted import convert_clip
from ingest.playing.clip_copied import copy_clip


@dataclass(frozen=True)
class ClipMade:
    """Where a clip really begins and ends in its video, in presented time."""

    start_s: float
    end_s: float


def write_clip(
    footage: Footage,
    target: Path,
    start_s: float,
    end_s: float,
    is_exact: bool,
    sound: int | None,
    report: Callable[[float], None],
) -> ClipMade:
    """Writes [start_s, end_s) of a video with one of its sound tracks, or without. What is not
    exact is copied, from the I-frame before on. Raises NotClippable, VideoUnreadable, OSError.
    """
    header = probe(footage.path, footage.max_pixels)
    if sound is not None and sound >= len(header.sounds):
        if sound > 0:
            num_sounds = len(header.sounds)
            there = f"it has {num_sounds}, counted from 0" if num_sounds else "it has no sound"
            raise NotClippable(f"there is no sound track {sound}: {there}")
        sound = None
    write = convert_clip if is_exact else copy_clip
    try:
        return ClipMade(*write(footage, header, target, start_s, end_s, sound, report))
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):  # of the disk
            raise
        why = f"it cannot be written as an MP4 ({error.strerror})"
        raise NotClippable(why if is_exact else f"{why}: ask for an exact clip") from None
