"""What is to be done next, handed to procrastinate in the transaction that says why: there is no
job that nobody is told of, and nobody is told of a job that is not there.
"""

from typing import Any

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.types import JSONDict

SCAN, FILE, FINISH = "scan", "file", "finish"
"""The tasks: what there is to do is looked for; one thing of it is done; the job is ended."""
AHEAD = 1000
"""Files of a job that are handed out at a time; when half of them are begun, more are."""
_queue = App(connector=SyncPsycopgConnector())  # never opened: transactions are ours
_LEFT = """
    SELECT origin, priority, scanned_at IS NOT NULL AS scanned, EXISTS (
        SELECT FROM job_file WHERE job_id = id AND job_file.state IN ('waiting', 'working')) AS open
    FROM job WHERE id = %s"""
_NUM_QUEUED = """
    SELECT count(*) FROM job_file WHERE job_id = %s AND state = 'waiting' AND queued"""
_HAND_OUT = """
    WITH next AS (SELECT path FROM job_file
        WHERE job_id = %(id)s AND state = 'waiting' AND NOT queued ORDER BY path LIMIT %(most)s)
    UPDATE job_file SET queued = true FROM next
    WHERE job_id = %(id)s AND job_file.path = next.path RETURNING job_file.path"""
_TAKE_BACK = "UPDATE job_file SET queued = false WHERE job_id = %s AND state = 'waiting' AND queued"
_DROP = "DELETE FROM procrastinate_jobs WHERE args ->> 'job_id' = %s AND status = 'todo'"
_MOVE = f"""
    UPDATE procrastinate_jobs SET priority = %s + (task_name <> '{FILE}')::int
    WHERE args ->> 'job_id' = %s AND status = 'todo'"""


def defer_left(connection: psycopg.Connection[Any], job_id: int) -> None:
    """Has done what is left of a job: all of it, or what waited while it was paused."""
    row = connection.execute(_LEFT, (job_id,)).fetchone()
    assert row is not None
    origin, priority, scanned, is_open = row
    if not scanned:
        defer_step(connection, SCAN, job_id, origin, priority)
    elif not is_open:
        defer_step(connection, FINISH, job_id, origin, priority)
    connection.execute(_TAKE_BACK, (job_id,))
    hand_out(connection, job_id, origin, priority)


def defer_step(
    connection: psycopg.Connection[Any], task: str, job_id: int, origin: str, priority: int
) -> None:
    """Has a step of the job as a whole done, before files of jobs that are as urgent."""
    step = _queue.configure_task(
        task, queue=origin, priority=2 * priority + 1, connection=connection
    )
    step.defer(job_id=job_id)


def hand_out(connection: psycopg.Connection[Any], job_id: int, origin: str, priority: int) -> None:
    """Has files of a job done, in the order of paths, if few of those before are left."""
    row = connection.execute(_NUM_QUEUED, (job_id,)).fetchone()
    assert row is not None
    if row[0] > AHEAD // 2:
        return
    values = {"id": job_id, "most": AHEAD - row[0]}
    paths = sorted(path for (path,) in connection.execute(_HAND_OUT, values))
    arguments: list[JSONDict] = [{"job_id": job_id, "path": path} for path in paths]
    if arguments:
        task = _queue.configure_task(
            FILE, queue=origin, priority=2 * priority, connection=connection
        )
        task.batch_defer(*arguments)


def drop_waiting(connection: psycopg.Connection[Any], job_id: int) -> None:
    """Takes back what no worker has begun."""
    connection.execute(_DROP, (str(job_id),))
    connection.execute(_TAKE_BACK, (job_id,))


def move(connection: psycopg.Connection[Any], job_id: int, priority: int) -> None:
    """Gives what no worker has begun another place."""
    connection.execute(_MOVE, (2 * priority, str(job_id)))
