"""python -m database upgrade | status | stop | check | doctor | tag."""

import json
import os
from typing import Annotated, Any

import typer

from database.check import find_faults
from database.doctor.examination import examine
from database.doctor.findings import Level, as_lines, as_rows
from database.migrate import current_revision, upgrade_schema
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import num_clients, running_url, stop_embedded
from database.server.sqlstates import translated_errors
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.tags import Tags
from database.videos.read import Library
from embeddings.cli import AsJson, fail, new_app, read_settings, run

app = new_app("The library's database.")


@app.command()
def upgrade() -> None:
    """Brings the schema to this version."""
    database = open_database(read_settings(DatabaseSettings), require_schema=False)
    with translated_errors(database.description):
        upgrade_schema(database)
    typer.echo(f"{database.description} has schema {current_revision(database.engine)}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Says which database is in use, and what it holds of videos and of each space."""
    database = open_database(read_settings(DatabaseSettings))
    rows = Library(database).row_counts()
    spaces = _space_rows(database)
    if as_json:
        document = {
            "database": database.description,
            "embedded": database.embedded,
            "schema": current_revision(database.engine),
            "rows": rows,
            "spaces": spaces,
        }
        typer.echo(json.dumps(document))
        return
    typer.echo(database.description)
    for table, count in rows.items():
        typer.echo(f"{table:>10} {count:>10,}")
    width = max((len(space["space"]) for space in spaces), default=0)
    for space in spaces:
        share = f"{space['embedded']:,} of {space['wanted']:,}"
        typer.echo(f"{space['space']:<{width}}  {space['slot']:<17}  {space['state']:<7}  {share}")


@app.command()
def stop() -> None:
    """Stops the embedded server."""
    settings = read_settings(DatabaseSettings)
    if settings.database_url is not None:
        fail("DATABASE_URL names a server, which is not ours to stop", 2)
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
def check(as_json: AsJson = False) -> None:
    """Checks every invariant of the library."""
    settings = read_settings(DatabaseSettings)
    faults = find_faults(open_database(settings), settings.keyframes_dir)
    typer.echo(json.dumps({"faults": faults}) if as_json else "\n".join(faults) or "clean")
    if faults:
        fail("the library has faults: ingest the videos named again, or restore a backup")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Looks over the machine, the database and the models, and says what to do."""
    findings = examine(read_settings(DatabaseSettings), os.environ)
    num_faults = sum(finding.level is Level.FAULT for finding in findings.values())
    if as_json:
        typer.echo(json.dumps({"faults": num_faults, "checks": as_rows(findings)}))
    else:
        typer.echo("\n".join(as_lines(findings)))
    if num_faults:
        fail("1 fault" if num_faults == 1 else f"{num_faults} faults")


@app.command()
def tag(
    video: Annotated[
        int, typer.Argument(help="The video's id, as the API shows it.", min=1, max=2**63 - 1)
    ],
    names: Annotated[list[str] | None, typer.Argument(help="None takes all tags away.")] = None,
    as_json: AsJson = False,
) -> None:
    """Gives a video these tags, instead of those it has, for searches to filter by."""
    tags = Tags(open_database(read_settings(DatabaseSettings))).put(video, names or [])
    if as_json:
        typer.echo(json.dumps({"video": video, "tags": tags}))
    else:
        typer.echo(f"video {video}: {', '.join(tags) or 'no tags'}")


def _space_rows(database: Database) -> list[dict[str, Any]]:
    """Each space of the library: whether it is searched, and how complete it is."""
    library, rows = Spaces(database), []
    for key, info in library.all().items():
        coverage = library.coverage(key)
        rows.append(
            {
                "space": key,
                "slot": info.slot,
                "state": info.state.value,
                "embedded": coverage.embedded,
                "wanted": coverage.wanted,
            }
        )
    return rows


if __name__ == "__main__":
    run(app)
