"""python -m ingest PATH..."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from database.opening import INGESTING, open_database
from database.videos.read import Library
from embeddings.cli import AsJson, new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import get_profile
from embeddings.runtime import num_cores
from ingest.cli import EXIT_SOME_FAILED, run
from ingest.errors import UsageError
from ingest.files.discover import Discovery, discover
from ingest.files.ledger import Ledger
from ingest.files.outcome import OutcomeStatus, foretold, printable
from ingest.interruption import last_words
from ingest.lanes import ingest_files, with_outcomes
from ingest.library.null_statistics import Growth
from ingest.library.spaces import (
    activate_complete,
    not_searched,
    profile_of,
    require_profile,
    require_speech,
    take_up_profile,
)
from ingest.pipeline import Ingest, make_ingest
from ingest.progress import ProgressDisplay
from ingest.settings import IngestSettings
from ingest.settling import Settled, renew_statistics, settle
from ingest.summary import print_summary

_STORED = (OutcomeStatus.DONE, OutcomeStatus.PARTIAL)
_WORDS = {OutcomeStatus.PENDING: "would be opened"}
"""Statuses that say too little by themselves."""
MAX_JOBS = 12
"""Each file at work has models, a decoder and now and then a connection to itself."""
DEFAULT_JOBS = min(num_cores(), MAX_JOBS)

app = new_app()

ProfileName = Annotated[
    str | None, typer.Option(help="bundled, standard or quality; by default what the library has.")
]
Paths = Annotated[
    list[str] | None, typer.Argument(help="Folders, files or globs, and s3://bucket/folder.")
]
Jobs = Annotated[int, typer.Option(min=1, max=MAX_JOBS, help="Files to work on at a time.")]
KeyframesOnly = Annotated[
    bool,
    typer.Option(
        "--keyframes-only", help="Decode I-frames only: for very large libraries, less exact."
    ),
]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")]
Retry = Annotated[bool, typer.Option("--retry", help="Try files again that failed.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no table: what failed, and numbers.")
]
Again = Annotated[bool, typer.Option("--again", help="Make videos anew that are in the library.")]
ForgetMissing = Annotated[
    bool,
    typer.Option(
        "--forget-missing", help="Remove what is gone: of these paths, or of all without any."
    ),
]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Leave it to workers (python -m ingest.worker), and end."),
]


@app.command()
def main(
    paths: Paths = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    profile: ProfileName = None,
    jobs: Jobs = DEFAULT_JOBS,
    keyframes_only: KeyframesOnly = False,
    retry: Retry = False,
    quiet: Quiet = False,
    again: Again = False,
    forget: ForgetMissing = False,
    detach: Detach = False,
) -> None:
    """Makes videos searchable: scenes, speech, on-screen text, and what is shown.

    Running it again does only what is new. Exit codes: 0 all done, 1 failed, 2 usage, 3 some
    files failed or could be read in part only (each is named with its reason), 130 interrupted.
    docs/ingest.md says what is read, and what to do about each reason.
    """
    settings = read_settings(IngestSettings)
    if not paths and not forget:
        raise UsageError("say what to ingest: folders, files or globs")
    if dry_run and (again or forget):
        raise UsageError("--dry-run goes with neither --again nor --forget-missing")
    if detach:
        if dry_run or forget or profile is not None or keyframes_only:
            raise UsageError("--detach goes with --retry and --again alone")
        _detach(paths or [], retry=retry, again=again, as_json=as_json)
        return
    if profile is not None:
        require_profile(get_profile(profile), Encoders(settings.runtime()))
    files = discover(paths or [])
    database = open_database(settings, connections=INGESTING)
    if not quiet:
        typer.echo(f"Library: {database.description}", err=True)
    library = Library(database)
    chosen = profile_of(library, profile)
    ingest = make_ingest(
        database, settings, chosen, keyframes_only=keyframes_only, retry=retry, again=again
    )
    changes_profile = profile is not None and not dry_run
    if changes_profile:
        take_up_profile(ingest.profile, library, ingest.spaces)
    grace = timedelta(days=settings.ingest_forget_after_days) if forget else None
    has_faults = _work(files, ingest, jobs, grace, dry_run=dry_run, as_json=as_json, quiet=quiet)
    if changes_profile:
        _tell_not_searched(ingest)
    if has_faults:
        raise typer.Exit(EXIT_SOME_FAILED)


def _work(
    files: Discovery,
    ingest: Ingest,
    jobs: int,
    grace: timedelta | None,
    *,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> bool:
    """Ingests the files, settles the library and prints what became of them; whether some have
    failed, or were read in part only."""
    with Ledger() as ledger:
        tell = partial(_print, ledger, as_json=as_json, quiet=quiet)
        with last_words(lambda: tell() if ledger.counts else None):
            _fill(ledger, files, ingest, jobs, dry_run=dry_run, quiet=quiet)
        settled = None if dry_run else settle(files.roots, ingest, grace, files.places)
        if settled is not None:
            _finish(ingest)
        tell(settled)
        return ledger.has_faults


def _detach(paths: list[str], *, retry: bool, again: bool, as_json: bool) -> None:
    """Asks workers for what the command would do, and says by which number to follow it."""
    from ingest.work.asking import submit_paths

    database = open_database(read_settings(IngestSettings))
    job, lacking = submit_paths(database, paths, retry=retry, again=again)
    typer.echo(
        json.dumps({"job": job})
        if as_json
        else f"job {job}: python -m ingest.jobs show {job} says how far it is"
    )
    if lacking is not None:
        typer.echo(lacking, err=True)


def _fill(
    ledger: Ledger, files: Discovery, ingest: Ingest, jobs: int, *, dry_run: bool, quiet: bool
) -> None:
    """Enters the outcome of every file; what is missing for the run is said before any work.

    Raises WeightsMissing, UnknownSpace, SpaceMismatch.
    """
    require_speech(ingest.profile, ingest.encoders)
    ingest.spaces_to_fill()
    if dry_run:
        for number, (file, known) in enumerate(with_outcomes(files, ingest)):
            ledger.enter(number, known or foretold(file))
    else:
        _run(ledger, files, ingest, jobs, quiet=quiet)


def _run(ledger: Ledger, files: Discovery, ingest: Ingest, jobs: int, *, quiet: bool) -> None:
    growth = Growth(ingest.spaces)
    display = ProgressDisplay(Console(stderr=True), files.count, quiet=quiet)
    with display, last_words(display.stop):
        for ended in ingest_files(files, ingest, jobs, display.report):
            ledger.enter(ended.number, ended.outcome)
            display.ended(ended.outcome)
            stored = ended.is_new and ended.outcome.status in _STORED
            if stored and growth.is_due(ended.outcome.moments, ingest.spaces_to_fill()):
                renew_statistics(ingest)


def _finish(ingest: Ingest) -> None:
    renew_statistics(ingest)
    activate_complete(ingest.spaces)


def _tell_not_searched(ingest: Ingest) -> None:
    if keys := not_searched(ingest.profile, ingest.spaces):
        typer.echo(
            f"not searched yet: {', '.join(keys)}; to change to them, run python -m "
            f"ingest.backfill --profile {ingest.profile.name} --activate",
            err=True,
        )


def _print(ledger: Ledger, settled: Settled | None = None, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        _print_json(ledger, settled)
        return
    out = Console(width=None if sys.stdout.isatty() else 160)
    if ledger.counts and not quiet:
        print_summary(out, ledger)
    for outcome in (outcome for outcome in ledger if quiet and outcome.is_fault):
        typer.echo(f"{outcome.status.value}: {outcome.path}: {outcome.reason}", err=True)
    counts = [
        f"{ledger.counts[status]} {_WORDS.get(status, status.value)}"
        for status in OutcomeStatus
        if ledger.counts[status]
    ]
    out.print(", ".join([*counts, *_missing(settled)]) or "no files found")
    for kept in settled.forgotten.kept if settled and settled.forgotten else ():
        typer.echo(f"kept: {printable(kept.path)}: {kept.reason}", err=True)


def _missing(settled: Settled | None) -> list[str]:
    """What is said of files that are gone, after the counts of the others."""
    if settled is None:
        return []
    num = settled.num_missing
    told = [f"{num} missing, no longer found (--forget-missing removes them)"] if num else []
    if settled.forgotten is not None:
        told = [f"{num} missing, kept"] if num else []
        told += [f"{len(settled.forgotten.paths)} forgotten"]
    return told


def _print_json(ledger: Ledger, settled: Settled | None) -> None:
    """A line at a time: there may be a million files."""
    typer.echo('{"files": [', nl=False)
    for number, document in enumerate(ledger.documents()):
        typer.echo(f", {document}" if number else document, nl=False)
    typer.echo("]", nl=False)
    if settled is not None:
        typer.echo(f', "missing": {settled.num_missing}', nl=False)
        if settled.forgotten is not None:
            forgotten = json.dumps(asdict(settled.forgotten), ensure_ascii=True)
            typer.echo(f', "forgotten": {forgotten}', nl=False)
    typer.echo("}")


if __name__ == "__main__":
    run(app)
