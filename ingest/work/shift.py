"""A worker from its start to its end: what procrastinate hands out is done in threads, and beside
that it says that it lives, and sweeps up after those that do not."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from database.jobs.connector import AWAY, Connector, FencedManager
from database.jobs.queue import FILE, FINISH, SCAN
from database.jobs.sweep import find_strays, give_back, sweep, tidy
from database.jobs.workers import Workers
from ingest.interruption import end_children
from ingest.work.bench import Bench
from ingest.work.doing import do_file
from ingest.work.giving_up import record_given_up
from ingest.work.steps import do_finish, do_scan
from ingest.work.trying import TryLater

LATER_S = 3
"""After which what was given back is tried again."""
LEAVE_S = 5
"""If the database does not answer for so long, the worker leaves as one that is killed."""


@dataclass(frozen=True)
class Times:
    """How often a worker does what, in seconds."""

    poll_s: float = 1.0
    """It asks whether there is something to do."""
    heartbeat_s: float = 3.0
    """It says that it lives, and looks for those that do not."""
    stale_s: float = 15.0
    """Who has not said so for so long is gone."""
    steady_s: float = 9.0
    """Within which all who live have said so again, after the database was away."""
    grace_s: float = 8.0
    """What is at work when it is told to end may go on to its next report."""


class _Later(BaseRetryStrategy):
    """What is given back is done again, however often that is: only a worker's end counts."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, TryLater):
            return None
        return RetryDecision(retry_in={"seconds": 0 if self._bench.stopped.is_set() else LATER_S})


class Shift:
    """The work of one process, for one host's jobs."""

    def __init__(self, bench: Bench, num_lanes: int, times: Times) -> None:
        self._bench = bench
        self._times = times
        self._num_lanes = num_lanes
        self._lanes = ThreadPoolExecutor(num_lanes, "lane")
        self._beside = ThreadPoolExecutor(1, "beside")
        self._workers = Workers(bench.database)
        self._at_work: set[int] = set()
        """The tasks that this process does, by their number in the queue."""
        self._strays: set[int] = set()
        self._steady_since: float | None = None
        self._last_round = time.time()
        self._loop = asyncio.get_running_loop()
        self._me = self._workers.enter()
        connector = Connector(bench.database)
        self._app = App(connector=connector)
        self._app.job_manager = FencedManager(connector)
        self._register(SCAN, do_scan)
        self._register(FILE, do_file)
        self._register(FINISH, do_finish)
        self._worker = self._new_worker()

    def _register(self, name: str, do: Callable[..., None]) -> None:
        async def task(**arguments: Any) -> None:
            await self._loop.run_in_executor(self._lanes, partial(do, self._bench, **arguments))

        self._app.task(name=name, retry=_Later(self._bench))(task)

    def _new_worker(self) -> Worker:
        return Worker(
            self._app,
            queues=[self._bench.database.origin],
            concurrency=self._num_lanes,
            fetch_job_polling_interval=self._times.poll_s,
            update_heartbeat_interval=self._times.heartbeat_s,
            stalled_worker_timeout=10**6,  # those that live, but were cut off, are not taken away
            listen_notify=False,
            install_signal_handlers=False,
            worker_middleware=[self._noted],
        )

    async def _noted(
        self, process: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker
    ) -> Any:
        task = context.job.id
        assert task is not None
        self._at_work.add(task)
        try:
            return await process()
        finally:
            self._at_work.discard(task)

    async def run(self) -> None:
        """Works until it is told to end."""
        for each in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(each, self._stop)
        async with self._app.open_async():
            beside = asyncio.create_task(self._beside_the_work())
            while not self._bench.stopped.is_set():
                try:
                    await self._worker.run()  # type: ignore[no-untyped-call]
                except IntegrityError:
                    structlog.get_logger().warning("the queue has forgotten this worker")
                except Exception as error:
                    structlog.get_logger().error("the queue: begun again", exc_info=error)
                    await asyncio.sleep(LATER_S)
                    self._worker = self._new_worker()
            beside.cancel()
        with suppress(*AWAY):
            self._workers.leave(self._me)

    def _stop(self) -> None:
        """At the first signal in order, at the second at once."""
        if self._bench.stopped.is_set():
            self._cut_off()
        self._bench.stopped.set()
        self._worker.stop()  # type: ignore[no-untyped-call]
        self._loop.call_later(self._times.grace_s, self._cut_off)

    def _cut_off(self) -> None:
        """Ends the process with all that is at work, which others do again at once; what its stages
        have found so far is on disk."""
        leaving = threading.Thread(target=self._leave, daemon=True)
        leaving.start()
        leaving.join(LEAVE_S)
        end_children()  # only now: what they were at work on has not failed
        os._exit(0)

    def _leave(self) -> None:
        with suppress(*AWAY):  # then what it had begun is swept up
            if self._worker.worker_id is not None:
                give_back(self._bench.database, self._worker.worker_id)
            self._workers.leave(self._me)

    async def _beside_the_work(self) -> None:
        while True:
            try:
                await self._loop.run_in_executor(self._beside, self._round)
            except AWAY:
                self._steady_since = time.time() + self._times.heartbeat_s
            except Exception as error:
                structlog.get_logger().error("beside the work", exc_info=error)
            self._last_round = time.time()
            await asyncio.sleep(self._times.heartbeat_s)

    def _round(self) -> None:
        """Says that this worker lives; and once the database was there for as long as others may
        be silent, takes up what those have left that are gone."""
        bench = self._bench
        if not self._workers.seen(self._me, self._worker.worker_id):
            self._loop.call_soon_threadsafe(self._worker.stop)  # it is begun again, by a new number
        bench.database.locks.renew()
        if not self._is_steady():
            return
        swept = sweep(bench.database, self._times.stale_s)
        if swept.num_again:
            structlog.get_logger().warning(
                "workers are gone: what they had begun is done again", tasks=swept.num_again
            )
        for path in swept.given_up:
            structlog.get_logger().error("given up", file=path)
            record_given_up(bench, path)
        tidy(bench.database)
        self._return_strays()

    def _is_steady(self) -> bool:
        """Whether all who live have had the time to say so: since the database is there, and since
        this machine was asleep, of which its clock that only goes forward knows nothing."""
        now, asleep_s = time.time(), self._times.stale_s
        if self._steady_since is None:
            self._steady_since = now - self._workers.database_up_s()
        elif abs(now - self._last_round) > asleep_s:
            self._steady_since = now
        return now - self._steady_since >= self._times.steady_s

    def _return_strays(self) -> None:
        """Twice in a row: the first time it may just have been begun, or be about to end."""
        worker = self._worker.worker_id
        if worker is None:
            return
        strays = find_strays(self._bench.database, worker, self._at_work.copy())
        if again := strays & self._strays:
            give_back(self._bench.database, worker, again)
        self._strays = strays - again
