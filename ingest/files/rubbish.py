"""Names of folders in which file servers and systems keep what is theirs."""

from fnmatch import fnmatchcase

RUBBISH = (
    # Synology
    "@eadir",
    "#recycle",
    "#snapshot",
    "@tmp",
    "@sharesnap",
    # QNAP
    "@recycle",
    "@recently-snapshot",
    "@transcode",
    "@__thumb",
    ".@__thumb",
    # NetApp, ZFS, Samba
    "~snapshot",
    ".snapshot",
    ".zfs",
    ".recycle",
    # Windows
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "dfsrprivate",
    "found.[0-9][0-9][0-9]",
    # macOS
    "network trash folder",
    "temporary items",
    "thevolumesettingsfolder",
    "__macosx",
    ".trashes",
    ".temporaryitems",
    # Linux
    "lost+found",
    ".trash-*",
)
"""Patterns, in small letters. What lies there are thumbnails, smaller copies, older states and what
somebody has thrown away: as hits they would stand beside, or instead of, what people mean."""


def is_rubbish(name: str) -> bool:
    """Whether a folder of that name is left out, however its letters are written."""
    folded = name.lower()
    return any(fnmatchcase(folded, pattern) for pattern in RUBBISH)
