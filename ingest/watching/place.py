"""A watched folder as a place on a disk: there, empty, or away."""

import os
from dataclasses import dataclass
from pathlib import Path

from ingest.files.rubbish import is_rubbish
from ingest.watching.disks import mounts_below


@dataclass(frozen=True)
class Place:
    """The folder that is at a path now. When a disk is mounted or unmounted there or below, or the
    folder is replaced, it is another one."""

    device: int
    inode: int
    below: frozenset[tuple[str, str]]
    """The disks that are mounted below it, and where."""


def place_of(folder: Path) -> Place | None:
    """None if the folder is away: nothing is there, or nobody can look into it now."""
    try:
        with os.scandir(folder):
            status = folder.stat()
    except OSError:
        return None
    return Place(status.st_dev, status.st_ino, mounts_below(folder))


def is_bare(folder: Path) -> bool:
    """Whether a folder has nothing in it, as that of a disk that is not mounted, or of a fresh one;
    also one that is away."""
    try:
        with os.scandir(folder) as entries:
            return all(entry.name.startswith(".") or is_rubbish(entry.name) for entry in entries)
    except OSError:
        return True
