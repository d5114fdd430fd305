"""Many files at a time: one is decoded while another is transcribed."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

from ingest.errors import Interrupted
from ingest.files.discover import FoundFile
from ingest.files.outcome import Outcome
from ingest.pipeline import Ingest, Report

WAKE_S = 0.5
"""Python handles a signal in the main thread only, and one that another thread received does not
wake it; so it wakes up by itself this often, and no interrupt waits for the end of a file."""


def ingest_files(
    files: Sequence[FoundFile],
    ingest: Ingest,
    jobs: int,
    report: Report,
    stopped: threading.Event | None = None,
) -> Iterator[Outcome]:
    """The outcome of every file, as they end; `jobs` files are worked on at a time.

    Raises what concerns the whole run: DatabaseError, EmbeddingError, and Interrupted soon after
    `stopped` is set.
    """
    stopped = stopped or threading.Event()

    def report_unless_stopped(path: Path, stage: str, part: float | None) -> None:
        if stopped.is_set():
            raise Interrupted
        report(path, stage, part)

    with ThreadPoolExecutor(jobs, "lane") as lanes:
        ended: SimpleQueue[Future[Outcome]] = SimpleQueue()
        try:
            for file in files:
                running = lanes.submit(ingest.ingest_file, file, report_unless_stopped)
                running.add_done_callback(ended.put)
            for _ in files:
                yield _next(ended).result()
        except BaseException:
            stopped.set()
            lanes.shutdown(wait=False, cancel_futures=True)
            raise


def _next(ended: SimpleQueue[Future[Outcome]]) -> Future[Outcome]:
    while True:
        with contextlib.suppress(Empty):
            return ended.get(timeout=WAKE_S)
