"""Changes of jobs, told to all who listen: read once for all of them, and only while anybody does.

A listener holds the newest state of each job that it has not been told of yet, not a queue: who
takes events slowly misses steps in between, and costs no more memory than there are jobs.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass

import structlog
from fastapi import HTTPException
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from prometheus_client import Gauge

from api.errors import RETRY_AFTER_S
from api.job_responses import WorkerList, job_out, worker_out
from database.errors import DatabaseError
from database.jobs.jobs import Jobs

MAX_LISTENERS = 256
READ_EVERY_S = 1.0
LISTEN_S = 300.0
"""Then a stream ends, and who listens comes again: a key may have been removed meanwhile."""
KEEP_ALIVE_S = 15.0
"""Without anything to tell; proxies end what is silent for a minute."""
RETRY_MS = 2000
"""After which a browser comes again."""
LISTENERS = Gauge("event_listeners", "Clients that listen to GET /events")
_AWAY = json.dumps(
    {"detail": "the database does not answer now: what happens meanwhile is told when it does"}
)
_BACK = "{}"


@dataclass(frozen=True)
class Event:
    """What is told: an event's name, and its data."""

    name: str
    data: str


@dataclass(frozen=True)
class _Seen:
    """What was read: what is to be told to those who have read up to here."""

    jobs: Mapping[int | None, Mapping[str, Event]]
    workers: Event
    until: int


class Listener:
    """A client that listens."""

    def __init__(self, since: int | None) -> None:
        self.since = since
        """Up to which change all has been read; None for who knows nothing yet."""
        self._untold: dict[str, Event] = {}
        self._told = {"reach": Event("back", _BACK)}
        self._woken = asyncio.Event()
        self._until_s = time.monotonic() + LISTEN_S

    def tell(self, about: str, event: Event) -> None:
        """Has the client told, instead of what it was to be told about the same, unless it knows
        this already."""
        if self._told.get(about) != event:
            self._told[about] = self._untold[about] = event
            self._woken.set()

    def end(self) -> None:
        """Ends the stream."""
        self._until_s = 0
        self._woken.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """What is told, as server-sent events, until the stream ends. An id stands at the last of
        what belongs together: who comes again with it has missed nothing."""
        yield format_sse_event(retry=RETRY_MS)
        while (left_s := self._until_s - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(left_s, KEEP_ALIVE_S))
            if left_s > KEEP_ALIVE_S and not self._woken.is_set():
                yield KEEPALIVE_COMMENT
            self._woken.clear()
            since, untold = self.since, list(self._untold.values())
            self._untold.clear()
            for number, event in enumerate(untold, 1):
                is_last = number == len(untold) and since is not None
                yield format_sse_event(
                    event=event.name, data_str=event.data, id=str(since) if is_last else None
                )


class Feed:
    """The changes of a library's jobs; of one event loop."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._listeners: set[Listener] = set()
        self._reading: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._has_ended = False

    @asynccontextmanager
    async def listen(self, since: int | None) -> AsyncIterator[Listener]:
        """Somebody who is told all that has changed since, or without it what there is. Raises
        HTTPException (503) if too many listen."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise HTTPException(
                503,
                f"{MAX_LISTENERS} clients listen already: ask for /jobs now and then instead",
                {"Retry-After": str(RETRY_AFTER_S)},
            )
        listener = Listener(since)
        self._listeners.add(listener)
        LISTENERS.set(len(self._listeners))
        self._woken.set()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(
                self._read_while_heard(),
                context=Context(),  # its log is of no request
            )
        if self._has_ended:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            LISTENERS.set(len(self._listeners))

    def end(self) -> None:
        """Ends all streams, since the server ends: it would wait for them."""
        self._has_ended = True
        for listener in self._listeners:
            listener.end()

    async def _read_while_heard(self) -> None:
        """Reads now and then, and at once for somebody new."""
        is_away = False
        while self._listeners:
            self._woken.clear()
            try:
                await self._read()
                is_away = False
            except Exception as error:  # whatever it is, the streams go on
                if not is_away and not isinstance(error, DatabaseError):
                    structlog.get_logger().exception("jobs cannot be read")
                is_away = True
                for listener in self._listeners:
                    listener.tell("reach", Event("away", _AWAY))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), READ_EVERY_S)

    async def _read(self) -> None:
        """Reads once for all who know the same, and has them know the same from then on."""
        listeners = {listener: listener.since for listener in self._listeners}
        seen = await asyncio.to_thread(self._look, set(listeners.values()))
        for listener, since in listeners.items():
            listener.tell("reach", Event("back", _BACK))
            for about, event in seen.jobs[since].items():
                listener.tell(about, event)
            listener.tell("workers", seen.workers)
            listener.since = seen.until

    def _look(self, sinces: Collection[int | None]) -> _Seen:
        found = {since: self._jobs.changes(since) for since in sinces}
        workers = WorkerList(workers=[worker_out(each) for each in self._jobs.workers()])
        return _Seen(
            jobs={
                since: {
                    f"job {job.id}": Event("job", json.dumps(job_out(job))) for job in changes.jobs
                }
                for since, changes in found.items()
            },
            workers=Event("workers", json.dumps(workers)),
            until=min(changes.cursor for changes in found.values()),
        )
