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
    sounds: tuple[int, ...] | None,
    report: Callable[[float], None],
) -> ClipMade:
    """Writes [start_s, end_s) of a video with these of its sound tracks, all of them under None.
    What is not exact is copied, from the I-frame before on. Raises NotClippable, VideoUnreadable,
    OSError.
    """
    header = probe(footage.path, footage.max_pixels)
    num_sounds = len(header.sounds)
    sounds = tuple(range(num_sounds)) if sounds is None else sounds
    for sound in sounds:
        if sound >= num_sounds and sound > 0:
            there = f"it has {num_sounds}, counted from 0" if num_sounds else "it has no sound"
            raise NotClippable(f"there is no sound track {sound}: {there}")
    sounds = sounds if num_sounds else ()
    write = convert_clip if is_exact else copy_clip
    try:
        return ClipMade(*write(footage, header, target, start_s, end_s, sounds, report))
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):  # of the disk
            raise
        why = f"it cannot be written as an MP4 ({error.strerror})"
        raise NotClippable(why if is_exact else f"{why}: ask for an exact clip") from None
