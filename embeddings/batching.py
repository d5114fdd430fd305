"""Batches: what waits for a model is computed together, while what came before is computed.

A worker that is free takes what is there, which is how Text Embeddings Inference batches, too;
but the last free worker waits a few milliseconds at most for more to come. A batch holds items of
like size, since every text is padded to the longest of its batch. Items in the queue that are equal
are computed once.

A request's items take turns with those of others: its first batch is due at once, its second a
batch later, and so on (start-time fair queueing: Goyal, Vin and Cheng, 1996). So a single text
never waits for two thousand that came before it, and the two thousand go on while singles come.
"""

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import structlog

from embeddings.encoder import Vectors
from embeddings.errors import EmbeddingError, ItemFailed, ServiceBusy, WorkerLost
from embeddings.jobs import Item, Job, Limits, Request
from embeddings.metrics import BatchNumbers

STALL_S = 300.0
"""Seconds after which a batch that is still computed counts as hanging."""
_CLOSE_S = 10.0
"""Seconds that closing waits for batches that are still computed."""
GATHER_S = 0.005
"""Seconds that the last worker which is free waits for more items (docs/benchmarks.md)."""
_NEIGHBOURS = 64
"""Items in the order of their turns among which a batch looks for like sizes."""
_MAX_RETRY_AFTER_S = 60


class Batcher:
    """The queue of a model and its workers. Safe to call from several threads."""

    def __init__(
        self,
        model: str,
        compute: Callable[[list[Any]], Iterable[Vectors]],
        limits: Limits,
        num_workers: int,
        stall_s: float = STALL_S,
    ) -> None:
        """`compute` turns the values of n items to an array each, or raises; a batch that takes
        longer than `stall_s` counts as hanging."""
        self.stall_s = stall_s
        self._model, self._compute, self._limits = model, compute, limits
        self._numbers = BatchNumbers(model, are_tokens=limits.are_tokens)
        self._changed = threading.Condition()  # of everything below
        self._queue: list[tuple[int, int, Job]] = []
        self._jobs: dict[str, Job] = {}
        self._num_queued = self._queued_size = 0
        self._arrivals = itertools.count()
        self._turn = 0
        self._size_per_s = 0.0
        self._closed = False
        self._begun: dict[int, tuple[float, list[Job]]] = {}
        self._workers = [self._new_worker() for _ in range(num_workers)]

    def submit(self, items: Sequence[Item]) -> "Future[list[Vectors]]":
        """A future of each item's array, in the order of the items; cancelling it gives up what
        only this caller waits for. It raises ItemFailed, WorkerLost.

        Raises ServiceBusy if the queue has no room for all of them, and WorkerLost.
        """
        request = Request(len(items))
        with self._changed:
            self.require_progress()
            self._require_room(
                {item.key: item for item in items if item.key not in self._jobs}.values()
            )
            for turn, position in self._turns(items):
                self._job(items[position], turn).waiting.append((request, position))
            self._numbers.note_queue(self._num_queued)
            self._changed.notify()
        if not items:
            request.answer()
        return request.future

    @property
    def is_stalled(self) -> bool:
        """Whether every worker has been at its batch for longer than `stall_s`."""
        with self._changed:
            return len(self._hanging()) == len(self._workers)

    def require_progress(self) -> None:
        """Gives up batches that hang: who waits for one gets WorkerLost. Raises WorkerLost if all
        that waits here would wait for ever."""
        with self._changed:
            for jobs in self._hanging():
                self._fail(jobs)
        is_lost = not any(worker.is_alive() for worker in self._workers)
        if self._closed or is_lost or self.is_stalled:
            raise WorkerLost(f"the worker of {self._model} makes no progress: try again later")

    def close(self) -> None:
        """Ends the workers after their batches; what waits fails with WorkerLost."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._fail([job for job in self._jobs.values() if not job.is_taken])
            self._num_queued = self._queued_size = 0
            self._numbers.note_queue(self._num_queued)
        deadline = time.monotonic() + min(_CLOSE_S, self.stall_s)
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._fail(list(self._jobs.values()))  # of batches that hang

    def _turns(self, items: Sequence[Item]) -> Iterator[tuple[int, int]]:
        """(turn, position) of items, the smallest first: a turn for what fits into a batch."""
        turn, num = self._turn, 0
        for position in sorted(range(len(items)), key=lambda at: items[at].size):
            if num and not self._fits(num + 1, items[position].size):
                turn, num = turn + 1, 0
            num += 1
            yield turn, position

    def _fits(self, num: int, largest: int) -> bool:
        limits = self._limits
        return num <= limits.batch_items and num * largest <= limits.batch_size

    def _job(self, item: Item, turn: int) -> Job:
        """The job of an item that waits already, brought forward if it must be, or a new one."""
        job = self._jobs.get(item.key)
        if job is None:
            job = self._jobs[item.key] = Job(item, turn, next(self._arrivals))
            self._num_queued += 1
            self._queued_size += item.size
        elif job.is_taken or job.turn <= turn:
            return job
        job.turn = turn
        heapq.heappush(self._queue, (turn, job.arrival, job))
        return job

    def _require_room(self, new: Collection[Item]) -> None:
        """Raises ServiceBusy; an empty queue takes any one request."""
        num, size = self._num_queued + len(new), self._queued_size + sum(i.size for i in new)
        is_full = num > self._limits.queued_items or size > self._limits.queued_size
        if self._num_queued and is_full:
            rate = self._size_per_s * len(self._workers)
            wait_s = math.ceil(self._queued_size / max(rate, 1.0))
            raise ServiceBusy(self._model, min(max(wait_s, 1), _MAX_RETRY_AFTER_S))

    def _hanging(self) -> list[list[Job]]:
        """The batches that take too long."""
        now = time.monotonic()
        return [jobs for begun, jobs in self._begun.values() if now - begun > self.stall_s]

    def _new_worker(self) -> threading.Thread:
        worker = threading.Thread(target=self._work, name=f"embed {self._model}", daemon=True)
        worker.start()
        return worker

    def _work(self) -> None:
        """The life of a worker; whatever ends it, nobody goes on waiting for its batch, and
        another takes its place."""
        me = threading.current_thread()
        jobs: list[Job] = []
        try:
            while jobs := self._next_batch():
                self._run(jobs)
                with self._changed:
                    del self._begun[threading.get_ident()]
        finally:
            with self._changed:
                self._begun.pop(threading.get_ident(), None)
                self._fail(jobs)
                if not self._closed:
                    self._workers[self._workers.index(me)] = self._new_worker()

    def _next_batch(self) -> list[Job]:
        """The job whose turn it is, with those of like size near it; empty once all is closed."""
        with self._changed:
            while not self._closed:
                self._let_gather()
                near = self._take_near()
                if near:
                    jobs = self._alike(near)
                    self._turn = max(self._turn, jobs[0].turn + 1)
                    for job in jobs:
                        job.is_taken = True
                    self._num_queued -= len(jobs)
                    self._queued_size -= sum(job.item.size for job in jobs)
                    self._numbers.note_queue(self._num_queued)
                    self._begun[threading.get_ident()] = time.monotonic(), jobs
                    if self._queue:
                        self._changed.notify()  # another worker
                    return jobs
                self._numbers.note_queue(self._num_queued)
                self._changed.wait()
        return []

    def _let_gather(self) -> None:
        """The last worker that is free gives a short queue GATHER_S: items that come in pairs would
        be computed in pairs, which takes half as long again as in one batch."""
        until = time.monotonic() + GATHER_S
        while (
            0 < len(self._begun) == len(self._workers) - 1
            and 0 < self._num_queued < self._limits.batch_items
            and self._queued_size < self._limits.batch_size / 4
            and not self._closed
            and (left := until - time.monotonic()) > 0
        ):
            self._changed.wait(left)

    def _take_near(self) -> list[Job]:
        """The next jobs in the order of their turns, out of the heap; nobody's are dropped."""
        near: list[Job] = []
        while self._queue and len(near) < _NEIGHBOURS:
            turn, _arrival, job = heapq.heappop(self._queue)
            if job.is_taken or turn != job.turn:  # brought forward
                continue
            if job.is_wanted:
                near.append(job)
            else:
                del self._jobs[job.item.key]
                self._num_queued -= 1
                self._queued_size -= job.item.size
        return near

    def _alike(self, near: list[Job]) -> list[Job]:
        """The first job and those that fit into a batch with it; the others go back."""
        first = near[0]
        by_likeness = sorted(near[1:], key=lambda job: abs(job.item.size - first.item.size))
        num, largest = 1, first.item.size
        for job in by_likeness:
            largest = max(largest, job.item.size)
            if not self._fits(num + 1, largest):
                break
            num += 1
        for job in by_likeness[num - 1 :]:
            heapq.heappush(self._queue, (job.turn, job.arrival, job))
        return [first, *by_likeness[: num - 1]]

    def _run(self, jobs: list[Job]) -> None:
        """Computes a batch; one that fails is halved until the item is alone that cannot be
        computed."""
        started = time.perf_counter()
        try:
            vectors = self._compute([job.item.value for job in jobs])
        except SystemExit:
            raise
        except BaseException as error:  # a panic of the tokenizer is no Exception
            if len(jobs) > 1:
                middle = len(jobs) // 2
                self._run(jobs[:middle])
                self._run(jobs[middle:])
            else:
                self._finish(jobs[0], error)
            return
        self._note(jobs, time.perf_counter() - started)
        whole = []
        with self._changed:
            for job, vector in zip(jobs, vectors, strict=True):
                if self._end(job):
                    whole += [request for request, at in job.waiting if request.put(at, vector)]
        for request in whole:  # without the lock: callers are woken
            request.answer()

    def _note(self, jobs: Sequence[Job], took_s: float) -> None:
        sizes = [job.item.size for job in jobs]
        self._size_per_s += 0.2 * (sum(sizes) / max(took_s, 1e-6) - self._size_per_s)
        self._numbers.note_batch(sizes, took_s)

    def _finish(self, job: Job, error: BaseException) -> None:
        """Tells those who wait for an item that it cannot be computed."""
        known = isinstance(error, EmbeddingError)
        reason = str(error) if known else "the model could not compute it"
        structlog.get_logger().warning(
            "item failed", model=self._model, reason=f"{type(error).__name__}: {error}"
        )
        with self._changed:
            if self._end(job):
                for request, position in job.waiting:
                    failed = ItemFailed(reason, position)
                    failed.__cause__ = error
                    request.fail(failed)

    def _fail(self, jobs: Sequence[Job]) -> None:
        """Gives up jobs without a worker."""
        for job in filter(self._end, jobs):
            for request, _position in job.waiting:
                request.fail(WorkerLost(f"the worker of {self._model} ended: try again"))

    def _end(self, job: Job) -> bool:
        """Whether the job had no end before: one that was given up may be computed yet."""
        is_open = self._jobs.get(job.item.key) is job
        if is_open:
            del self._jobs[job.item.key]
        return is_open
