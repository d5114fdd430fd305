"""A run of a command that ingests, from the first file to what is printed at its end."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial

import typer
from rich.console import Console

from ingest.files.discover import Discovery
from ingest.files.ledger import Ledger
from ingest.files.outcome import OutcomeStatus, foretold, printable
from ingest.interruption import last_words
from ingest.lanes import Ended, with_outcomes
from ingest.library.null_statistics import Growth
from ingest.library.spaces import activate_complete, not_searched, require_speech
from ingest.pipeline import Ingest, Report
from ingest.progress import ProgressDisplay
from ingest.settling import Settled, renew_statistics, settle
from ingest.summary import print_summary

_STORED = (OutcomeStatus.DONE, OutcomeStatus.PARTIAL)
_WORDS = {OutcomeStatus.PENDING: "would be opened"}
"""Statuses that say too little by themselves."""
Lanes = Callable[[Discovery, Ingest, Report], Iterator[Ended]]
"""What works on the files: the outcome of every one of them, as they end."""


def run_files(
    files: Discovery,
    ingest: Ingest,
    lanes: Lanes,
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
            _fill(ledger, files, ingest, lanes, dry_run=dry_run, quiet=quiet)
        settled = None if dry_run else settle(files.roots, ingest, grace, files.places)
        if settled is not None:
            _finish(ingest)
        tell(settled)
        return ledger.has_faults


def _fill(
    ledger: Ledger, files: Discovery, ingest: Ingest, lanes: Lanes, *, dry_run: bool, quiet: bool
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
        _run(ledger, files, ingest, lanes, quiet=quiet)


def _run(ledger: Ledger, files: Discovery, ingest: Ingest, lanes: Lanes, *, quiet: bool) -> None:
    growth = Growth(ingest.spaces)
    display = ProgressDisplay(Console(stderr=True), files.count, quiet=quiet)
    with display, last_words(display.stop):
        for ended in lanes(files, ingest, display.report):
            ledger.enter(ended.number, ended.outcome)
            display.ended(ended.outcome)
            stored = ended.is_new and ended.outcome.status in _STORED
            if stored and growth.is_due(ended.outcome.moments, ingest.spaces_to_fill()):
                renew_statistics(ingest)


def _finish(ingest: Ingest) -> None:
    renew_statistics(ingest)
    activate_complete(ingest.spaces)


def tell_not_searched(ingest: Ingest) -> None:
    """A line on stderr if spaces of the profile fill beside others, which are searched."""
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
