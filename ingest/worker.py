"""python -m ingest.worker: does the jobs of this host's files."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import asyncio
import contextlib
from typing import Annotated

import typer

from database.opening import WORKING, open_database
from embeddings import cli
from embeddings.cli import new_app, read_settings
from embeddings.runtime import num_cores
from ingest.settings import IngestSettings
from ingest.work.bench import Bench
from ingest.work.shift import Shift, Times

MAX_JOBS = 32
DEFAULT_JOBS = min(num_cores(), 12)

app = new_app()


@app.command()
def main(
    jobs: Annotated[
        int, typer.Option(min=1, max=MAX_JOBS, help="Files to work on at a time.")
    ] = DEFAULT_JOBS,
) -> None:
    """Does what jobs ask for (python -m ingest --detach, the API), until it is ended.

    Any number may run, on every machine that reaches the database and the files. Ctrl-C or SIGTERM
    ends it in order: what is at work is given back, and goes on where it was.
    """
    settings = read_settings(IngestSettings)
    with contextlib.closing(open_database(settings, connections=WORKING)) as database:
        host = database.origin.removeprefix("file://")
        typer.echo(f"Library: {database.description}", err=True)
        typer.echo(f"Worker for files of {host}, {jobs} at a time", err=True)
        asyncio.run(_work(Bench(database, settings), jobs))


async def _work(bench: Bench, jobs: int) -> None:
    await Shift(bench, jobs, Times()).run()


if __name__ == "__main__":
    cli.log_to_stderr()
    cli.run(app)
