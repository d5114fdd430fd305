"""Progress on stderr, bars on a terminal and log lines elsewhere."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
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

from database.errors import DatabaseError
from database.objects.address import Address
from embeddings.space import Space
from ingest.files.outcome import Outcome, printable
from ingest.summary import is_news

STAGES = {
    "fetch": "fetching",
    "hash": "reading",
    "decode": "decoding",
    "speech": "listening",
    "text": "reading text",
    "embed": "embedding",
    "store": "storing",
    "describe": "describing",
    "convert": "converting",
}
_LOG_EVERY_S = 5.0


class ProgressDisplay:
    """The progress of an ingest: a bar for each file's stage at work, one for all files.

    It may be told from any thread.
    """

    def __init__(self, console: Console, count: Callable[[], int], *, quiet: bool) -> None:
        """`count` says how many files there are; it may take its time, beside the ingest."""
        self._log = structlog.get_logger()
        self._logs = not quiet and not console.is_terminal
        self._lock = threading.Lock()
        self._tasks: dict[Path | Address, dict[str, TaskID]] = {}
        self._progress = _bars(console, quiet=quiet)
        self._all = self._progress.add_task("all files", total=None)
        self._count = count
        self._num_alike = 0
        self._logged = time.monotonic()

    def report(self, path: Path | Address, stage: str, part: float | None) -> None:
        """A Report of ingest/pipeline.py: how far a stage of a file is."""
        with self._lock:
            tasks = self._tasks.setdefault(path, {})
            if stage not in tasks:
                description = f"  {printable(path.name)[-40:]}: {STAGES[stage]}"
                tasks[stage] = self._progress.add_task(description, total=100)
                if self._logs:
                    self._log.info(STAGES[stage], file=printable(path))
            self._progress.update(tasks[stage], completed=round(100 * (part or 0.0)))

    def ended(self, outcome: Outcome) -> None:
        """Told that a file is done with: its bars go."""
        with self._lock:
            for path in [p for p in self._tasks if printable(p) == outcome.path]:
                for task in self._tasks.pop(path).values():
                    self._progress.remove_task(task)
            self._progress.advance(self._all)
        if self._logs:
            self._log_outcome(outcome)

    def _log_outcome(self, outcome: Outcome) -> None:
        """A line, or one now and then for files of which there is nothing to tell."""
        if is_news(outcome):
            told = {"reason": outcome.reason, "notes": outcome.notes}
            told = {name: value for name, value in told.items() if value}
            self._log.info(outcome.status.value, file=outcome.path, **told, seconds=outcome.seconds)
            return
        self._num_alike += 1
        if time.monotonic() - self._logged >= _LOG_EVERY_S:
            self._logged = time.monotonic()
            self._log.info("unchanged or skipped", files=self._num_alike)

    def __enter__(self) -> "ProgressDisplay":
        self._progress.start()
        if not self._progress.disable:
            threading.Thread(target=self._set_total, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Takes the bars away; any thread may."""
        self._progress.stop()

    def _set_total(self) -> None:
        with contextlib.suppress(DatabaseError):  # a bucket that went: the run itself ends by it
            self._progress.update(self._all, total=self._count())


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
        self.advance(space.key, num_embedded)

    def advance(self, key: str, num: int) -> None:
        """So many more of a bar are done."""
        task = self._tasks[key]
        self._progress.advance(task, num)
        now = time.monotonic()
        if self._logs and now - self._logged >= _LOG_EVERY_S:
            self._logged = now
            shown = self._progress.tasks[task]
            left_s = (now - self._started) * (shown.remaining or 0) / max(shown.completed, 1)
            done = f"{shown.completed:.0f} of {shown.total:.0f}"
            self._log.info("filling", what=key, done=done, left_s=round(left_s))

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
