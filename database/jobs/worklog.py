"""What workers enter of the jobs that they do.

Whoever begins a file gets a number, and is heard only as long as nobody has begun it since: a
worker that was taken for dead changes nothing of what another one does in its place.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from database.jobs.queue import FINISH, defer_step, drop_waiting, hand_out
from database.jobs.records import JobRequest, request_of
from database.models import JobFileState, JobKind
from database.server.connection import Database

CHANGED = "changed = pg_current_xact_id()::text::bigint"
_WANTED = ("waiting", "working", "paused")
"""States of a job in which a file at work is worked on."""
_BEGIN = f"""
    UPDATE job SET {CHANGED}, state = 'working', started_at = coalesce(started_at, now())
    WHERE id = %s AND state IN ('waiting', 'working')"""
_BEGIN_STEP = f"""
    UPDATE job SET {CHANGED}, state = 'working', started_at = coalesce(started_at, now()),
        attempts = attempts + 1
    WHERE id = %s AND state IN ('waiting', 'working')
        AND ((scanned_at IS NULL) = %s) RETURNING kind, request, origin"""
_BEGIN_FILE = """
    UPDATE job_file SET state = 'working', attempts = attempts + 1, reason = NULL, stage = NULL,
        part = NULL, started_at = now(), ended_at = NULL
    WHERE job_id = %s AND path = %s AND state = 'waiting' RETURNING attempts"""
_TOUCH = f"UPDATE job SET {CHANGED} WHERE id = %s RETURNING state"
_OWN = "WHERE job_id = %s AND path = %s AND state = 'working' AND attempts = %s"
_REPORT = f"UPDATE job_file SET stage = %s, part = %s {_OWN}"
_END_FILE = f"""
    UPDATE job_file SET state = %s, reason = %s, scenes = %s, moments = %s, stage = NULL,
        part = NULL, ended_at = now() {_OWN}"""
_GIVE_BACK = f"""
    UPDATE job_file SET state = 'waiting', attempts = attempts - 1, stage = NULL, part = NULL,
        started_at = NULL {_OWN}"""
_FOUND = f"""
    UPDATE job SET {CHANGED}, num_known = %s WHERE id = %s AND state = 'working'
    RETURNING origin, priority"""
_ADD = """
    INSERT INTO job_file (job_id, path, state, reason, ended_at)
    SELECT %s, path, state::job_file_state, reason, CASE WHEN state <> 'waiting' THEN now() END
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS found (path, state, reason)
    ON CONFLICT DO NOTHING"""
_SCANNED = f"UPDATE job SET {CHANGED}, scanned_at = now(), attempts = 0 WHERE id = %s"
_GOES_ON = """
    SELECT origin, priority, scanned_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM job_file WHERE job_id = id AND job_file.state IN ('waiting', 'working'))
    FROM job WHERE id = %s AND state = 'working'"""
_DONE = f"UPDATE job SET {CHANGED}, state = 'done', ended_at = now(), attempts = 0 WHERE id = %s"
_FAIL = f"""
    UPDATE job SET {CHANGED}, state = 'failed', reason = %s, ended_at = now()
    WHERE id = %s AND state IN ('waiting', 'working', 'paused')"""
_CANCEL_WAITING = """
    UPDATE job_file SET state = 'cancelled', ended_at = now()
    WHERE job_id = %s AND state = 'waiting'"""


@dataclass(frozen=True)
class Step:
    """What concerns a job as a whole: its things are looked for, or it is ended."""

    job_id: int
    origin: str
    request: JobRequest


@dataclass(frozen=True)
class BegunFile:
    """A file that a worker has begun; what it enters of it names this."""

    job_id: int
    path: str
    attempt: int
    kind: JobKind


@dataclass(frozen=True)
class Thing:
    """What was found for a job to do, or why there is nothing to do of it."""

    path: str
    state: JobFileState = JobFileState.WAITING
    reason: str | None = None


class WorkLog:
    """Each method is one transaction, and raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_step(self, job_id: int, *, scanned: bool) -> Step | None:
        """The step of a job that comes before or after all its files; None if it is done, or is
        not to be done now."""
        with self._database.connection() as connection:
            row = connection.execute(_BEGIN_STEP, (job_id, not scanned)).fetchone()
            if row is None:
                return None
            kind, document, origin = row
            return Step(job_id, origin, request_of(JobKind(kind), document))

    def give_back_step(self, job_id: int) -> None:
        """A step that another worker is to do: it has not failed."""
        with self._database.connection() as connection:
            connection.execute("UPDATE job SET attempts = attempts - 1 WHERE id = %s", (job_id,))

    def known(self, job_id: int, paths: Collection[str]) -> set[str]:
        """Those of these paths that the job has found before."""
        rows = self._database.rows(
            "SELECT path FROM job_file WHERE job_id = :id AND path = ANY(:paths)",
            {"id": job_id, "paths": list(paths)},
        )
        return {path for (path,) in rows}

    def found(self, job_id: int, things: Sequence[Thing], num_known: int) -> bool:
        """Enters what was found, and has done what waits; `num_known` counts all so far of which
        nothing is to be done. Whether the job is still to be worked on."""
        with self._database.connection() as connection:
            job = connection.execute(_FOUND, (num_known, job_id)).fetchone()
            if job is None:
                return False
            columns = (
                [thing.path for thing in things],
                [thing.state.value for thing in things],
                [thing.reason for thing in things],
            )
            connection.execute(_ADD, (job_id, *columns))
            hand_out(connection, job_id, *job)
        return True

    def scanned(self, job_id: int) -> None:
        """All that a job has to do was found."""
        with self._database.connection() as connection:
            connection.execute(_SCANNED, (job_id,))
            go_on(connection, job_id)

    def begin_file(self, job_id: int, path: str) -> BegunFile | None:
        """A file of a job; None if it is done, or is not to be done now."""
        with self._database.connection() as connection:
            job = connection.execute(f"{_BEGIN} RETURNING kind", (job_id,)).fetchone()
            if job is None:
                return None
            begun = connection.execute(_BEGIN_FILE, (job_id, path)).fetchone()
            return None if begun is None else BegunFile(job_id, path, begun[0], JobKind(job[0]))

    def report(self, file: BegunFile, stage: str, part: float | None) -> bool:
        """How far a file is; whether it is still wanted, and from this worker."""
        with self._database.connection() as connection:
            job = connection.execute(_TOUCH, (file.job_id,)).fetchone()
            own = (file.job_id, file.path, file.attempt)
            is_own = connection.execute(_REPORT, (stage, part, *own)).rowcount > 0
            return is_own and job is not None and job[0] in _WANTED

    def end_file(
        self,
        file: BegunFile,
        state: JobFileState,
        reason: str | None,
        scenes: int = 0,
        moments: int = 0,
    ) -> None:
        """What became of a file; after the last one, the job is ended."""
        with self._database.connection() as connection:
            connection.execute(_TOUCH, (file.job_id,))
            own = (file.job_id, file.path, file.attempt)
            connection.execute(_END_FILE, (state.value, reason, scenes, moments, *own))
            go_on(connection, file.job_id)

    def give_back_file(self, file: BegunFile) -> None:
        """A file that another worker is to go on with: it has done this one no harm."""
        with self._database.connection() as connection:
            job = connection.execute(_TOUCH, (file.job_id,)).fetchone()
            connection.execute(_GIVE_BACK, (file.job_id, file.path, file.attempt))
            if job is not None and job[0] not in _WANTED:
                connection.execute(_CANCEL_WAITING, (file.job_id,))

    def done(self, job_id: int) -> None:
        """All of a job is done, and what comes after it, too."""
        with self._database.connection() as connection:
            connection.execute(_TOUCH, (job_id,))
            job = connection.execute(_GOES_ON, (job_id,)).fetchone()
            if job is not None and job[2]:
                connection.execute(_DONE, (job_id,))

    def fail(self, job_id: int, reason: str) -> None:
        """Ends a job that cannot be run."""
        with self._database.connection() as connection:
            fail_job(connection, job_id, reason)


def fail_job(connection: psycopg.Connection[Any], job_id: int, reason: str) -> None:
    """Ends a job that cannot be run; what waits of it is cancelled."""
    if connection.execute(_FAIL, (reason, job_id)).rowcount:
        connection.execute(_CANCEL_WAITING, (job_id,))
        drop_waiting(connection, job_id)


def go_on(connection: psycopg.Connection[Any], job_id: int) -> None:
    """Has the next files of a job done that this transaction has changed, or the job ended, if its
    last file has an outcome."""
    job = connection.execute(_GOES_ON, (job_id,)).fetchone()
    if job is None:
        return
    origin, priority, is_done = job
    if is_done:
        defer_step(connection, FINISH, job_id, origin, priority)
    else:
        hand_out(connection, job_id, origin, priority)
