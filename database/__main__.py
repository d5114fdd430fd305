"""python -m database upgrade | status | stop | check | doctor | tune | tag | forget | spread."""

import json
import os
import sys
from typing import Annotated, Any

import typer

from database.check import find_faults
from database.checking.checked import printable
from database.checking.faults import num_kinds
from database.checking.files import is_there
from database.doctor.examination import examine
from database.doctor.findings import Level, as_lines, as_rows
from database.forms import MAX_ID
from database.migrate import current_revision, upgrade_schema
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import num_clients, running_url, stop_embedded
from database.server.spread import SpreadDatabase
from database.server.sqlstates import translated_errors
from database.settings import DatabaseSettings
from database.shards.moving import spread as move_astray
from database.shards.numbering import make_shards
from database.spaces.spaces import Spaces
from database.spaces.tuning import Tuning, named
from database.tags import Tags
from database.videos.descriptions import DescriptionStore
from database.videos.forgetting import forget_videos
from database.videos.read import Library
from database.videos.removal import ForgottenVideo, Removal
from database.videos.stored import Store
from embeddings.cli import AsJson, fail, log_to_stderr, new_app, read_settings, run

app = new_app("The library's database.")


@app.command()
def upgrade() -> None:
    """Brings the schema to this version; databases of DATABASE_SHARD_URLS become shards."""
    settings = read_settings(DatabaseSettings)
    if settings.shard_urls:
        for number, description in enumerate(make_shards(settings)):
            typer.echo(f"shard {number}: {description}")
        return
    database = open_database(settings, require_schema=False)
    with translated_errors(database.description):
        upgrade_schema(database)
    typer.echo(f"{database.description} has schema {current_revision(database.engine)}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Says which database is in use, and what it holds of videos and of each space."""
    database = open_database(read_settings(DatabaseSettings))
    rows = Library(database).row_counts()
    spaces = _space_rows(database)
    described = DescriptionStore(database).count()
    if as_json:
        document = {
            "database": database.description,
            "embedded": database.embedded,
            "schema": current_revision(database.engine),
            "rows": rows,
            "spaces": spaces,
            "descriptions": {"described": described.described, "missing": described.missing},
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
    if described.described and described.missing:
        typer.echo(
            f"{described.missing:,} of {described.keyframes:,} keyframes have no description: "
            "python -m ingest.backfill --descriptions"
        )


@app.command()
def stop() -> None:
    """Stops the embedded server."""
    settings = read_settings(DatabaseSettings)
    if settings.shard_urls:
        fail("DATABASE_SHARD_URLS names servers, which are not ours to stop", 2)
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
            f"{cut} cut: an API or a worker that runs starts the server again; end them first, if "
            "it is to stay stopped",
            err=True,
        )


@app.command()
def check(
    as_json: AsJson = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Do what the remedies say, then check again.")
    ] = False,
) -> None:
    """Checks whether rows, files and keyframes of the library say the same.

    Exit codes: 0 they do, 1 they do not: each kind of fault is named with its remedy.
    """
    settings = read_settings(DatabaseSettings)
    if repair:  # by an ingest, which this package stands below
        command = [sys.executable, "-m", "ingest.mend", *(["--json"] if as_json else [])]
        os.execv(sys.executable, command)
    faults = find_faults(open_database(settings), settings.keyframes_dir)
    if as_json:
        rows = [fault.as_row() for fault in faults]
        typer.echo(json.dumps({"faults": list(map(str, faults)), "found": rows}))
    else:
        typer.echo("\n".join(fault.as_lines() for fault in faults) or "clean")
    if faults:
        fail(f"{num_kinds(faults)}: what to do about each stands below it")


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
def tune(
    space: Annotated[
        str | None, typer.Option(help="This space alone; else all that are searched.")
    ] = None,
    take: Annotated[
        str | None,
        typer.Option(
            help="Search so from now on: best (what the table says), half (half floats), or how "
            "many candidates of bits, from 10 to 1000."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measures how spaces are searched by half floats and by bits, on their own vectors.

    Bits take two fifths of the room and miss a little, the less, the more candidates are compared.
    Indexes are built and removed while the library is searched.
    """
    candidates = _candidates(take)
    database = open_database(read_settings(DatabaseSettings))
    log_to_stderr()
    tuning, rows = Tuning(database), []
    for key in [space] if space else Spaces(database).active():
        if candidates is not None:
            tuning.take(key, candidates or None)
            told = {"space": key, "taken": candidates or "half"}
            lines = f"{key}: {named(candidates or None)} from now on"
        else:
            tuned = tuning.tune(key, take=take == "best")
            told = tuned.as_row() if tuned else {"space": key, "vectors": 0}
            lines = tuned.as_lines() if tuned else f"{key}: no vectors yet"
        rows.append(told)
        if not as_json:
            typer.echo(lines)
    if as_json:
        typer.echo(json.dumps({"spaces": rows}))


@app.command()
def tag(
    video: Annotated[
        int, typer.Argument(help="The video's id, as the API shows it.", min=1, max=MAX_ID)
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


@app.command()
def forget(
    videos: Annotated[
        list[int],
        typer.Argument(help="Ids of videos, as the API shows them.", min=1, max=MAX_ID),
    ],
    as_json: AsJson = False,
) -> None:
    """Removes videos from the library, with their tags; their files stay as they are."""
    settings = read_settings(DatabaseSettings)
    database = open_database(settings)
    forgotten = forget_videos(videos, settings.keyframes_dir, Removal(database), Store(database))
    rows = [_forgotten_row(video, database.origin) for video in forgotten]
    if as_json:
        typer.echo(json.dumps({"forgotten": rows}))
        return
    for row in rows:
        typer.echo(f"forgotten: video {row['video']} ({row['path'] or 'without a file'})")
        for path in row["still_there"]:
            typer.echo(
                f"  {printable(path)} is still there: the next ingest of its folder makes the "
                "video anew, unless you move or delete the file"
            )


def _candidates(take: str | None) -> int | None:
    """Those to take without a measurement; 0 for half floats."""
    if take in (None, "best"):
        return None
    if take == "half":
        return 0
    if take.isdecimal() and 10 <= int(take) <= 1000:
        return int(take)
    return fail(f"--take is best, half, or a number from 10 to 1000, not {take}", 2)


@app.command()
def spread(as_json: AsJson = False) -> None:
    """Moves videos to the shards that they belong to, after one was added; searches go on.

    What is cut off goes on where it was. Exit codes: 0 all are in their places, 3 some are at work.
    """
    database = open_database(read_settings(DatabaseSettings))
    if not isinstance(database, SpreadDatabase):
        fail("DATABASE_SHARD_URLS is not set: the library is in one database", 2)
    done = move_astray(database)
    if as_json:
        typer.echo(json.dumps({"moved": done.moved, "busy": done.busy}))
    else:
        typer.echo(f"{done.moved:,} moved")
    if done.busy:
        fail(f"{done.busy:,} are being ingested: run this again after that", 3)


def _forgotten_row(video: ForgottenVideo, origin: str) -> dict[str, Any]:
    """Only of this host's files is it known whether they are there."""
    own = [path for owner, path in video.files if owner == origin]
    return {
        "video": video.id,
        "path": printable(video.files[0][1]) if video.files else None,
        "still_there": [path for path in own if is_there(path)],
    }


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
