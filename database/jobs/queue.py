"""What is to be done next, handed to procrastinate in the transaction that says why: there is no
job that nobody is told of, and nobody is told of a job that is not there.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.types import JSONDict

SCAN, FILE, FINISH = "scan", "file", "finish"
"""The tasks: what there is to do is looked for; one thing of it is done; the job is ended."""
_AT_ONCE = 1000
_queue = App(connector=SyncPsycopgConnector())  # never opened: transactions are ours
_LEFT = """
    SELECT origin, priority, scanned_at IS NOT NULL AS scanned, EXISTS (
        SELECT FROM job_file WHERE job_id = id AND job_file.state IN ('waiting', 'working')) AS open
    FROM job WHERE id = %s"""
_WAITING = """
    SELECT path FROM job_file WHERE job_id = %s AND state = 'waiting' AND path > %s
    ORDER BY path LIMIT %s"""
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
    last = ""
    while paths := [path for (path,) in connection.execute(_WAITING, (job_id, last, _AT_ONCE))]:
        defer_files(connection, job_id, origin, priority, paths)
        last = paths[-1]


def defer_step(
    connection: psycopg.Connection[Any], task: str, job_id: int, origin: str, priority: int
) -> None:
    """Has a step of the job as a whole done, before files of jobs that are as urgent."""
    step = _queue.configure_task(
        task, queue=origin, priority=2 * priority + 1, connection=connection
    )
    step.defer(job_id=job_id)


def defer_files(
    connection: psycopg.Connection[Any],
    job_id: int,
    origin: str,
    priority: int,
    paths: Sequence[str],
) -> None:
    """Has files of a job done, in this order."""
    files = _queue.configure_task(FILE, queue=origin, priority=2 * priority, connection=connection)
    arguments: list[JSONDict] = [{"job_id": job_id, "path": path} for path in paths]
    if arguments:
        files.batch_defer(*arguments)


def drop_waiting(connection: psycopg.Connection[Any], job_id: int) -> None:
    """Takes back what no worker has begun."""
    connection.execute(_DROP, (str(job_id),))


def move(connection: psycopg.Connection[Any], job_id: int, priority: int) -> None:
    """Gives what no worker has begun another place."""
    connection.execute(_MOVE, (2 * priority, str(job_id)))
