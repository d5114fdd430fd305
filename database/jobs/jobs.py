"""The table of jobs, for those who ask for them, follow and steer them."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from database.errors import JobConflict, NotFound, OutOfRange
from database.jobs.queue import defer_left, drop_waiting, move
from database.jobs.reading import read_jobs
from database.jobs.records import (
    ENDED,
    Changes,
    JobFileInfo,
    JobInfo,
    JobRequest,
    WorkerInfo,
    document_of,
)
from database.models import JobFileState, JobState
from database.server.connection import Database

MAX_PRIORITY = 1000
NUM_ENDED = 20
"""Jobs that have ended, and that are told to who knows nothing yet."""
SEEN_S = 60
"""A worker that has not been seen for so long does not live."""
_UNDER_WAY = (JobState.WAITING, JobState.WORKING)
_SUBMIT = "INSERT INTO job (origin, kind, priority, request) VALUES (%s, %s, %s, %s) RETURNING id"
_CHANGED = "changed = pg_current_xact_id()::text::bigint"
_LOCK = f"UPDATE job SET {_CHANGED} WHERE id = %s RETURNING state"
_PAGE = """
    SELECT id FROM job WHERE (CAST(:states AS text[]) IS NULL OR state::text = ANY(:states))
    AND (CAST(:before AS bigint) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"""
_NOW = sa.text(
    "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint "
    "FROM pg_current_snapshot() AS now"
)
# After a restore into another server there may be rows of transactions to come: none has changed.
_SINCE = "SELECT id FROM job WHERE changed >= :since AND changed < :end"
_NEWEST = """
    (SELECT id FROM job WHERE state IN ('waiting', 'working', 'paused')) UNION ALL
    (SELECT id FROM job WHERE state IN ('done', 'failed', 'cancelled') ORDER BY id DESC LIMIT :num)
    """
_FILES = sa.text("""
    SELECT path, state, reason, stage, part, attempts, scenes, moments, started_at, ended_at
    FROM job_file WHERE job_id = :id AND path > :after
    AND (CAST(:states AS text[]) IS NULL OR state::text = ANY(:states)) ORDER BY path LIMIT :limit
    """)
_WORKERS = sa.text("""
    SELECT id, origin, machine, pid, started_at, seen_at FROM worker
    WHERE seen_at > now() - make_interval(secs => :seen_s) ORDER BY id""")
_COUNTS = sa.text("SELECT state, count(*) AS num FROM job GROUP BY state")
_OPEN_COUNTS = sa.text("""
    SELECT job_file.state, count(*) AS num FROM job JOIN job_file ON job_id = job.id
    WHERE job.state IN ('waiting', 'working', 'paused') GROUP BY job_file.state""")
_CANCEL_FILES = """
    UPDATE job_file SET state = 'cancelled', ended_at = now()
    WHERE job_id = %s AND state = 'waiting'"""
_RESUME = """
    UPDATE job SET state = CASE WHEN EXISTS (SELECT FROM job_file
        WHERE job_id = job.id AND job_file.state = 'working') THEN 'working' ELSE 'waiting'
        END::job_state
    WHERE id = %s"""
_REOPEN_FILES = """
    UPDATE job_file SET state = 'waiting', reason = NULL, stage = NULL, part = NULL, attempts = 0,
        started_at = NULL, ended_at = NULL
    WHERE job_id = %s AND state IN ('failed', 'cancelled')"""
_REOPEN = """
    UPDATE job SET state = 'waiting', reason = NULL, attempts = 0, started_at = NULL,
        ended_at = NULL, scanned_at = CASE WHEN state = 'done' THEN scanned_at END
    WHERE id = %s"""

_PENDING = sa.text("""
    SELECT path FROM job JOIN job_file ON job_id = job.id
    WHERE origin = :origin AND job.state IN ('waiting', 'working', 'paused')
        AND job_file.state IN ('waiting', 'working') AND path = ANY(:paths)
    UNION SELECT path FROM job, jsonb_array_elements_text(request -> 'paths') AS path
    WHERE origin = :origin AND job.state IN ('waiting', 'working', 'paused')
        AND scanned_at IS NULL AND path = ANY(:paths)""")


class Jobs:
    """Each method that changes something is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database.home

    def submit(self, request: JobRequest, priority: int = 0, origin: str | None = None) -> int:
        """A new job, which a worker of `origin` takes up, by default of this host: its id. Raises
        OutOfRange, ValueRefused."""
        _require_priority(priority)
        whose = origin or self._database.origin
        values = (whose, request.kind.value, priority, Jsonb(document_of(request)))
        with self._database.connection() as connection:
            row = connection.execute(_SUBMIT, values).fetchone()
            assert row is not None
            job_id: int = row[0]
            defer_left(connection, job_id)
        return job_id

    def get(self, job_id: int) -> JobInfo:
        """A job. Raises NotFound."""
        found = read_jobs(self._database, "SELECT CAST(:id AS bigint)", {"id": job_id})
        if not found:
            raise NotFound(f"there is no job {job_id}")
        return found[0]

    def page(
        self,
        states: Collection[JobState] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[JobInfo]:
        """Jobs in these states, the newest first, from the one before this id."""
        values = {"states": _names(states), "before": before, "limit": limit}
        return list(read_jobs(self._database, _PAGE, values))

    def files(
        self,
        job_id: int,
        states: Collection[JobFileState] | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[JobFileInfo]:
        """Files of a job in these states, in the order of paths, from the one after `after`."""
        values = {"id": job_id, "states": _names(states), "after": after or "", "limit": limit}
        with self._database.reading() as connection:
            rows = connection.execute(_FILES, values).all()
        return [JobFileInfo(row.path, JobFileState(row.state), *row[2:]) for row in rows]

    def changes(self, since: int | None) -> Changes:
        """The jobs that have changed since the `cursor` of the answer before: none is missed, and
        some come twice. With None, or a cursor of another server, all that have not ended and the
        newest of those that have."""
        with self._database.reading() as connection:
            cursor, end = connection.execute(_NOW).one()
        if since is None or since > cursor:
            return Changes(cursor, read_jobs(self._database, _NEWEST, {"num": NUM_ENDED}))
        return Changes(cursor, read_jobs(self._database, _SINCE, {"since": since, "end": end}))

    def workers(self) -> list[WorkerInfo]:
        """The workers that live, on all hosts."""
        with self._database.reading() as connection:
            rows = connection.execute(_WORKERS, {"seen_s": SEEN_S})
            return [WorkerInfo(*row) for row in rows]

    def counts(self) -> tuple[dict[JobState, int], dict[JobFileState, int]]:
        """How many jobs there are in each state, and how many files of those that have not
        ended."""
        with self._database.reading() as connection:
            jobs = {row.state: row.num for row in connection.execute(_COUNTS)}
            files = {row.state: row.num for row in connection.execute(_OPEN_COUNTS)}
        return (
            {state: jobs.get(state.value, 0) for state in JobState},
            {state: files.get(state.value, 0) for state in JobFileState},
        )

    def pending(self, paths: Sequence[str]) -> set[str]:
        """Those of these paths of this host that a job is to ingest, and has not yet."""
        values = {"origin": self._database.origin, "paths": list(paths)}
        with self._database.reading() as connection:
            return set(connection.scalars(_PENDING, values))

    def pause(self, job_id: int) -> JobInfo:
        """Has nothing more of a job begun; files at work are worked on to their end. Raises
        NotFound, JobConflict."""
        with self._changing(job_id, _UNDER_WAY, "paused") as connection:
            connection.execute("UPDATE job SET state = 'paused' WHERE id = %s", (job_id,))
            drop_waiting(connection, job_id)
        return self.get(job_id)

    def resume(self, job_id: int) -> JobInfo:
        """Goes on with a paused job. Raises NotFound, JobConflict."""
        with self._changing(job_id, (JobState.PAUSED,), "resumed") as connection:
            connection.execute(_RESUME, (job_id,))
            defer_left(connection, job_id)
        return self.get(job_id)

    def cancel(self, job_id: int) -> JobInfo:
        """Ends a job; files at work end where they are, and what they have found so far is kept.
        Raises NotFound, JobConflict."""
        states = (*_UNDER_WAY, JobState.PAUSED)
        with self._changing(job_id, states, "cancelled") as connection:
            connection.execute(
                "UPDATE job SET state = 'cancelled', ended_at = now() WHERE id = %s", (job_id,)
            )
            connection.execute(_CANCEL_FILES, (job_id,))
            drop_waiting(connection, job_id)
        return self.get(job_id)

    def retry(self, job_id: int) -> JobInfo:
        """Has the files that failed done again, and all that a cancelled or failed job has left
        undone. Raises NotFound, JobConflict."""
        with self._changing(job_id, ENDED, "tried again") as connection:
            reopened = connection.execute(_REOPEN_FILES, (job_id,)).rowcount
            done = "SELECT FROM job WHERE id = %s AND state = 'done'"
            if not reopened and connection.execute(done, (job_id,)).fetchone() is not None:
                raise JobConflict(
                    f"no file of job {job_id} has failed; to read one anew: "
                    "python -m ingest --detach --again PATH"
                )
            connection.execute(_REOPEN, (job_id,))
            defer_left(connection, job_id)
        return self.get(job_id)

    def prioritise(self, job_id: int, priority: int) -> JobInfo:
        """Has a job done before those of a lower priority. Raises NotFound, JobConflict,
        OutOfRange."""
        _require_priority(priority)
        states = (*_UNDER_WAY, JobState.PAUSED)
        with self._changing(job_id, states, "moved") as connection:
            connection.execute("UPDATE job SET priority = %s WHERE id = %s", (priority, job_id))
            move(connection, job_id, priority)
        return self.get(job_id)

    @contextmanager
    def _changing(
        self, job_id: int, states: Collection[JobState], word: str
    ) -> Iterator[psycopg.Connection[Any]]:
        """A transaction that has a job in one of these states to itself; `word` says in which way
        it is changed. Raises NotFound, JobConflict."""
        with self._database.connection() as connection:
            row = connection.execute(_LOCK, (job_id,)).fetchone()
            if row is None:
                raise NotFound(f"there is no job {job_id}")
            if row[0] not in states:
                can = " or ".join(state.value for state in states)
                raise JobConflict(
                    f"job {job_id} is {row[0]}, and cannot be {word}: only one that is {can} can"
                )
            yield connection


def _names(states: Collection[JobState] | Collection[JobFileState] | None) -> list[str] | None:
    return None if states is None else [state.value for state in states]


def _require_priority(priority: int) -> None:
    if abs(priority) > MAX_PRIORITY:
        raise OutOfRange(f"a priority is between {-MAX_PRIORITY} and {MAX_PRIORITY}")
