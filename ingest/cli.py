"""What the commands of this package share: exit codes and logging."""

import logging
import sys
from typing import NoReturn

import structlog
import typer

from embeddings import cli

EXIT_SOME_FAILED = 3


def interrupted() -> typer.Exit:
    """The end of a run that the person has stopped, told on stderr; to be raised."""
    typer.echo("interrupted; run the same command again to go on", err=True)
    return typer.Exit(cli.EXIT_INTERRUPTED)


def run(app: typer.Typer) -> NoReturn:
    """A command line from its arguments to its exit code, as embeddings/cli.py runs it."""
    _set_up_logging()
    cli.run(app)


def _set_up_logging() -> None:
    """Structured lines on stderr, for this program and the libraries it uses."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=12),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
