"""Which disks there are below a folder, and which of them other machines write to, too."""

import os
from pathlib import Path

import psutil

_REMOTE = tuple("9p afs ceph cifs drvfs fuse. gluster lustre nfs smb vboxsf virtiofs".split())
"""Starts of the names of their file systems."""


def mounts_below(folder: Path) -> frozenset[tuple[str, str]]:
    """The disks that are mounted below a folder, and where."""
    below = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118 - the separator at its end
    disks = psutil.disk_partitions(all=True)
    return frozenset(
        (each.device, each.mountpoint) for each in disks if each.mountpoint.startswith(below)
    )


def remote_mounts() -> frozenset[str]:
    """The mount points of disks that other machines write to: this one's system tells of its own
    changes only, and who has a file open, nobody knows."""
    kinds = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
    return frozenset(mount for mount, kind in kinds.items() if kind.startswith(_REMOTE))
