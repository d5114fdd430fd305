"""Progress: how many files there are is counted beside the work; a log tells what is news."""

import io
import threading
import time
from pathlib import Path

from rich.console import Console
from structlog.testing import capture_logs

from ingest.files.discover import LINKED_FOLDER
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.progress import ProgressDisplay


def test_files_are_counted_while_they_are_worked_on() -> None:
    shown, may_count = io.StringIO(), threading.Event()

    def count() -> int:
        may_count.wait(10)
        return 4711

    console = Console(file=shown, force_terminal=True, width=100)
    with ProgressDisplay(console, count, quiet=False) as display:
        display.report(Path("/v/a.mp4"), "decode", 0.5)
        assert "4711" not in shown.getvalue()
        may_count.set()
        deadline = time.monotonic() + 10
        while "/4711" not in shown.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_nothing_is_counted_where_nothing_is_shown() -> None:
    def count() -> int:
        raise AssertionError("a million names for nobody")

    for console, quiet in (
        (Console(file=io.StringIO()), False),
        (Console(file=io.StringIO(), force_terminal=True), True),
    ):
        with ProgressDisplay(console, count, quiet=quiet):
            pass


def test_a_log_has_a_line_for_each_outcome_that_is_news() -> None:
    outcomes = [
        *(Outcome(f"{number}.mp4", OutcomeStatus.UNCHANGED) for number in range(1000)),
        *(Outcome(f"{number}.jpg", OutcomeStatus.SKIPPED, "a still image") for number in range(9)),
        Outcome("archive", OutcomeStatus.SKIPPED, LINKED_FOLDER),
        Outcome("a.mp4", OutcomeStatus.FAILED, "damaged"),
        Outcome("b.ts", OutcomeStatus.DONE, notes=["two recordings follow each other"]),
    ]
    with (
        capture_logs() as lines,
        ProgressDisplay(Console(file=io.StringIO()), lambda: 0, quiet=False) as display,
    ):
        for outcome in outcomes:
            display.ended(outcome)
    told = [line for line in lines if "file" in line]
    assert [(line["event"], line["file"]) for line in told] == [
        ("skipped", "archive"),
        ("failed", "a.mp4"),
        ("done", "b.ts"),
    ]
    assert told[1]["reason"] == "damaged"
    assert told[2]["notes"] == ["two recordings follow each other"]
