"""What a command asks workers for, and what it says where none lives."""

from collections.abc import Sequence

from database.forms import is_storable
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.server.connection import Database
from ingest.errors import UsageError
from ingest.files.discover import discover
from ingest.files.outcome import printable


def submit_paths(
    database: Database, arguments: Sequence[str], *, retry: bool, again: bool
) -> tuple[int, str | None]:
    """The number of a job that ingests what the arguments stand for, and why nobody does it yet,
    if that is so. Raises UsageError if one of them leads nowhere."""
    found = discover(arguments)
    paths = tuple(map(str, (*found.roots, *found.places)))
    for path in paths:
        if not is_storable(path):
            raise UsageError(f"a job cannot name {printable(path)}: name its folder, or rename it")
    jobs = Jobs(database)
    job = jobs.submit(IngestRequest(paths, retry=retry, again=again))
    is_alive = any(worker.origin == database.origin for worker in jobs.workers())
    return job, None if is_alive else no_worker(database.origin)


def no_worker(origin: str) -> str:
    """What is said where nobody does what was asked for."""
    host = origin.removeprefix("file://")
    return f"no worker runs on {host}: start one there with python -m ingest.worker"
