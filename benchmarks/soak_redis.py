"""A Redis that comes and goes while a soak runs."""

import asyncio
import base64
import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import cycle

import numpy as np
import redis

from tests.helpers.redis import RedisServer

_EACH_S = 0.5
"""So often what it holds is made nonsense anew."""


async def come_and_go(server: RedisServer, phase_s: float, met: "Counter[str]") -> None:
    """Phases of `phase_s` seconds, one after the other and again, until it is cancelled; counts
    them in `met`. Begins and ends each round with a Redis that serves."""
    phases: tuple[tuple[str, Callable[[], None], Callable[[], None]], ...] = (
        ("serves", _nothing, _nothing),
        ("holds nonsense", lambda: _spoil(server), _nothing),
        ("is full", lambda: _limit(server, "1"), lambda: _limit(server, "0")),
        ("hangs", server.hang, server.resume),
        ("serves", _nothing, _nothing),
        ("is stopped", lambda: _shut_down(server), server.start),
        ("serves", _nothing, _nothing),
        ("is killed", server.stop, server.start),
    )
    for name, begin, end in cycle(phases):
        met[name] += 1
        await asyncio.to_thread(begin)
        try:
            await _stay(name, begin, phase_s)
        finally:
            await asyncio.shield(asyncio.to_thread(end))


async def _stay(name: str, again: Callable[[], None], phase_s: float) -> None:
    """Waits until a phase is over."""
    if name != "holds nonsense":
        await asyncio.sleep(phase_s)
        return
    for _ in range(round(phase_s / _EACH_S)):
        await asyncio.sleep(_EACH_S)
        await asyncio.to_thread(again)


def _nothing() -> None:
    """It goes on as it is."""


def _limit(server: RedisServer, num_bytes: str) -> None:
    """Lets it refuse what would need more memory; "0" ends that."""
    with server.client() as client:
        client.config_set("maxmemory", num_bytes)


def _shut_down(server: RedisServer) -> None:
    with server.client() as client, contextlib.suppress(redis.ConnectionError):
        client.shutdown(nosave=True)
    server.stop()


def _spoil(server: RedisServer) -> None:
    """Puts something else in the place of every vector."""
    with server.client() as client:
        for key in client.scan_iter(match="embedding:*", count=1000):
            kind = random.choice(_NONSENSE)
            with contextlib.suppress(redis.ResponseError):
                client.delete(key)
                if kind is None:
                    client.lpush(key, "a list")
                else:
                    client.set(key, kind, ex=60)


def _entry(vector: object, dim: int) -> bytes:
    """As the cache writes it, of a vector that it would not write."""
    text = base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
    return json.dumps({"dim": dim, "vector": text}).encode()


_NONSENSE: tuple[bytes | None, ...] = (
    *(None, b"", b"\xff\xfe\x00", b"{", b"null", b"[1, 2]", b'{"vector": 3, "dim": 384}'),
    _entry([float("nan")] * 384, 384),
    _entry([float("inf"), *[0.0] * 383], 384),
    _entry([2.0, *[0.0] * 383], 384),
    _entry([1.0, 0.0, 0.0], 3),
    _entry([1.0, 0.0, 0.0], 384),
    b"x" * 100_000,
)
