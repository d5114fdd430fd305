"""Jobs as the API answers and tells them."""

from typing import Any

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from database.jobs.records import (
    JobFileInfo,
    JobInfo,
    WorkerInfo,
    document_of,
)
from database.models import JobFileState, JobKind, JobState
from search.results.json import DateTime, exact

MAX_NAMED = 10
"""Of what a job's request lists."""


@exact
class FileCounts(TypedDict):
    """How many files of a job there are of each kind."""

    known: int
    """For which nothing was to be done."""
    waiting: int
    working: int
    done: int
    unchanged: int
    partial: int
    failed: int
    skipped: int
    cancelled: int


@exact
class AtWorkOut(TypedDict):
    """A file that is worked on."""

    path: str
    stage: str | None
    part: float | None
    """Of the stage, in [0, 1]."""


@exact
class JobOut(TypedDict):
    """Work that was asked for, and how far it is."""

    id: int
    kind: JobKind
    state: JobState
    priority: int
    """Higher ones first."""
    origin: str
    """The host whose files it is about, such as file://studio: only workers there do it."""
    request: dict[str, Any]
    """As it was asked for; of paths, videos and spaces the first 10."""
    num_asked: int
    """How many paths, videos or spaces were named."""
    reason: str | None
    """Why the job as a whole failed; files that failed are counted, and each has its own."""
    created_at: DateTime
    started_at: DateTime | None
    scanned_at: DateTime | None
    """When all its files were found; until then there may be more."""
    ended_at: DateTime | None
    files: FileCounts
    num_files: int
    num_ended: int
    at_work: list[AtWorkOut]
    files_per_minute: float | None
    left_s: float | None
    """Seconds that what is known of will take at this rate."""


@exact
class JobList(TypedDict):
    """A page of jobs, the newest first; `next` is the `before` of the next page, null on the
    last."""

    jobs: list[JobOut]
    next: int | None


@exact
class JobFileOut(TypedDict):
    """A file of a job, and what became of it."""

    path: str
    state: JobFileState
    reason: str | None
    stage: str | None
    part: float | None
    attempts: int
    scenes: int
    moments: int
    started_at: DateTime | None
    ended_at: DateTime | None


@exact
class JobFileList(TypedDict):
    """A page of a job's files, in the order of their paths; `next` is the `after` of the next page,
    null on the last."""

    files: list[JobFileOut]
    next: str | None


@exact
class WorkerOut(TypedDict):
    """A process that does jobs."""

    origin: str
    """The host whose files it works on."""
    machine: str
    pid: int
    started_at: DateTime


@exact
class WorkerList(TypedDict):
    """The workers that have said within the last minute that they live."""

    workers: list[WorkerOut]


def job_out(job: JobInfo) -> JobOut:
    """A job as the API answers it."""
    asked = document_of(job.request)
    counts = {state.value: num for state, num in job.counts.items()}
    return JobOut(
        id=job.id,
        kind=job.kind,
        state=job.state,
        priority=job.priority,
        origin=job.origin,
        request={name: _beginning(value) for name, value in asked.items()},
        num_asked=sum(len(value) for value in asked.values() if isinstance(value, tuple)),
        reason=job.reason,
        created_at=job.created_at.isoformat(),
        started_at=job.started_at.isoformat() if job.started_at else None,
        scanned_at=job.scanned_at.isoformat() if job.scanned_at else None,
        ended_at=job.ended_at.isoformat() if job.ended_at else None,
        files=FileCounts(known=job.num_known, **counts),  # type: ignore[typeddict-item]
        num_files=job.num_files,
        num_ended=job.num_ended,
        at_work=[AtWorkOut(path=at.path, stage=at.stage, part=at.part) for at in job.at_work],
        files_per_minute=job.files_per_minute,
        left_s=job.left_s,
    )


def _beginning(value: Any) -> Any:
    """A watcher's job names a thousand paths, which would come with every event."""
    return value[:MAX_NAMED] if isinstance(value, tuple) else value


def job_file_out(file: JobFileInfo) -> JobFileOut:
    """A file of a job as the API answers it."""
    return JobFileOut(
        path=file.path,
        state=file.state,
        reason=file.reason,
        stage=file.stage,
        part=file.part,
        attempts=file.attempts,
        scenes=file.scenes,
        moments=file.moments,
        started_at=file.started_at.isoformat() if file.started_at else None,
        ended_at=file.ended_at.isoformat() if file.ended_at else None,
    )


def worker_out(worker: WorkerInfo) -> WorkerOut:
    """A worker as the API answers it."""
    return WorkerOut(
        origin=worker.origin,
        machine=worker.machine,
        pid=worker.pid,
        started_at=worker.started_at.isoformat(),
    )
