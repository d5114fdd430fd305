"""What the commands of this package share: exit codes, logging, and errors as one sentence."""

import logging
import sys
from collections.abc import Callable

import structlog
import typer

from database.errors import DatabaseError, DiskFull
from embeddings.errors import EmbeddingError, UnknownSpace
from ingest.errors import UsageError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_INTERRUPTED = 130


def interrupted() -> typer.Exit:
    """Says that the person has stopped the run; to be raised."""
    typer.echo("interrupted; run the same command again to go on", err=True)
    return typer.Exit(EXIT_INTERRUPTED)


def run(command: Callable[[], None]) -> None:
    """A command; what a person can put right is one sentence on stderr."""
    _set_up_logging()
    try:
        command()
    except (UsageError, UnknownSpace) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except (DatabaseError, EmbeddingError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_FAILED)
    except OSError as error:
        full = error.errno in DiskFull.ERRNOS
        sentence = DiskFull("the disk of SCENESEEK_HOME") if full else error
        typer.echo(f"error: {sentence}", err=True)
        sys.exit(EXIT_FAILED)


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
