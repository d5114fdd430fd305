"""The files of this host that lead to videos, as they are now and as they were ingested."""

import os
from collections.abc import Iterator
from pathlib import Path

from database.checking.checked import Checked, printable
from database.checking.faults import Finding, Kind
from database.videos.records import modified_ns

_FILES = """
    SELECT path, video_id, size_bytes, mtime_ns, missing_since IS NOT NULL AS is_missing FROM file
    WHERE origin = :origin AND video_id IS NOT NULL AND path > :path ORDER BY path LIMIT :limit"""


def misplaced_files(checked: Checked) -> Iterator[Finding]:
    """The files that are not what the library takes them for, gone, there again, or changed."""
    for page in checked.pages(_FILES, {"path": ""}, lambda row: {"path": row.path}):
        for row in page:
            kind = _fault_of(row.path, row.size_bytes, row.mtime_ns, is_missing=row.is_missing)
            if kind is not None:
                yield Finding(kind, printable(row.path), path=row.path, video_id=row.video_id)


def is_there(path: str) -> bool:
    """Whether a file can be seen."""
    try:
        Path(path).stat()
    except OSError:
        return False
    return True


def _fault_of(path: str, size_bytes: int, mtime_ns: int, *, is_missing: bool) -> Kind | None:
    """What is wrong with a file; nothing with one that nobody may look at just now."""
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None if is_missing else Kind.GONE
    except OSError:
        return None
    if is_missing:
        return Kind.RETURNED
    return None if _is_as_ingested(status, size_bytes, mtime_ns) else Kind.CHANGED


def _is_as_ingested(status: os.stat_result, size_bytes: int, mtime_ns: int) -> bool:
    return (status.st_size, modified_ns(status)) == (size_bytes, mtime_ns)
