"""Progress on stderr, bars on a terminal and log lines elsewhere, and the summary of a run."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from embeddings.space import Space
from ingest.files.outcome import Outcome, OutcomeStatus, printable

_COLOURS = {
    OutcomeStatus.DONE: "green",
    OutcomeStatus.UNCHANGED: "dim",
    OutcomeStatus.PARTIAL: "yellow",
    OutcomeStatus.FAILED: "red",
    OutcomeStatus.SKIPPED: "dim",
    OutcomeStatus.PENDING: "cyan",
}
_STAGES = {
    "hash": "reading",
    "decode": "decoding",
    "speech": "listening",
    "text": "reading text",
    "embed": "embedding",
    "store": "storing",
}
_LOG_EVERY_S = 5.0


class ProgressDisplay:
    """The progress of an ingest: a bar for each file's stage at work, one for all files.

    It may be told from any thread.
    """

    def __init__(self, console: Console, total: int, *, quiet: bool) -> None:
        self._log = structlog.get_logger()
        self._quiet = quiet
        self._lock = threading.Lock()
        self._tasks: dict[Path, dict[str, TaskID]] = {}
        self._progress = _bars(console, quiet=quiet)
        self._live = console.is_terminal
        self._all = self._progress.add_task("all files", total=total)

    def report(self, path: Path, stage: str, part: float | None) -> None:
        """A Report of ingest/pipeline.py: how far a stage of a file is."""
        with self._lock:
            tasks = self._tasks.setdefault(path, {})
            if stage not in tasks:
                description = f"  {printable(path.name)[-40:]}: {_STAGES[stage]}"
                tasks[stage] = self._progress.add_task(description, total=100)
                if not self._live and not self._quiet:
                    self._log.info(_STAGES[stage], file=printable(path))
            self._progress.update(tasks[stage], completed=round(100 * (part or 0.0)))

    def ended(self, outcome: Outcome) -> None:
        """Told that a file is done with: its bars go."""
        with self._lock:
            for path in [p for p in self._tasks if printable(p) == outcome.path]:
                for task in self._tasks.pop(path).values():
                    self._progress.remove_task(task)
            self._progress.advance(self._all)
        if not self._live and not self._quiet:
            self._log.info(
                outcome.status.value,
                file=outcome.path,
                **({"reason": outcome.reason} if outcome.reason else {}),
                seconds=outcome.seconds,
            )

    def __enter__(self) -> "ProgressDisplay":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


class FillDisplay:
    """The progress of a backfill: a bar for each space."""

    def __init__(self, console: Console, totals: Mapping[str, int], *, quiet: bool) -> None:
        self._log = structlog.get_logger()
        self._logs = not quiet and not console.is_terminal
        self._progress = _bars(console, quiet=quiet)
        self._tasks = {
            key: self._progress.add_task(f"  {key}", total=total) for key, total in totals.items()
        }
        self._started = self._logged = time.monotonic()

    def report(self, space: Space, num_embedded: int) -> None:
        """A Report of ingest/library/backfilling.py: how many vectors were stored in a space."""
        task = self._tasks[space.key]
        self._progress.advance(task, num_embedded)
        now = time.monotonic()
        if self._logs and now - self._logged >= _LOG_EVERY_S:
            self._logged = now
            shown = self._progress.tasks[task]
            left_s = (now - self._started) * (shown.remaining or 0) / max(shown.completed, 1)
            done = f"{shown.completed:.0f} of {shown.total:.0f}"
            self._log.info("embedding", space=space.key, done=done, left_s=round(left_s))

    def __enter__(self) -> "FillDisplay":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _bars(console: Console, *, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    )


def summary_table(outcomes: list[Outcome]) -> Table:
    """A row for each outcome, with its reason; files that were skipped are only counted."""
    table = Table(box=None, pad_edge=False)
    for header in ("status", "file", "scenes", "moments", "seconds"):
        right = header in ("scenes", "moments", "seconds")
        table.add_column(header, justify="right" if right else "left", overflow="fold")
    table.add_column("reason", overflow="fold")
    skipped = 0
    for outcome in outcomes:
        if outcome.status is OutcomeStatus.SKIPPED:
            skipped += 1
            continue
        table.add_row(
            f"[{_COLOURS[outcome.status]}]{outcome.status.value}[/]",
            _escaped(outcome.path),
            str(outcome.scenes),
            str(outcome.moments),
            f"{outcome.seconds:.1f}",
            _escaped(outcome.reason or ""),
        )
    if skipped:
        files = "file that is no recording" if skipped == 1 else "files that are no recordings"
        table.add_row("skipped", f"{skipped} {files} (--json lists them)")
    return table


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
