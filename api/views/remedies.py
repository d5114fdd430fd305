"""What to do about files that were not read as a whole, where their reason does not say it."""

import re

from database.models import FileStatus

_COPY = "Copy it again, if it is whole elsewhere, and ingest its folder again."
_REMEDIES = (
    ("no decoder here knows its codec(?!.*convert it)", "Convert it to MP4 (H.264, AAC)."),
    ("it is encrypted", "Nothing here can read what is encrypted: ingest a copy that is not."),
    ("could( not)? be decoded(?!.*(copy it again|begins in the middle))|^is damaged", _COPY),
    (
        "of memory to decode|more memory to open",
        "Set INGEST_DECODE_MEMORY_MB higher, and ingest its folder again.",
    ),
    (
        "made no progress",
        "Set INGEST_DECODE_STALL_S higher, and ingest its folder again.",
    ),
    (
        "^(the file is empty|the link leads nowhere|not a regular file)",
        "Put the recording in its place, and ingest its folder again.",
    ),
    (
        "^(not a video or audio file|a playlist or text)",
        "Rename or remove it: by its name it is a recording.",
    ),
)
"""Of parts of a reason, as ingest/media and ingest/files word them (docs/ingest.md)."""


def remedies(status: FileStatus, reason: str) -> tuple[str, ...]:
    """What to do about a reason, in sentences; nothing where it says so itself, or where nothing
    is to be done."""
    if status is FileStatus.SKIPPED:
        return ()
    return tuple(remedy for part, remedy in _REMEDIES if re.search(part, reason))
