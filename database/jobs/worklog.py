"""What workers enter of the jobs that they do.

Whoever begins a file gets a number, and is heard only as long as nobody has begun it since: a
worker that was taken for dead changes nothing of what another one does in its place.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
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
        attempts = attempts + 1, reason = NULL
    WHERE id = %s AND state IN ('waiting', 'working') AND (scanned_at IS NOT NULL) = %s
    RETURNING kind, request, attempts, started_at"""
_OWN_STEP = "id = %s AND attempts = %s AND started_at = %s AND (scanned_at IS NOT NULL) = %s"
_GIVE_BACK_STEP = f"""
    UPDATE job SET {CHANGED}, attempts = attempts - %s, reason = %s
    WHERE {_OWN_STEP} AND state IN ('waiting', 'working', 'paused')"""
_BEGIN_FILE = """
    UPDATE job_file SET state = 'working', attempts = attempts + 1, reason = NULL, stage = NULL,
        part = NULL, started_at = now(), ended_at = NULL
    WHERE job_id = %s AND path = %s AND state = 'waiting' RETURNING attempts, started_at"""
_TOUCH = f"UPDATE job SET {CHANGED} WHERE id = %s RETURNING state"
_OWN = "WHERE job_id = %s AND path = %s AND state = 'working' AND attempts = %s AND started_at = %s"
_REPORT = f"UPDATE job_file SET stage = %s, part = %s {_OWN}"
_END_FILE = f"""
    UPDATE job_file SET state = %s, reason = %s, scenes = %s, moments = %s, stage = NULL,
        part = NULL, ended_at = now() {_OWN}"""
_GIVE_BACK = f"""
    UPDATE job_file SET state = 'waiting', attempts = attempts - %s, reason = %s, stage = NULL,
        part = NULL, started_at = NULL {_OWN}"""
_FOUND = f"""
    UPDATE job SET {CHANGED}, num_known = %s WHERE {_OWN_STEP} AND state = 'working'
    RETURNING origin, priority"""
_ADD = """
    INSERT INTO job_file (job_id, path, state, reason, ended_at)
    SELECT %s, path, state::job_file_state, reason, CASE WHEN state <> 'waiting' THEN now() END
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS found (path, state, reason)
    ON CONFLICT DO NOTHING"""
_SCANNED = f"UPDATE job SET {CHANGED}, scanned_at = now(), attempts = 0 WHERE {_OWN_STEP}"
_GOES_ON = """
    SELECT origin, priority, scanned_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM job_file WHERE job_id = id AND job_file.state IN ('waiting', 'working'))
    FROM job WHERE id = %s AND state IN ('waiting', 'working')"""
_DONE = f"UPDATE job SET {CHANGED}, state = 'done', ended_at = now(), attempts = 0 WHERE id = %s"
_FAIL = f"""
    UPDATE job SET {CHANGED}, state = 'failed', reason = %s, ended_at = now()
    WHERE id = %s AND state IN ('waiting', 'working', 'paused')"""
_CANCEL_WAITING = """
    UPDATE job_file SET state = 'cancelled', reason = NULL, ended_at = now()
    WHERE job_id = %s AND state = 'waiting'"""


@dataclass(frozen=True)
class Step:
    """What concerns a job as a whole: its things are looked for, or it is ended."""

    job_id: int
    request: JobRequest
    attempt: int
    started_at: datetime
    """When the job was begun, which is another time after somebody has had it tried again."""
    scanned: bool
    """Whether its things were looked for before."""

    @property
    def own(self) -> tuple[int, int, datetime, bool]:
        """What the worker is known by that does it."""
        return self.job_id, self.attempt, self.started_at, self.scanned


@dataclass(frozen=True)
class BegunFile:
    """A file that a worker has begun; what it enters of it names this."""

    job_id: int
    path: str
    kind: JobKind
    attempt: int
    started_at: datetime

    @property
    def own(self) -> tuple[int, str, int, datetime]:
        """What the worker is known by that does it."""
        return self.job_id, self.path, self.attempt, self.started_at


@dataclass(frozen=True)
class Thing:
    """What was found for a job to do, or why there is nothing to do of it."""

    path: str
    state: JobFileState = JobFileState.WAITING
    reason: str | None = None


class WorkLog:
    """Each method is one transaction, and raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database.home

    def begin_step(self, job_id: int, *, scanned: bool) -> Step | None:
        """The step of a job that comes before or after all its files; None if it is done, or is
        not to be done now."""
        with self._database.connection() as connection:
            row = connection.execute(_BEGIN_STEP, (job_id, scanned)).fetchone()
            if row is None:
                return None
            kind, document, attempt, started_at = row
            return Step(job_id, request_of(JobKind(kind), document), attempt, started_at, scanned)

    def give_back_step(self, step: Step, reason: str | None = None, *, pardon: bool = True) -> None:
        """A step that is to be done again, and what it waits for; it has done no harm, if that is
        to be pardoned."""
        with self._database.connection() as connection:
            connection.execute(_GIVE_BACK_STEP, (int(pardon), reason, *step.own))

    def known(self, job_id: int, paths: Collection[str]) -> set[str]:
        """Those of these paths that the job has found before."""
        rows = self._database.rows(
            "SELECT path FROM job_file WHERE job_id = :id AND path = ANY(:paths)",
            {"id": job_id, "paths": list(paths)},
        )
        return {path for (path,) in rows}

    def found(self, step: Step, things: Sequence[Thing], num_known: int) -> bool:
        """Enters what was found, and has done what waits; `num_known` counts all so far of which
        nothing is to be done. Whether the job is still to be worked on."""
        with self._database.connection() as connection:
            job = connection.execute(_FOUND, (num_known, *step.own)).fetchone()
            if job is None:
                return False
            columns = (
                [thing.path for thing in things],
                [thing.state.value for thing in things],
                [thing.reason for thing in things],
            )
            connection.execute(_ADD, (step.job_id, *columns))
            hand_out(connection, step.job_id, *job)
        return True

    def scanned(self, step: Step) -> None:
        """All that a job has to do was found."""
        with self._database.connection() as connection:
            if connection.execute(_SCANNED, step.own).rowcount:
                go_on(connection, step.job_id)

    def begin_file(self, job_id: int, path: str) -> BegunFile | None:
        """A file of a job; None if it is done, or is not to be done now."""
        with self._database.connection() as connection:
            job = connection.execute(f"{_BEGIN} RETURNING kind", (job_id,)).fetchone()
            if job is None:
                return None
            begun = connection.execute(_BEGIN_FILE, (job_id, path)).fetchone()
            return None if begun is None else BegunFile(job_id, path, JobKind(job[0]), *begun)

    def report(self, file: BegunFile, stage: str, part: float | None) -> bool:
        """How far a file is; whether it is still wanted, and from this worker."""
        with self._database.connection() as connection:
            job = connection.execute(_TOUCH, (file.job_id,)).fetchone()
            is_own = connection.execute(_REPORT, (stage, part, *file.own)).rowcount > 0
            return is_own and job is not None and job[0] in _WANTED

    def end_file(
        self,
        file: BegunFile,
        state: JobFileState,
        reason: str | None,
        scenes: int = 0,
        moments: int = 0,
    ) -> bool:
        """What became of a file; after the last one, the job is ended. Whether that is heard."""
        with self._database.connection() as connection:
            connection.execute(_TOUCH, (file.job_id,))
            told = (state.value, reason, scenes, moments)
            is_own = connection.execute(_END_FILE, (*told, *file.own)).rowcount > 0
            go_on(connection, file.job_id)
            return is_own

    def give_back_file(
        self, file: BegunFile, reason: str | None = None, *, pardon: bool = True
    ) -> None:
        """A file that is to be gone on with later, or elsewhere, and what it waits for; it has done
        no harm, if that is to be pardoned. One of a job that has ended is cancelled."""
        with self._database.connection() as connection:
            job = connection.execute(_TOUCH, (file.job_id,)).fetchone()
            connection.execute(_GIVE_BACK, (int(pardon), reason, *file.own))
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
        """Ends a job that cannot be run, as one of its files has shown."""
        with self._database.connection() as connection:
            fail_job(connection, job_id, reason)

    def fail_step(self, step: Step, reason: str) -> None:
        """Ends a job that cannot be run."""
        with self._database.connection() as connection:
            own = f"SELECT FROM job WHERE {_OWN_STEP} FOR UPDATE"
            if connection.execute(own, step.own).fetchone() is not None:
                fail_job(connection, step.job_id, reason)


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
