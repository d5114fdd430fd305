"""The summary of a run for people: what became of each file, and numbers of what was left alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import PurePath

from rich.console import Console
from rich.table import Table

from ingest.files.batches import batches
from ingest.files.discover import LINKED_FOLDER, RUBBISH_FOLDER, SUBTITLES_OF
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
_MAX_ROWS = 300
"""Of a table, which takes 1 ms for each; more outcomes are lines of plain text, so that 20,000 of a
run that was interrupted are told at once, too."""


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

    listed = filter(is_listed, ledger)
    rows = list(islice(listed, _MAX_ROWS + 1))
    if len(rows) <= _MAX_ROWS:
        out.print(_table(rows), highlight=False)
    else:
        out.out("status     file: reason")
        for batch in batches(chain(rows, listed)):
            out.out("\n".join(map(_line, batch)), highlight=False)
    for line in _left_alone(outcome for outcome in ledger if not is_listed(outcome)):
        out.print(line, markup=False, highlight=False)


def _line(outcome: Outcome) -> str:
    told = _told(outcome)
    return f"{outcome.status.value:<11}{outcome.path}" + (f": {told}" if told else "")


def _table(outcomes: Iterable[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False)
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
    num_unchanged = num_others = num_subtitles = 0
    rubbish = Counter[str]()
    for outcome in outcomes:
        if outcome.status is OutcomeStatus.UNCHANGED:
            num_unchanged += 1
        elif (outcome.reason or "").startswith(SUBTITLES_OF):
            num_subtitles += 1
        elif outcome.reason == RUBBISH_FOLDER:
            rubbish[PurePath(outcome.path).name] += 1
        else:
            num_others += 1
    if num_unchanged:
        yield f"unchanged: {num_unchanged} files (--json lists them)"
    if num_subtitles:
        files = "file of subtitles, read with its video"
        if num_subtitles > 1:
            files = "files of subtitles, read with their videos"
        yield f"skipped: {num_subtitles} {files} (--json lists them)"
    if num_others:
        files = "file that is no recording" if num_others == 1 else "files that are no recordings"
        yield f"skipped: {num_others} {files} (--json lists them)"
    if rubbish:
        is_one = rubbish.total() == 1
        folders = "folder that a file server or system keeps for itself"
        if not is_one:
            folders = "folders that file servers and systems keep for themselves"
        yield (
            f"skipped: {rubbish.total()} {folders}: {', '.join(rubbish)} (--json lists "
            f"{'it; name it' if is_one else 'them; name one'} to ingest what is in it)"
        )


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
