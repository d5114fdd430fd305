"""The outcomes of a run in the order in which its files were found, however many they are."""

import json
import threading
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from tempfile import SpooledTemporaryFile
from typing import Self

from ingest.files.outcome import FAULTS, Outcome, OutcomeStatus

_IN_MEMORY_BYTES = 4 * 2**20
"""About 20,000 outcomes; those of larger runs go to disk."""


class Ledger:
    """Outcomes are entered as files end and read in order: a line of JSON each in a temporary file,
    and in memory no more than where it begins. Any thread may read. To be closed.
    """

    def __init__(self) -> None:
        self._lines = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the ledger
        self._starts = array("q")
        self._end = 0
        self._lock = threading.Lock()
        self.counts = Counter[OutcomeStatus]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def enter(self, number: int, outcome: Outcome) -> None:
        """The outcome of the file that was found as the `number`th, from 0."""
        document = json.dumps(asdict(outcome), ensure_ascii=False)
        missing = number + 1 - len(self._starts)
        with self._lock:
            self._starts.extend([-1] * missing)
            self._starts[number] = self._end
            self._lines.seek(self._end)
            self._end += self._lines.write(document.encode("utf-8", "backslashreplace") + b"\n")
            self.counts[outcome.status] += 1

    @property
    def has_faults(self) -> bool:
        """Whether the run as a whole did not do all that was asked for."""
        return any(self.counts[status] for status in FAULTS)

    def documents(self) -> Iterator[str]:
        """Every outcome as JSON; of a run that was interrupted, of the files that had ended."""
        for start in self._starts:
            if start >= 0:
                with self._lock:
                    self._lines.seek(start)
                    line = self._lines.readline()
                yield line.decode().rstrip("\n")

    def __iter__(self) -> Iterator[Outcome]:
        for document in self.documents():
            entry = json.loads(document)
            yield Outcome(**{**entry, "status": OutcomeStatus(entry["status"])})
