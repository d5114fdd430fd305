"""Lanes: how many requests of a kind are worked on at once, and how many wait for their turn.

A turn is waited for on the event loop, before a request has a thread: however many searches wait,
there are threads for films, pages and the state of the server. A turn ends when the answer is made,
not when its reader has taken it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import TypeVar

from fastapi import Request
from prometheus_client import Counter, Gauge, Histogram
from starlette.concurrency import run_in_threadpool

from api.errors import Busy, QueueFull
from api.hang_up import ClientGone, unless_gone
from api.limits import PATIENCE_S

MAX_WAITING = 256
"""In each lane; more than a server answers while a person is patient would wait in vain."""
SPARE_THREADS = 4
"""For what has no lane: static files."""
WAITING = Gauge("requests_waiting", "Requests that wait for their turn", ["lane"])
WORKED_ON = Gauge("requests_worked_on", "Requests that have their turn", ["lane"])
WAITED_SECONDS = Histogram(
    "request_wait_seconds",
    "Seconds until a request had its turn",
    ["lane"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TURNED_AWAY = Counter(
    "requests_turned_away", "Requests that had no turn: full, late, or gone", ["lane", "reason"]
)
Made = TypeVar("Made")


class Lane:
    """The turns of one kind of requests, first come, first served; of one event loop."""

    def __init__(self, name: str, num_places: int, patience_s: float = PATIENCE_S) -> None:
        self.num_places = num_places
        self._places = asyncio.Semaphore(num_places)
        self._patience_s = patience_s
        self._waiting, self._worked_on = WAITING.labels(name), WORKED_ON.labels(name)
        self._waited_seconds = WAITED_SECONDS.labels(name)
        self._full, self._late, self._gone = (
            TURNED_AWAY.labels(name, reason) for reason in ("full", "late", "gone")
        )
        self._num_waiting = 0

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Holds a place. Raises QueueFull if too many wait, Busy if none becomes free in time,
        ClientGone if the client does not wait for it."""
        began = time.perf_counter()
        if self._places.locked():
            await self._wait(request)
        else:
            await self._places.acquire()  # at once
        self._waited_seconds.observe(time.perf_counter() - began)
        self._worked_on.inc()
        try:
            yield
        finally:
            self._worked_on.dec()
            self._places.release()

    async def run(self, request: Request, work: Callable[[], Made]) -> Made:
        """What a plain function gives, in a thread, during a turn. Raises what the two raise."""
        async with self.turn(request):
            return await run_in_threadpool(work)

    async def _wait(self, request: Request) -> None:
        if self._num_waiting >= MAX_WAITING:
            self._full.inc()
            raise QueueFull
        self._num_waiting += 1
        self._waiting.inc()
        try:
            await unless_gone(request, self._acquire())
        except Busy:
            self._late.inc()
            raise
        except ClientGone:
            self._gone.inc()
            raise
        finally:
            self._num_waiting -= 1
            self._waiting.dec()

    async def _acquire(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._places.acquire()
        except TimeoutError:
            raise Busy from None


@dataclass(frozen=True)
class Lanes:
    """The lanes of a server with a library."""

    searches: Lane
    pictures: Lane = field(default_factory=lambda: Lane("pictures", 2))
    """Searches with a picture that has to be decoded, of which large ones wait for each other."""
    lists: Lane = field(default_factory=lambda: Lane("lists", 2))
    """Of videos and files, for which whole tables may have to be read: not to take the processors
    from searches."""
    pages: Lane = field(default_factory=lambda: Lane("pages", 4))
    """What people see around a search, or instead of hits: vectors may have to be counted."""
    details: Lane = field(default_factory=lambda: Lane("details", 4))
    """Of one video or a few rows, read or written."""
    removals: Lane = field(default_factory=lambda: Lane("removals", 2))
    """Of videos, which may wait for an ingest that is at work on them."""
    uploads: Lane = field(default_factory=lambda: Lane("uploads", 4))
    """How far they are; one that a server has left is finished then, which may take seconds."""
    comparisons: Lane = field(default_factory=lambda: Lane("comparisons", 2))
    """Of a file that is to be sent with those that are here, which are read for it."""
    films: Lane = field(default_factory=lambda: Lane("films", 6))
    """Until their file is open, which lies wherever people keep their films: a mount may hang."""
    streams: Lane = field(default_factory=lambda: Lane("streams", 2))
    """Of videos that were ingested before they were kept: their files are decoded for a moment."""
    stills: Lane = field(default_factory=lambda: Lane("stills", 6))
    """And pictures that people sent, until their file is open, of the server's own home."""
    state: Lane = field(default_factory=lambda: Lane("state", 2))
    """Of the server, /ready and /metrics: anybody may ask, and while the database hangs they wait
    for it."""

    @property
    def num_threads(self) -> int:
        """As many as all lanes take, and some to spare."""
        lanes: list[Lane] = [getattr(self, each.name) for each in fields(self)]
        return sum(lane.num_places for lane in lanes) + SPARE_THREADS
