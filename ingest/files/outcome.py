"""How the ingest of a file ended."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from database.models import FileStatus
from database.videos.records import FileRecord
from ingest.errors import FileChanged, NotMedia, StillImage, VideoUnreadable
from ingest.files.discover import FoundFile


class OutcomeStatus(StrEnum):
    """As FileStatus, and what a second run says of what is done."""

    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    PENDING = "pending"
    """A dry run's word for a file that would be ingested."""


@dataclass(frozen=True)
class Outcome:
    """One file's line in the summary."""

    path: str
    status: OutcomeStatus
    reason: str | None = None
    scenes: int = 0
    moments: int = 0
    seconds: float = 0.0

    @property
    def is_fault(self) -> bool:
        """Whether the run as a whole did not do all that was asked for."""
        return self.status in (OutcomeStatus.FAILED, OutcomeStatus.PARTIAL)


def printable(path: object) -> str:
    """A path as it may stand in text and JSON: invalid UTF-8 and control characters escaped."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def refused(file: FoundFile, error: VideoUnreadable, save: Callable[[FileRecord], None]) -> Outcome:
    """The outcome of a file that cannot be ingested, saved so that it is not tried again."""
    status = FileStatus.SKIPPED if _is_expected(file, error) else FileStatus.FAILED
    reason = str(error).replace("\x00", "")
    try:
        str(file.path).encode()
    except UnicodeEncodeError:
        pass  # a name that the database cannot hold is only reported
    else:
        # A file that is being written is looked at again by the next run, come what may.
        if not isinstance(error, FileChanged):
            save(FileRecord(str(file.path), file.size_bytes, file.mtime_ns, status, reason))
    return Outcome(printable(file.path), OutcomeStatus(status.value), reason)


def _is_expected(file: FoundFile, error: VideoUnreadable) -> bool:
    """Pictures and documents may lie among videos; what is named a video should be one."""
    if isinstance(error, StillImage):
        return True
    kind = mimetypes.guess_type(file.path.name)[0] or ""
    return isinstance(error, NotMedia) and not kind.startswith(("video/", "audio/"))
