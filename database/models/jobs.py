"""Jobs, their files, and the workers that do them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, Identity, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, REAL
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, values


class JobKind(StrEnum):
    """What a job does. A new kind is one member here, a request in `database/jobs/records.py`, and
    what a worker does for it in `ingest/work/`."""

    INGEST = "ingest"
    BACKFILL = "backfill"
    FORGET = "forget"


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    """No worker has begun it."""
    WORKING = "working"
    PAUSED = "paused"
    """Nothing more of it is begun until somebody resumes it."""
    DONE = "done"
    """Each of its files has an outcome; some may have failed."""
    FAILED = "failed"
    """It could not be run itself."""
    CANCELLED = "cancelled"


class JobFileState(StrEnum):
    """How far a file of a job is: waiting, at work, or what became of it."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Job(Base):
    """Something that workers do for somebody; procrastinate's tables only say who does what next.

    Whatever changes a job or a file of it locks this row first.
    """

    __tablename__ = "job"
    __table_args__ = (Index("job_changed_idx", "changed"), Index("job_state_idx", "state", "id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    origin: Mapped[str] = mapped_column(Text)
    """Where its files are, as `file.origin`: only workers of that host take it up."""
    kind: Mapped[JobKind] = mapped_column(Enum(JobKind, name="job_kind", values_callable=values))
    state: Mapped[JobState] = mapped_column(
        Enum(JobState, name="job_state", values_callable=values),
        server_default=JobState.WAITING.value,
    )
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    """The higher comes first."""
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it failed, or what it waits for."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scanned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When all of its files were found; NULL while they are looked for."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a worker has begun what concerns the job as a whole, and has not ended it."""
    num_known: Mapped[int] = mapped_column(server_default=text("0"))
    """Files for which nothing was to be done; they have no rows."""
    changed: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint")
    )
    """The transaction that has last changed it, or a file of it: who has read all those before a
    number asks for those from there on."""


class JobFile(Base):
    """One thing that a job works through: a file; of a backfill a space, of forgetting a video."""

    __tablename__ = "job_file"
    __table_args__ = (
        Index("job_file_state_idx", "job_id", "state", "path"),
        Index(
            "job_file_ended_idx",
            "job_id",
            text("ended_at DESC"),
            postgresql_where=text("started_at IS NOT NULL AND ended_at IS NOT NULL"),
        ),
        Index(
            "job_file_unqueued_idx",
            "job_id",
            "path",
            postgresql_where=text("state = 'waiting' AND NOT queued"),
        ),
        Index(
            "job_file_queued_idx", "job_id", postgresql_where=text("state = 'waiting' AND queued")
        ),
        Index(
            "job_file_open_idx", "job_id", postgresql_where=text("state IN ('waiting', 'working')")
        ),
    )

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    """As its host has it; printable only where that is no UTF-8."""
    state: Mapped[JobFileState] = mapped_column(
        Enum(JobFileState, name="job_file_state", values_callable=values),
        server_default=JobFileState.WAITING.value,
    )
    reason: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    """While it is at work, the stage of `ingest/progress.py` that it is in."""
    part: Mapped[float | None] = mapped_column(REAL)
    """How much of the stage is done, from 0 to 1, where that is known."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a worker has begun it without giving it back; who reports names the number that he
    has begun it with, and is not heard if another has begun it since."""
    queued: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was handed out to workers: some at a time, so that a job of a million files is
    paused, and moved, as quickly as one of ten."""
    scenes: Mapped[int] = mapped_column(server_default=text("0"))
    moments: Mapped[int] = mapped_column(server_default=text("0"))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Worker(Base):
    """A process that does jobs."""

    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    origin: Mapped[str] = mapped_column(Text)
    """Whose files it sees."""
    machine: Mapped[str] = mapped_column(Text)
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
