"""Values in a Redis that may be down, slow, hung, full or no Redis at all."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError, ResponseError

from embeddings import metrics
from embeddings.errors import InvalidSettings

PREFIX = "embedding:"
"""Of every key of ours: what else a Redis holds is neither counted nor removed."""
TIMEOUT_S = 0.25
"""That a request waits for Redis, connecting included."""
TIMEOUT_A_WORD_S = 0.0001
"""That it waits longer for each word of its commands, so that thousands of vectors have time."""
REST_S = 1.0
"""That a Redis which failed is left alone."""
KEYS_A_SCAN = 1000

_log = structlog.get_logger()


class RedisStore:
    """Values in a Redis, which may fail: then nothing is read, and nothing kept."""

    def __init__(self, url: str, ttl: int, max_connections: int) -> None:
        self._url = url
        self._ttl = ttl
        self._max_connections = max_connections
        self._clients: dict[
            asyncio.AbstractEventLoop, tuple[Redis, AsyncGenerator[Redis, None]]
        ] = {}
        self._answers = _Gate("the cache's Redis is away", "the cache's Redis is back")
        self._keeps = _Gate("the cache's Redis keeps nothing", "the cache's Redis keeps again")
        try:
            _pool(url, max_connections).make_connection()  # type: ignore[no-untyped-call]
        except (RedisError, ValueError, TypeError, AttributeError):
            raise InvalidSettings(
                "redis_url (EMBEDDING_REDIS_URL) is not the URL of a Redis: write "
                "redis://host:6379/0, rediss://host:6379/0 for TLS, or unix:///path/of/socket"
            ) from None

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        match await self._ask(self._answers, ("MGET", *keys)):
            case [[*values]] if len(values) == len(keys):
                return values
        return [None] * len(keys)

    async def write(self, values: Mapping[str, bytes]) -> None:
        kept = [("SET", key, value, "EX", self._ttl) for key, value in values.items()]
        await self._ask(self._keeps, *kept)

    async def remove(self, pattern: str) -> int:
        removed = 0
        async for keys in self._scan(pattern):
            removed += sum(await self._ask(self._keeps, ("UNLINK", *keys)))
        return removed

    async def size(self) -> tuple[int, int]:
        num_keys = 0
        async for keys in self._scan(f"{PREFIX}*"):
            num_keys += len(keys)
        match await self._ask(self._answers, ("INFO", "memory")):
            case [{"used_memory": int(size_bytes)}]:
                return num_keys, size_bytes
        return num_keys, 0

    async def close(self) -> None:
        mine = self._clients.pop(asyncio.get_running_loop(), None)
        self._clients.clear()  # let go, those of other loops are closed by their loops
        if mine is not None:
            await mine[1].aclose()

    async def _scan(self, pattern: str) -> AsyncGenerator[list[bytes], None]:
        """The keys like `pattern`, a page at a time, as far as Redis tells them."""
        cursor: int | None = None
        while cursor != 0:
            scan = ("SCAN", cursor or 0, "MATCH", pattern, "COUNT", KEYS_A_SCAN)
            match await self._ask(self._answers, scan):
                case [[int(cursor), [*keys]]]:
                    if keys:
                        yield keys
                case _:
                    return

    async def _ask(self, gate: "_Gate", *commands: tuple[Any, ...]) -> list[Any]:
        """Redis's answers to `commands`, which are sent together; none if it fails, or rests.

        A refusal (full, read-only, not allowed) shuts `gate`; any other failure lets Redis rest.
        """
        if not commands or not self._answers.lets_through():
            return []
        num_words = sum(len(command) for command in commands)
        try:
            async with asyncio.timeout(TIMEOUT_S + num_words * TIMEOUT_A_WORD_S):
                pipeline = (await self._client()).pipeline(transaction=False)
                for command in commands:
                    pipeline.execute_command(*command)
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except Exception as error:  # what speaks at that address need not be a Redis
            self._answers.shut(error)
            return []
        for answer in answers:
            if isinstance(answer, ResponseError):
                gate.shut(answer)
                return []
        self._answers.open()
        gate.open()
        return answers

    async def _client(self) -> Redis:
        """The client of the running loop: connections belong to the loop that opened them."""
        loop = asyncio.get_running_loop()
        held = self._clients.get(loop)
        if held is None:
            for ended in [other for other in list(self._clients) if other.is_closed()]:
                self._clients.pop(ended, None)
            opened = _open_client(self._url, self._max_connections)
            self._clients[loop] = held = (await anext(opened), opened)
        return held[0]


class _Gate:
    """Whether something works, of which the log hears when it changes.

    It is tried always while it works, and once in REST_S while it does not.
    """

    def __init__(self, shut: str, opened: str) -> None:
        self._events = shut, opened
        self._next_try: float | None = None
        """None while it works."""
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if self._next_try is not None and now < self._next_try:
                return False
            if self._next_try is not None:
                self._next_try = now + REST_S  # one tries, all others still go without
            return True

    def shut(self, error: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        with self._lock:
            worked, self._next_try = self._next_try is None, time.monotonic() + REST_S
        if worked:
            _log.warning(self._events[0], reason=str(error)[:200] or type(error).__name__)

    def open(self) -> None:
        with self._lock:
            worked, self._next_try = self._next_try is None, None
        if not worked:
            _log.info(self._events[1])


def _pool(url: str, max_connections: int) -> BlockingConnectionPool:
    return BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        # The time limit is ours alone: redis-py's waits by asyncio.wait_for, which can swallow a
        # cancellation in Python 3.11.
        socket_timeout=None,
        # In protocol 3, redis-py takes a connection that Redis has closed for an open one.
        protocol=2,
    )


async def _open_client(url: str, max_connections: int) -> AsyncGenerator[Redis, None]:
    """A client, which is closed with the generator.

    A loop closes the generators that were begun on it: when it ends, or when they are let go.
    """
    client = Redis.from_pool(_pool(url, max_connections))
    try:
        yield client
    finally:
        with suppress(RedisError):
            await client.aclose()
