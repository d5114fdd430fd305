"""Load that comes when it comes: requests at their times, whether or not others are answered.

A request's time counts from when it was due: a server that stands still for a second is a second
late for all that came meanwhile, not for one of them.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.load import Connection
from benchmarks.measure import percentile

DEADLINE_S = 30.0
"""Of a request; what takes longer is lost."""
LOST = 0
"""The status of a request without an answer."""
REFUSALS = (429, 503)
WINDOW_S = 5.0
_IDLE_S = 2.0
"""After which a connection is not used again: the server may close it just then."""


@dataclass(frozen=True)
class Request:
    """What is sent, and what kind of thing it asks for."""

    kind: str
    data: bytes


@dataclass(frozen=True)
class Sample:
    """How a request went."""

    kind: str
    due_s: float
    """Since the load began."""
    seconds: float
    """From when it was due to the last byte of its answer."""
    status: int

    @property
    def is_good(self) -> bool:
        """Whether it was answered, not refused."""
        return 200 <= self.status < 400


Ask = Callable[[bytes], Awaitable[int]]


class Pool:
    """Keep-alive connections to a server, as many as are needed at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[Connection, float]] = []

    async def ask(self, data: bytes) -> int:
        """The status of an answer that was read to its end; LOST if there is none in time."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(DEADLINE_S):
                connection = self._take() or await Connection.open(self._port)
                answer = await connection.exchange(data)
        except (OSError, EOFError, TimeoutError):
            if connection is not None:
                connection.close()
            return LOST
        if b"connection: close" in answer.head.lower():
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))
        return answer.status

    def _take(self) -> Connection | None:
        while self._idle:
            connection, since_s = self._idle.pop()
            if time.monotonic() - since_s < _IDLE_S:
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """All that are idle."""
        for connection, _since_s in self._idle:
            connection.close()
        self._idle.clear()


async def offer(
    ask: Ask,
    make: Callable[[], Request],
    rate: float,
    seconds: float,
    rng: random.Random,
) -> list[Sample]:
    """Offers `rate` requests a second, at the times of a Poisson process, and waits for the
    answers to all."""
    samples: list[Sample] = []
    began = time.perf_counter()

    async def one(request: Request, due_s: float) -> None:
        status = await ask(request.data)
        samples.append(Sample(request.kind, due_s, time.perf_counter() - began - due_s, status))

    due_s, asking = rng.expovariate(rate), []
    while due_s < seconds:
        request = make()
        await asyncio.sleep(max(0.0, began + due_s - time.perf_counter()))
        asking.append(asyncio.ensure_future(one(request, due_s)))
        due_s += rng.expovariate(rate)
    await asyncio.gather(*asking)
    return samples


async def in_turn(ask: Ask, requests: Sequence[Request]) -> list[Sample]:
    """One client that asks for one thing after the other: what a server takes that is idle."""
    samples = []
    for number, request in enumerate(requests):
        began = time.perf_counter()
        status = await ask(request.data)
        samples.append(Sample(request.kind, number, time.perf_counter() - began, status))
    return samples


async def every(ask: Ask, request: Request, pause_s: float, samples: list[Sample]) -> None:
    """Asks for the same again and again, at equal times, until it is cancelled."""
    began, number, asking = time.perf_counter(), 0, set()

    async def one(due_s: float) -> None:
        status = await ask(request.data)
        samples.append(Sample(request.kind, due_s, time.perf_counter() - began - due_s, status))

    with suppress(asyncio.CancelledError):
        while True:
            due_s = number * pause_s
            await asyncio.sleep(max(0.0, began + due_s - time.perf_counter()))
            asking.add(asyncio.ensure_future(one(due_s)))
            number += 1
    await asyncio.gather(*asking)


def p99(samples: Sequence[Sample]) -> float:
    """The seconds within which 99 of 100 are answered."""
    return percentile([sample.seconds for sample in samples], 0.99) if samples else 0.0


def sustained(samples: Sequence[Sample], limit_s: float) -> bool:
    """Whether a load was carried: everything answered, 99 of 100 in time."""
    return all(sample.is_good for sample in samples) and p99(samples) < limit_s


async def find_knee(
    is_carried: Callable[[float], Awaitable[bool]], first: float, within: float = 1.15
) -> float:
    """The highest rate that is carried, found by doubling and halving; 0 if none is."""
    carried, refused = 0.0, float("inf")
    rate = first
    while refused > max(carried, 0.1) * within:
        if await is_carried(rate):
            carried = rate
        else:
            refused = rate
        rate = carried * 2 if refused == float("inf") else _between(carried, refused)
    return carried


def _between(carried: float, refused: float) -> float:
    return refused / 2 if carried == 0 else float((carried * refused) ** 0.5)


def recovered_after(samples: Sequence[Sample], limit_s: float) -> float:
    """The seconds after which a load is carried again, as seen in steps of WINDOW_S: nothing is
    refused, 95 of 100 are in time. Infinite if it is not in the last one."""
    last = max((sample.due_s for sample in samples), default=0.0)
    recovered_s = 0.0
    for number in range(int(last / WINDOW_S) + 1):
        end_s = (number + 1) * WINDOW_S
        window = [s for s in samples if end_s - WINDOW_S <= s.due_s < end_s]
        in_time = sum(sample.seconds < limit_s for sample in window)
        if not all(sample.is_good for sample in window) or in_time < 0.95 * len(window):
            recovered_s = end_s
    return recovered_s if recovered_s <= last else float("inf")
