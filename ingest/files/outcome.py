"""The outcome of a file: what an ingest says of it, and what a later run is told."""

import mimetypes
from dataclasses import dataclass, field
from enum import StrEnum

from database.errors import DatabaseError
from database.forms import is_storable
from database.models import FileStatus
from database.videos.records import FileRecord
from ingest.errors import FileChanged, NotFetched, NotMedia, StillImage, VideoUnreadable
from ingest.files.found import FoundFile


class OutcomeStatus(StrEnum):
    """The statuses of FileStatus, and those that only a run gives."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It was done by a former run."""
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It is no recording, and its name does not say that it is one; or a folder that is not looked
    into."""
    PENDING = "pending"
    """It would be ingested: the word of a dry run."""


FAULTS = (OutcomeStatus.FAILED, OutcomeStatus.PARTIAL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's line in the summary and in the JSON of an ingest."""

    path: str
    """Printable."""
    status: OutcomeStatus
    reason: str | None = None
    scenes: int = 0
    moments: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    """What was corrected in the recording while it was read; no faults."""

    @property
    def is_fault(self) -> bool:
        """Whether the run as a whole did not do all that was asked for."""
        return self.status in FAULTS


def printable(path: object) -> str:
    """A path as it may stand in text and JSON: invalid UTF-8 and control characters escaped."""
    text = str(path)
    if text.isprintable():
        return text
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def refused(file: FoundFile, error: VideoUnreadable | DatabaseError) -> Outcome:
    """The outcome of a file that cannot be ingested: skipped, or failed with the error's words."""
    status = OutcomeStatus.SKIPPED if _is_expected(file, error) else OutcomeStatus.FAILED
    return Outcome(printable(file.place), status, printable(error))


def foretold(file: FoundFile) -> Outcome:
    """The outcome in a dry run of a file of which none is known."""
    if file.refusal is not None:
        return refused(file, VideoUnreadable(file.refusal))
    would = "would be opened, and ingested if it is a recording"
    return Outcome(printable(file.place), OutcomeStatus.PENDING, would)


def record_of_refusal(
    file: FoundFile, error: VideoUnreadable | DatabaseError, outcome: Outcome
) -> FileRecord | None:
    """What a later run is told, so that it does not try the file again; None if it should.

    A file that is being written, fetched or looked at in vain, is looked at again, come what may;
    a name that is no UTF-8 cannot be stored.
    """
    is_passing = isinstance(error, FileChanged | NotFetched)
    if is_passing or not file.seen or not is_storable(str(file.path)):
        return None
    status = FileStatus(outcome.status.value)
    return FileRecord(
        str(file.path),
        file.size_bytes,
        file.mtime_ns,
        status,
        outcome.reason,
        mount=file.mount,
    )


def _is_expected(file: FoundFile, error: VideoUnreadable | DatabaseError) -> bool:
    """Pictures and documents may lie among videos; what is named a video should be one."""
    if file.left_out or isinstance(error, StillImage):
        return True
    kind = mimetypes.guess_type(file.path.name)[0] or ""
    return isinstance(error, NotMedia) and not kind.startswith(("video/", "audio/"))
