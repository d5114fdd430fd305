"""Many files at a time: one is decoded while another is transcribed."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from database.objects.address import Address
from ingest.errors import Interrupted
from ingest.files.batches import batches
from ingest.files.found import FoundFile
from ingest.files.outcome import Outcome
from ingest.pipeline import Ingest, Report

WAKE_S = 0.5
"""Python handles a signal in the main thread only, and one that another thread received does not
wake it; so it wakes up by itself this often, and no interrupt waits for the end of a file."""
AHEAD = 2
"""Files for each lane that are found before a lane is free for them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A file that is done with."""

    number: int
    """Its place in the order of discovery, from 0."""
    outcome: Outcome
    is_new: bool
    """Whether this run has worked on it, or knew the outcome."""


def ingest_files(
    files: Iterable[FoundFile],
    ingest: Ingest,
    jobs: int,
    report: Report,
    stopped: threading.Event | None = None,
) -> Iterator[Ended]:
    """The outcome of every file, as they end; `jobs` files are worked on at a time, and no more
    are looked for than are needed.

    Raises what concerns the whole run: DatabaseError, EmbeddingError, and Interrupted soon after
    `stopped` is set.
    """
    stopped = stopped or threading.Event()

    begun = threading.Lock()
    """Taken once a file can be decoded: no core waits for its end, to load the models."""

    def report_unless_stopped(place: Path | Address, stage: str, part: float | None) -> None:
        if stopped.is_set():
            raise Interrupted
        if stage == "decode" and part and begun.acquire(blocking=False):
            beside.submit(ingest.load_models)
        report(place, stage, part)

    with (
        ingest.removal.run(),
        ThreadPoolExecutor(1, "models") as beside,
        ThreadPoolExecutor(jobs, "lane") as pool,
    ):
        lanes = _Lanes(stopped)
        try:
            for number, (file, known) in enumerate(with_outcomes(files, ingest)):
                yield from lanes.ended(AHEAD * jobs - 1)
                if known is not None:
                    yield Ended(number, known, is_new=False)
                else:
                    lanes.add(number, pool.submit(ingest.ingest_file, file, report_unless_stopped))
            yield from lanes.ended(0)
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            beside.shutdown(wait=False, cancel_futures=True)
            raise


def with_outcomes(
    files: Iterable[FoundFile], ingest: Ingest
) -> Iterator[tuple[FoundFile, Outcome | None]]:
    """Each file with its outcome, as far as it is known without any work."""
    for batch in batches(files):
        yield from zip(batch, ingest.known_outcomes(batch), strict=True)


class _Lanes:
    """The files at work."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._ended: SimpleQueue[tuple[int, Future[Outcome]]] = SimpleQueue()
        self._num_at_work = 0

    def add(self, number: int, running: Future[Outcome]) -> None:
        """A file that is worked on, or waits for it."""
        self._num_at_work += 1
        running.add_done_callback(lambda done: self._ended.put((number, done)))

    def ended(self, most: int) -> Iterator[Ended]:
        """Those files that have ended, once `most` or fewer are left."""
        while True:
            if self._stopped.is_set():
                raise Interrupted
            try:
                number, done = self._ended.get(self._num_at_work > most, WAKE_S)
            except Empty:
                if self._num_at_work <= most:
                    return
                continue
            self._num_at_work -= 1
            yield Ended(number, done.result(), is_new=True)
