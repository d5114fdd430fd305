"""What a job is asked to do, and what is told of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

from database.models import JobFileState, JobKind, JobState

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
OPEN_FILES = (JobFileState.WAITING, JobFileState.WORKING)


@dataclass(frozen=True)
class IngestRequest:
    """Makes what is at these paths searchable, as python -m ingest does."""

    kind: ClassVar[JobKind] = JobKind.INGEST
    paths: tuple[str, ...]
    """Absolute, of the host of the job's origin: files and folders."""
    retry: bool = False
    """Whether files that failed before are tried again."""
    again: bool = False
    """Whether videos that are in the library are made anew."""


@dataclass(frozen=True)
class BackfillRequest:
    """Embeds what spaces lack, or describes keyframes, as python -m ingest.backfill does."""

    kind: ClassVar[JobKind] = JobKind.BACKFILL
    spaces: tuple[str, ...] | None = None
    """Their keys; None for all that the library fills."""
    descriptions: bool = False
    """Whether keyframes are described instead, that have no description."""


@dataclass(frozen=True)
class ForgetRequest:
    """Removes videos from the library."""

    kind: ClassVar[JobKind] = JobKind.FORGET
    video_ids: tuple[int, ...] = ()
    missing: bool = False
    """Whether all go whose files are missing, as with --forget-missing."""


JobRequest = IngestRequest | BackfillRequest | ForgetRequest
_REQUESTS: Mapping[JobKind, type[JobRequest]] = {
    JobKind.INGEST: IngestRequest,
    JobKind.BACKFILL: BackfillRequest,
    JobKind.FORGET: ForgetRequest,
}


def request_of(kind: JobKind, document: Mapping[str, Any]) -> JobRequest:
    """A request as `job.request` has it."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return _REQUESTS[kind](**values)


def document_of(request: JobRequest) -> dict[str, Any]:
    """A request as JSON."""
    return asdict(request)


@dataclass(frozen=True)
class FileAtWork:
    """A file that a worker has begun."""

    path: str
    stage: str | None
    """Of `ingest/progress.py`; None just after the beginning."""
    part: float | None
    """How much of the stage is done, from 0 to 1, where that is known."""


@dataclass(frozen=True)
class JobInfo:
    """A job as it is now."""

    id: int
    kind: JobKind
    origin: str
    state: JobState
    priority: int
    request: JobRequest
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    scanned_at: datetime | None
    """When all of its files were found; until then there may be more."""
    ended_at: datetime | None
    num_known: int
    """Files for which nothing was to be done."""
    counts: Mapping[JobFileState, int]
    """The number of its other files in each state, 0 included."""
    at_work: tuple[FileAtWork, ...]
    """At most MAX_AT_WORK of them, in the order of paths."""
    files_per_minute: float | None
    """Of the last files that were worked on; None while nothing is known of it."""
    left_s: float | None
    """How long the files that are left will take at that rate."""
    changed: int
    """Another number with each change of the job or of a file of it."""

    @property
    def num_files(self) -> int:
        """All that were found so far."""
        return self.num_known + sum(self.counts.values())

    @property
    def num_ended(self) -> int:
        """Those that have an outcome."""
        return self.num_files - sum(self.counts[state] for state in OPEN_FILES)


@dataclass(frozen=True)
class JobFileInfo:
    """A file of a job."""

    path: str
    state: JobFileState
    reason: str | None
    stage: str | None
    part: float | None
    attempts: int
    scenes: int
    moments: int
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class WorkerInfo:
    """A process that does jobs."""

    id: int
    origin: str
    machine: str
    pid: int
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Changes:
    """Jobs that have changed, and where to go on."""

    cursor: int
    """The `since` of the next question."""
    jobs: tuple[JobInfo, ...]
