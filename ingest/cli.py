"""What the commands of this package share: exit codes and logging."""

from typing import NoReturn

import typer

from embeddings import cli

EXIT_SOME_FAILED = 3


def interrupted() -> typer.Exit:
    """The end of a run that the person has stopped, told on stderr; to be raised."""
    typer.echo("interrupted; run the same command again to go on", err=True)
    return typer.Exit(cli.EXIT_INTERRUPTED)


def run(app: typer.Typer) -> NoReturn:
    """A command line from its arguments to its exit code, as embeddings/cli.py runs it."""
    cli.log_to_stderr()
    cli.run(app)
