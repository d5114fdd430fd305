"""python -m ingest.backfill: fills spaces of a library that is there already; changes models."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from database.models import SpaceState
from database.opening import open_database
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.cli import new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import choose_spaces, get_profile
from embeddings.space import Space
from ingest.cli import EXIT_SOME_FAILED, interrupted, run
from ingest.errors import UsageError
from ingest.library.backfilling import Filled, Filler
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.spaces import activate_complete, spaces_to_fill
from ingest.progress import FillDisplay
from ingest.settings import IngestSettings
from ingest.tools import make_isolation

app = new_app()


@app.command()
def main(
    space: Annotated[
        list[str] | None,
        typer.Option(help="A space or model (python -m embeddings list); may be repeated."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All spaces that the library fills.")
    ] = False,
    profile: Annotated[str | None, typer.Option(help="The spaces of a profile.")] = None,
    activate: Annotated[
        bool, typer.Option("--activate", help="Search them from now on, once they are complete.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Search again what was searched before.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Remove their vectors.")] = False,
    queries: Annotated[
        Path | None, typer.Option(help="With --activate: labelled queries to compare both on.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what is missing, do nothing.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Moments in each space.")] = None,
    video: Annotated[int | None, typer.Option(help="Only the video with this id.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Embeds what spaces lack, from stored keyframes and texts and from the videos.

    It can be interrupted at any time and run again, beside an ingest and beside searches. Exit
    codes: 0 all done, 1 failed, 2 usage, 3 some videos failed (each is named), 130 interrupted.
    """
    if sum((activate, rollback, drop, dry_run)) > 1:
        raise UsageError("--activate, --rollback, --drop and --dry-run exclude each other")
    if queries is not None and not (activate and queries.is_file()):
        raise UsageError("--queries names a file, and goes with --activate")
    if sum((bool(space), profile is not None, every)) != 1:
        raise UsageError("say what to fill: --space KEY, --profile NAME or --all")
    settings = read_settings(IngestSettings)
    encoders = Encoders(settings.runtime(os.cpu_count() or 1))
    with contextlib.closing(open_database(settings)) as database:
        spaces = Spaces(database)
        if rollback or drop:
            _go_back(_keys(space, profile, spaces), spaces, drop=drop)
            return
        chosen = _chosen(space, profile, spaces, encoders)
        if activate:
            _require_one_a_slot(chosen)
        if dry_run:
            _say_what_is_missing(chosen, spaces)
            return
        filler = _make_filler(database, settings, encoders)
        if video is not None:
            filler.library.get_video(video)
        try:
            filled = _fill(filler, chosen, limit, video, quiet=quiet)
        except KeyboardInterrupt:
            raise interrupted() from None
        _name_faults(filled, filler.library)
        activate_complete(spaces)
        if activate:
            _activate(chosen, spaces, queries)
        _say_what_is_there(chosen, spaces)
        if filled.faults:
            raise typer.Exit(EXIT_SOME_FAILED)


def _chosen(
    names: list[str] | None, profile: str | None, spaces: Spaces, encoders: Encoders
) -> list[Space]:
    """The spaces that are named, or those that the library fills. Raises WeightsMissing."""
    if profile is not None:
        chosen = list(get_profile(profile).spaces)
    elif names:
        chosen = choose_spaces(names, encoders.spaces)
    else:
        chosen = list(spaces_to_fill(spaces, encoders))
    for space in chosen:
        encoders.require_weights(space)
    return chosen


def _keys(names: list[str] | None, profile: str | None, spaces: Spaces) -> list[str]:
    """The keys of spaces of the library, whether or not their models are here."""
    if profile is not None:
        return [space.key for space in get_profile(profile).spaces]
    if not names:
        raise UsageError("--rollback and --drop need --space KEY or --profile NAME")
    stored = spaces.all()
    return [key for name in names for key in ([name] if name in stored else _keys_of(name))]


def _keys_of(name: str) -> list[str]:
    return [space.key for space in choose_spaces([name])]


def _require_one_a_slot(chosen: Sequence[Space]) -> None:
    slots = [space.slot for space in chosen]
    twice = [space.key for space in chosen if slots.count(space.slot) > 1]
    if twice:
        raise UsageError(f"only one space of a slot can be active: choose of {', '.join(twice)}")


def _make_filler(database: Database, settings: IngestSettings, encoders: Encoders) -> Filler:
    return Filler(
        Library(database),
        Spaces(database),
        encoders,
        make_isolation(settings),
        settings.keyframes_dir,
        settings.ingest_max_pixels,
    )


def _fill(
    filler: Filler, chosen: Sequence[Space], limit: int | None, video: int | None, *, quiet: bool
) -> Filled:
    filler.spaces.add(chosen)
    totals = {}
    for space in chosen:
        coverage = filler.spaces.coverage(space.key)
        missing = coverage.wanted - coverage.embedded
        totals[space.key] = missing if limit is None else min(limit, missing)
    with FillDisplay(Console(stderr=True), totals, quiet=quiet) as display:
        filled = filler.fill(chosen, display.report, limit=limit, video_id=video)
    refresh_null_statistics(filler.spaces, chosen, filler.encoders)
    return filled


def _go_back(keys: Sequence[str], spaces: Spaces, *, drop: bool) -> None:
    if drop:
        for key in keys:
            spaces.drop(key)
            typer.echo(f"{key}: removed")
        return
    for key, before in zip(keys, spaces.rollback(*keys), strict=True):
        typer.echo(f"{before}: active again, instead of {key}")


def _activate(chosen: Sequence[Space], spaces: Spaces, queries: Path | None) -> None:
    if queries is not None:
        _compare([space.key for space in chosen if space.answers_text], queries)
    spaces.activate(*(space.key for space in chosen))


def _compare(keys: Sequence[str], queries: Path) -> None:
    """The evaluation with the spaces that are searched, and with the chosen ones instead."""
    instead = [part for key in keys for part in ("--space", key)]
    for title, options in (("as it is", []), ("with the new spaces", instead)):
        command = [sys.executable, "-m", "search.evaluate", str(queries), "--json", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UsageError(done.stderr.strip().removeprefix("error: "))
        measured: dict[str, Any] = json.loads(done.stdout)["methods"]["balanced"]["all"]
        figures = "  ".join(f"{name} {value:.2f}" for name, value in measured.items())
        typer.echo(f"{title:>20}: {figures}")


def _say_what_is_missing(chosen: Sequence[Space], spaces: Spaces) -> None:
    there = spaces.all()
    for space in chosen:
        wanted = spaces.num_wanted(space.input)
        embedded = spaces.coverage(space.key).embedded if space.key in there else 0
        typer.echo(f"{space.key}: {wanted - embedded} of {wanted} moments would be embedded")


def _say_what_is_there(chosen: Sequence[Space], spaces: Spaces) -> None:
    there = spaces.all()
    for space in chosen:
        coverage, state = spaces.coverage(space.key), there[space.key].state
        line = f"{space.key}: {coverage.embedded} of {coverage.wanted} moments, {state.value}"
        if coverage.complete and state is not SpaceState.ACTIVE:
            line += "; --activate makes it the one that is searched"
        typer.echo(line)


def _name_faults(filled: Filled, library: Library) -> None:
    for video_id, reason in filled.faults.items():
        typer.echo(f"{library.get_video(video_id).path}: {reason}", err=True)


if __name__ == "__main__":
    run(app)
