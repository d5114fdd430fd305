"""python -m database upgrade | status | stop | check | tag."""

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from database.check import find_faults
from database.errors import DatabaseError
from database.migrate import current_revision, upgrade_schema
from database.server.connection import Database, open_database, translated_errors
from database.server.embedded import num_clients, running_url, stop_embedded
from database.settings import Settings, load_settings
from database.tags import Tags
from database.videos.read import Library

app = typer.Typer(
    help="The library's database.", no_args_is_help=True, pretty_exceptions_enable=False
)


def _open(settings: Settings, *, require_schema: bool = True) -> Database:
    return open_database(settings, require_schema=require_schema)


@app.command()
def upgrade() -> None:
    """Brings the schema to this version."""
    database = _open(load_settings(), require_schema=False)
    with translated_errors(database.description):
        upgrade_schema(database.engine)
    typer.echo(f"{database.description} has schema {current_revision(database.engine)}")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Says which database is in use and what it holds."""
    database = _open(load_settings())
    rows = Library(database).row_counts()
    if as_json:
        document = {
            "database": database.description,
            "embedded": database.embedded,
            "schema": current_revision(database.engine),
            "rows": rows,
        }
        typer.echo(json.dumps(document))
        return
    typer.echo(database.description)
    for table, count in rows.items():
        typer.echo(f"{table:>10} {count:>10,}")


@app.command()
def stop() -> None:
    """Stops the embedded server."""
    settings = load_settings()
    if settings.database_url is not None:
        typer.echo("DATABASE_URL names a server, which is not ours to stop", err=True)
        raise typer.Exit(2)
    url = running_url(settings.home)
    with translated_errors("the embedded PostgreSQL"):
        others = num_clients(url) if url is not None else 0
    stopped = stop_embedded(settings.home)
    typer.echo("stopped" if stopped else "was not running")
    if stopped and others:
        cut = "1 connection of another program was" if others == 1 else f"{others} connections were"
        typer.echo(
            f"{cut} cut: an API that runs answers again once the server does "
            "(python -m database status starts it)",
            err=True,
        )


@app.command()
def check() -> None:
    """Checks every invariant of the library."""
    settings = load_settings()
    faults = find_faults(_open(settings), settings.keyframes_dir)
    for fault in faults:
        typer.echo(fault)
    if faults:
        typer.echo(
            "the library has faults: ingest the videos named again, or restore a backup", err=True
        )
        raise typer.Exit(1)
    typer.echo("clean")


@app.command()
def tag(
    video: Annotated[
        int, typer.Argument(help="The video's id, as the API shows it.", min=1, max=2**63 - 1)
    ],
    names: Annotated[list[str] | None, typer.Argument(help="None takes all tags away.")] = None,
) -> None:
    """Gives a video these tags, instead of those it has, for searches to filter by."""
    tags = Tags(_open(load_settings())).put(video, names or [])
    typer.echo(f"video {video}: {', '.join(tags) or 'no tags'}")


def main(command: Callable[[], None] = app) -> None:
    """Runs a command; what a person can put right is one sentence on stderr, exit 1."""
    try:
        command()
    except DatabaseError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
