"""What a worker does, in the process of a test: task after task, in the order of the queue."""

from collections.abc import Callable

from database.jobs.queue import FILE, FINISH, SCAN
from ingest.work.bench import Bench
from ingest.work.doing import do_file
from ingest.work.steps import do_finish, do_scan

_TAKE = """
    DELETE FROM procrastinate_jobs WHERE id = (
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY priority DESC, id LIMIT 1)
    RETURNING task_name, args"""
_DO: dict[str, Callable[..., None]] = {SCAN: do_scan, FILE: do_file, FINISH: do_finish}


def work_off(bench: Bench, most: int = 1000) -> list[str]:
    """Does what waits, at most so many tasks: their names."""
    done: list[str] = []
    while len(done) < most:
        with bench.database.connection() as connection:
            task = connection.execute(_TAKE).fetchone()
        if task is None:
            break
        _DO[task[0]](bench, **task[1])
        done.append(task[0])
    return done
