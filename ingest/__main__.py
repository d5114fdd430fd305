"""python -m ingest PATH..."""

import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from database.opening import open_database
from database.videos.read import Library
from embeddings.cli import AsJson, new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import get_profile
from ingest.checkpoint import GONE
from ingest.cli import EXIT_SOME_FAILED, interrupted, run
from ingest.errors import Interrupted
from ingest.files.discover import FoundFile, discover
from ingest.files.identity import known_outcome
from ingest.files.outcome import Outcome, OutcomeStatus, printable
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.spaces import (
    activate_complete,
    not_searched,
    profile_of,
    require_profile,
    require_speech,
    take_up_profile,
)
from ingest.pipeline import ingest_files
from ingest.progress import ProgressDisplay, summary_table
from ingest.settings import IngestSettings
from ingest.tools import Tools, make_tools

_STORED = (OutcomeStatus.DONE, OutcomeStatus.PARTIAL)
MAX_JOBS = 12
"""Each file at work holds a connection for its lock and needs one more now and then."""

app = new_app()


@app.command()
def main(
    paths: Annotated[list[str], typer.Argument(help="Folders, files or globs.")],
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, do nothing.")] = False,
    profile: Annotated[
        str | None,
        typer.Option(help="bundled, standard or quality; by default what the library has."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=MAX_JOBS, help="Files to work on at a time.")
    ] = os.cpu_count() or 2,
    keyframes_only: Annotated[
        bool,
        typer.Option(
            "--keyframes-only", help="Decode I-frames only: for very large libraries, less exact."
        ),
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try files again that failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Makes videos searchable: scenes, speech, on-screen text, and what is shown.

    Running it again does only what is new. Exit codes: 0 all done, 1 failed, 2 usage, 3 some
    files failed (each is named with its reason), 130 interrupted.
    """
    settings = read_settings(IngestSettings)
    console = Console(stderr=True)
    if profile is not None:
        require_profile(get_profile(profile), Encoders(settings.runtime()))
    files = discover(paths)
    database = open_database(settings)
    if not quiet:
        typer.echo(f"Library: {database.description}", err=True)
    tools = make_tools(
        database,
        settings,
        profile_of(Library(database), profile),
        keyframes_only=keyframes_only,
        retry=retry,
    )
    if profile is not None and not dry_run:
        take_up_profile(tools.profile, Library(database), tools.library_spaces)
    require_speech(tools.profile, tools.encoders)
    tools.spaces()  # what is missing for them is said before any work is done
    if dry_run:
        outcomes = [_would_be(file, tools) for file in files]
    else:
        try:
            outcomes = _run(files, tools, jobs, console, quiet=quiet)
        except (Interrupted, KeyboardInterrupt):
            raise interrupted() from None
    _print(outcomes, as_json=as_json, quiet=quiet)
    if profile is not None and not dry_run:
        _say_what_is_not_searched(tools)
    if any(outcome.is_fault for outcome in outcomes):
        raise typer.Exit(EXIT_SOME_FAILED)


def _run(
    files: list[FoundFile],
    tools: Tools,
    jobs: int,
    console: Console,
    *,
    quiet: bool,
) -> list[Outcome]:
    _remove_leftovers(tools)
    outcomes = []
    with ProgressDisplay(console, len(files), quiet=quiet) as display:
        stopped = _stop_on_interrupt()
        for outcome in ingest_files(files, tools, jobs, display.report, stopped):
            display.ended(outcome)
            outcomes.append(outcome)
    refresh_null_statistics(tools.library_spaces, tools.spaces(), tools.encoders)
    activate_complete(tools.library_spaces)
    if any(outcome.status in _STORED for outcome in outcomes):
        tools.store.analyse()
    order = {printable(file.path): number for number, file in enumerate(files)}
    return sorted(outcomes, key=lambda outcome: order[outcome.path])


def _say_what_is_not_searched(tools: Tools) -> None:
    if keys := not_searched(tools.profile, tools.library_spaces):
        typer.echo(
            f"not searched yet: {', '.join(keys)}; to change to them, run python -m "
            f"ingest.backfill --profile {tools.profile.name} --activate",
            err=True,
        )


def _stop_on_interrupt() -> threading.Event:
    """Set by the first Ctrl-C, which ends the run in good order; a second one ends it at once."""
    stopped = threading.Event()

    def stop(*_: object) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, stop)
    return stopped


def _would_be(file: FoundFile, tools: Tools) -> Outcome:
    if file.refusal is not None:
        return Outcome(printable(file.path), OutcomeStatus.FAILED, file.refusal)
    known = known_outcome(file, tools.store, retry=tools.retry)
    return known or Outcome(printable(file.path), OutcomeStatus.PENDING, "would be ingested")


def _remove_leftovers(tools: Tools) -> None:
    """What runs left behind that were killed: work of videos that are stored, and keyframes of
    videos that are not."""
    for folder in tools.work_dir.glob("*-*-*"):
        digest = folder.name.split("-")[0]
        if folder.suffix == GONE or tools.store.find_video_by_content(digest) is not None:
            shutil.rmtree(folder, ignore_errors=True)
    for images in tools.keyframes_dir.glob("*/*"):
        digest = images.name.split(".")[0]
        if tools.store.find_video_by_content(digest) is None:
            with tools.store.claim(digest):  # nobody is storing it just now
                if tools.store.find_video_by_content(digest) is None:
                    shutil.rmtree(images, ignore_errors=True)


def _print(outcomes: list[Outcome], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        document = {"files": [asdict(outcome) for outcome in outcomes]}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    counts = Counter(outcome.status.value for outcome in outcomes)
    out = Console(width=None if sys.stdout.isatty() else 160)
    if not quiet:
        out.print(summary_table(outcomes), highlight=False)
    out.print(", ".join(f"{n} {status}" for status, n in counts.items()) or "no files found")


if __name__ == "__main__":
    run(app)
