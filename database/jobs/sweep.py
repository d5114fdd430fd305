"""What is taken from workers that are gone, and done by others: procrastinate leaves it to those
who use it. A file that takes its worker along each time is given up."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from database.jobs.queue import FILE, defer_left
from database.jobs.worklog import CHANGED, fail_job, go_on
from database.server.connection import Database

MAX_ATTEMPTS = 3
KEPT = "30 days"
"""Jobs that have ended are forgotten after so long."""
_LOCK = 7_305_808_873
"""Advisory lock: one sweeps at a time."""
GONE = (
    "(task.worker_id IS NULL OR NOT EXISTS (SELECT FROM procrastinate_workers AS alive "
    "WHERE alive.id = task.worker_id "
    "AND alive.last_heartbeat > now() - make_interval(secs => {stale_s})))"
)
"""Of rows of `procrastinate_jobs AS task`."""
LOST = (
    "state IN ('waiting', 'working') AND NOT EXISTS "
    "(SELECT FROM procrastinate_jobs WHERE args ->> 'job_id' = job.id::text)"
)
"""Of rows of `job`: nothing of it is in the queue."""
_TASKS = "SELECT id, task_name, args FROM procrastinate_jobs AS task WHERE status = 'doing' AND "
_AGAIN = """
    UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL,
        lock = coalesce(%s, lock)
    WHERE id = %s AND status = 'doing'"""
_REMOVE = "DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'doing'"
_TOUCH = f"UPDATE job SET {CHANGED} WHERE id = %s RETURNING state, attempts"
_RETURN_FILE = """
    UPDATE job_file SET stage = NULL, part = NULL, attempts = attempts - %(pardon)s,
        state = CASE WHEN %(wanted)s THEN CASE WHEN attempts - %(pardon)s < %(most)s
            THEN 'waiting' ELSE 'failed' END ELSE 'cancelled' END::job_file_state,
        reason = CASE WHEN %(wanted)s AND attempts - %(pardon)s >= %(most)s
            THEN %(reason)s END,
        ended_at = CASE WHEN NOT %(wanted)s OR attempts - %(pardon)s >= %(most)s
            THEN now() END
    WHERE job_id = %(id)s AND path = %(path)s AND state = 'working'
    RETURNING state, attempts"""
_FIND_LOST = f"SELECT id FROM job WHERE origin = %s AND {LOST} FOR UPDATE SKIP LOCKED"
_TIDY = (
    "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended_at < now() - interval "
    f"'{KEPT}' AND state IN ('done', 'failed', 'cancelled') LIMIT 1)",
    "DELETE FROM worker WHERE seen_at < now() - interval '1 hour'",
    "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - interval '1 day'",
)
GIVEN_UP = (
    f"its worker ended {MAX_ATTEMPTS} times in the middle of it, for want of memory or by a fault "
    "of a decoder or model: see what the log says of it, then try it again"
)


@dataclass(frozen=True)
class Swept:
    """What was taken from workers."""

    num_again: int
    """Tasks that are done again."""
    given_up: tuple[str, ...]
    """Paths of files that are not tried again."""


def sweep(database: Database, stale_s: float) -> Swept:
    """Has done again what workers of this host have begun that have given no sign for so long, and
    what is in nobody's hands. Not to be called soon after the database was away: then no worker
    could give a sign."""
    with database.home.connection() as connection:
        taken = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
        if taken != (True,):
            return Swept(0, ())
        values = {"origin": database.origin, "stale_s": stale_s}
        gone = GONE.format(stale_s="%(stale_s)s")
        gone = f"{_TASKS} queue_name = %(origin)s AND {gone} ORDER BY id"
        swept = _take(connection, database.origin, connection.execute(gone, values).fetchall())
        lost = connection.execute(_FIND_LOST, (database.origin,)).fetchall()
        for (job_id,) in lost:
            connection.execute(_TOUCH, (job_id,))
            connection.execute(
                "UPDATE job_file SET state = 'waiting' WHERE job_id = %s AND state = 'working'",
                (job_id,),
            )
            defer_left(connection, job_id)
    return Swept(swept.num_again + len(lost), swept.given_up)


def tidy(database: Database) -> None:
    """Forgets a job that ended long ago, which may have had a million files, and workers that have
    gone."""
    for statement in _TIDY:
        with database.home.connection() as connection:
            connection.execute(statement)


def find_strays(database: Database, worker_id: int, at_work: Collection[int]) -> set[int]:
    """The tasks that a worker has begun as the queue has it, and does not know of: its connection
    broke while it was told."""
    rows = database.home.rows(
        "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = :worker "
        "AND NOT id = ANY(:ids)",
        {"worker": worker_id, "ids": list(at_work)},
    )
    return {task for (task,) in rows}


def give_back(database: Database, worker_id: int, tasks: Collection[int] | None = None) -> int:
    """Has done by others what a worker has begun, all or these tasks, through no fault of theirs:
    how many."""
    which = "worker_id = %s AND (%s::bigint[] IS NULL OR id = ANY(%s)) ORDER BY id"
    ids = None if tasks is None else list(tasks)
    with database.home.connection() as connection:
        rows = connection.execute(_TASKS + which, (worker_id, ids, ids)).fetchall()
        return _take(connection, database.origin, rows, pardon=1).num_again


def _take(
    connection: psycopg.Connection[Any],
    origin: str,
    tasks: Collection[tuple[Any, ...]],
    pardon: int = 0,
) -> Swept:
    given_up, num_again = [], 0
    for task, name, arguments in tasks:
        job_id = arguments["job_id"]
        job = connection.execute(_TOUCH, (job_id,)).fetchone()
        again, suspect = False, None
        if job is not None and name == FILE:
            path = arguments["path"]
            state, attempts = _return_file(connection, job_id, path, job[0], pardon)
            again = state in ("waiting", None)
            if state == "waiting" and not pardon and attempts == MAX_ATTEMPTS - 1:
                # One of those that were at work together may end their workers: in their last
                # attempt they take turns, so that the others are not given up with it.
                suspect = f"suspect {origin}"
            if state == "failed":
                given_up.append(path)
        elif job is not None:
            again = _return_step(connection, job_id, job[1], pardon)
            if not pardon and job[1] == MAX_ATTEMPTS - 1:
                suspect = f"suspect {origin}"
        num_again += again
        connection.execute(*((_AGAIN, (suspect, task)) if again else (_REMOVE, (task,))))
    return Swept(num_again, tuple(given_up))


def _return_file(
    connection: psycopg.Connection[Any], job_id: int, path: str, job_state: str, pardon: int
) -> tuple[str | None, int]:
    """The state of a file from now on, and how often it was begun; None if it is not at work."""
    values = {
        "id": job_id,
        "path": path,
        "wanted": job_state in ("waiting", "working", "paused"),
        "pardon": pardon,
        "most": MAX_ATTEMPTS,
        "reason": GIVEN_UP,
    }
    returned = connection.execute(_RETURN_FILE, values).fetchone()
    go_on(connection, job_id)
    return returned or (None, 0)


def _return_step(
    connection: psycopg.Connection[Any], job_id: int, attempts: int, pardon: int
) -> bool:
    """Whether what concerns a job as a whole is done again."""
    if attempts - pardon >= MAX_ATTEMPTS:
        fail_job(connection, job_id, GIVEN_UP)
        return False
    connection.execute("UPDATE job SET attempts = attempts - %s WHERE id = %s", (pardon, job_id))
    return True
