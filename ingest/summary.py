"""The summary of a run for people: what became of each file, and numbers of what was left alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from rich.console import Console
from rich.table import Table

from ingest.files.batches import batches
from ingest.files.discover import LINKED_FOLDER, RUBBISH_FOLDER
from ingest.files.ledger import Ledger
from ingest.files.outcome import Outcome, OutcomeStatus

COLOURS = {
    OutcomeStatus.DONE: "green",
    OutcomeStatus.UNCHANGED: "dim",
    OutcomeStatus.PARTIAL: "yellow",
    OutcomeStatus.FAILED: "red",
    OutcomeStatus.SKIPPED: "dim",
    OutcomeStatus.PENDING: "cyan",
}
_MAX_UNCHANGED = 100
"""Unchanged files are listed up to here; more are only counted."""


def is_news(outcome: Outcome) -> bool:
    """Whether people are told of an outcome by itself, however many there are."""
    if outcome.status is OutcomeStatus.SKIPPED:
        return outcome.reason == LINKED_FOLDER
    return outcome.status is not OutcomeStatus.UNCHANGED


def print_summary(out: Console, ledger: Ledger) -> None:
    """A row for each outcome, with its reason and notes; of what was left alone, numbers."""
    lists_unchanged = ledger.counts[OutcomeStatus.UNCHANGED] <= _MAX_UNCHANGED

    def is_listed(outcome: Outcome) -> bool:
        is_unchanged = outcome.status is OutcomeStatus.UNCHANGED
        return is_news(outcome) or (is_unchanged and lists_unchanged)

    is_first = True
    for rows in batches(filter(is_listed, ledger)):
        out.print(_table(rows, header=is_first), highlight=False)
        is_first = False
    for line in _left_alone(outcome for outcome in ledger if not is_listed(outcome)):
        out.print(line, markup=False, highlight=False)


def _table(outcomes: Iterable[Outcome], *, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=header)
    for name in ("status", "file", "scenes", "moments", "seconds"):
        right = name in ("scenes", "moments", "seconds")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    table.add_column("reason", overflow="fold")
    for outcome in outcomes:
        table.add_row(
            f"[{COLOURS[outcome.status]}]{outcome.status.value}[/]",
            _escaped(outcome.path),
            str(outcome.scenes),
            str(outcome.moments),
            f"{outcome.seconds:.1f}",
            _escaped(_told(outcome)),
        )
    return table


def _told(outcome: Outcome) -> str:
    notes = [f"note: {note}" for note in outcome.notes]
    return "; ".join([outcome.reason, *notes] if outcome.reason else notes)


def _left_alone(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line for each kind of what was left alone."""
    num_unchanged = num_others = 0
    rubbish = Counter[str]()
    for outcome in outcomes:
        if outcome.status is OutcomeStatus.UNCHANGED:
            num_unchanged += 1
        elif outcome.reason == RUBBISH_FOLDER:
            rubbish[PurePath(outcome.path).name] += 1
        else:
            num_others += 1
    if num_unchanged:
        yield f"unchanged: {num_unchanged} files (--json lists them)"
    if num_others:
        files = "file that is no recording" if num_others == 1 else "files that are no recordings"
        yield f"skipped: {num_others} {files} (--json lists them)"
    if rubbish:
        yield (
            f"skipped: {rubbish.total()} of the folders that file servers and systems keep for "
            f"themselves: {', '.join(rubbish)} (--json lists them; name one to ingest it)"
        )


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
