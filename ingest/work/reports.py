"""How far a file is, told at most once a second; and whether it is still wanted, heard by that."""

import threading
import time
from contextlib import suppress
from pathlib import Path

from database.jobs.worklog import BegunFile
from database.objects.address import Address
from ingest.errors import Interrupted
from ingest.work.bench import Bench
from ingest.work.trying import PASSING

EVERY_S = 1.0
_BESIDE = ("speech", "text")
"""Stages that go on side by side."""


class Unwanted(Interrupted):
    """The job was cancelled, or another worker has the file now."""


class Reports:
    """A Report of ingest/pipeline.py; any thread may call it."""

    def __init__(self, bench: Bench, file: BegunFile) -> None:
        self._bench = bench
        self._file = file
        self._lock = threading.Lock()  # of all below
        self._next = time.monotonic()
        self._beside: dict[str, float] = {}
        self._is_unwanted = False

    def __call__(self, _place: Path | Address | None, stage: str, part: float | None) -> None:
        """Raises Interrupted when the worker is to end, and Unwanted."""
        self._bench.require_running()
        with self._lock:
            if self._is_unwanted:
                raise Unwanted
            if stage in _BESIDE:
                self._beside[stage] = part or 0.0
                stage, part = min(self._beside.items(), key=lambda each: each[1])
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + EVERY_S
            with suppress(*PASSING):  # the work goes on while the database is away
                self._is_unwanted = not self._bench.log.report(self._file, stage, part)
            if self._is_unwanted:
                raise Unwanted
