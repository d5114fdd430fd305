"""What the commands of this package share: exit codes, logging, and how they are stopped."""

from typing import NoReturn

import typer

from embeddings import cli
from ingest.interruption import ended_by_signals

EXIT_SOME_FAILED = 3


def run(app: typer.Typer) -> NoReturn:
    """A command line from its arguments to its exit code, as embeddings/cli.py runs it."""
    cli.log_to_stderr()
    with ended_by_signals():
        cli.run(app)
