"""A Redis that is down, hung, full, closed to us, or none at all costs time, never an answer."""

import asyncio
import re
import socketserver
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from embeddings.cache import EmbeddingCache
from embeddings.encoder import Vectors
from tests.helpers.cache import KEY, events, metric, run, vector
from tests.helpers.redis import RedisServer

AWAY = ("warning", "the cache's Redis is away")
BACK = ("info", "the cache's Redis is back")
KEEPS_NOTHING = ("warning", "the cache's Redis keeps nothing")
KEEPS_AGAIN = ("info", "the cache's Redis keeps again")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.mark.usefixtures("patient")
def test_a_redis_that_is_down_makes_misses_until_it_is_back(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    run(cache.set_embedding(KEY, vector(1)))
    server.stop()
    failures = metric("embedding_cache_failures_total")
    with capture_logs() as logs:
        for _ in range(3):
            assert run(cache.get_embedding(KEY), cache.set_embedding(KEY, vector(1))) == [None] * 2
        assert run(cache.clear_pattern("*"), cache.get_many([KEY, "image:1"])) == [0, [None, None]]
        stats = run(cache.get_stats())[0]
        assert events(logs) == [AWAY]
        server.start()
        time.sleep(1.1)
        _, found = run(cache.set_embedding(KEY, vector(1)), cache.get_embedding(KEY))
        assert events(logs) == [AWAY, BACK]
    assert stats == {"total_keys": 0, "memory_used": 0, "hits": 0, "misses": 5}
    assert found is not None
    assert metric("embedding_cache_failures_total") == failures + 1


def test_a_hundred_requests_of_a_hung_redis_wait_once_altogether(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)

    async def ask() -> tuple[float, float, object]:
        await cache.set_embedding(KEY, vector(1))
        server.hang()
        begun = time.monotonic()
        found = await asyncio.gather(*(cache.get_embedding(KEY) for _ in range(100)))
        assert found == [None] * 100
        together = time.monotonic() - begun
        for _ in range(100):
            await cache.set_embedding(KEY, vector(2))
            assert await cache.get_embedding(KEY) is None
        one_by_one = time.monotonic() - begun - together
        server.resume()
        await asyncio.sleep(1.1)
        return together, one_by_one, await cache.get_embedding(KEY)

    with capture_logs() as logs:
        together, one_by_one, found = asyncio.run(ask())
    assert 0.2 < together < 0.6
    assert one_by_one < 0.5
    np.testing.assert_array_equal(found, vector(1))
    assert events(logs) == [AWAY, BACK]


def test_thousands_of_vectors_are_waited_for_longer_than_one(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    run(cache.set_embedding(KEY, vector(1)))

    async def ask(num_keys: int) -> Vectors | None:
        server.hang()
        asyncio.get_running_loop().call_later(0.5, server.resume)
        found = await cache.get_many([KEY] * num_keys)
        await asyncio.sleep(0.6)
        return found[-1]

    assert asyncio.run(ask(8000)) is not None
    assert asyncio.run(ask(1)) is None


def test_while_redis_hangs_one_request_a_second_waits_for_it(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)

    async def ask() -> float:
        server.hang()
        await cache.get_embedding(KEY)
        await asyncio.sleep(1.05)
        await cache.set_many({})
        trial = asyncio.create_task(cache.get_embedding(KEY))
        await asyncio.sleep(0)
        begun = time.monotonic()
        await asyncio.gather(*(cache.get_embedding(f"image:{n}") for n in range(50)))
        waited = time.monotonic() - begun
        assert not trial.done()
        await trial
        return waited

    with capture_logs() as logs:
        assert asyncio.run(ask()) < 0.2
    assert events(logs) == [AWAY]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("fresh", [True, False], ids=["connecting", "connected"])
def test_a_request_that_is_cancelled_leaves_no_answer_for_the_next(
    server: RedisServer, fresh: bool
) -> None:
    cache = EmbeddingCache(server.url, max_connections=1)
    asyncio.run(cache.set_many({"image:1": vector(1), "image:2": vector(2)}))

    async def ask(cancelled: Callable[[], Coroutine[Any, Any, object]]) -> Vectors | None:
        if not fresh:
            await cache.get_embedding("image:3")
        server.hang()
        task = asyncio.create_task(cancelled())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.resume()
        return await cache.get_embedding("image:2")

    with capture_logs() as logs:
        for first in (
            lambda: cache.get_embedding("image:1"),
            lambda: cache.set_many({f"image:{n}": vector(n) for n in range(3, 9)}),
        ):
            np.testing.assert_array_equal(asyncio.run(ask(first)), vector(2))
    assert events(logs) == []


@pytest.mark.usefixtures("patient")
def test_a_full_redis_still_answers_and_keeps_again_when_there_is_room(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    run(cache.set_embedding(KEY, vector(1)))
    with server.client() as client, capture_logs() as logs:
        client.config_set("maxmemory", "1")
        for number in range(3):
            _, found = run(
                cache.set_embedding(f"image:{number}", vector(2)), cache.get_embedding(KEY)
            )
            np.testing.assert_array_equal(found, vector(1))
        assert events(logs) == [KEEPS_NOTHING]
        assert "maxmemory" in logs[0]["reason"]
        assert "vector" not in logs[0]["reason"]
        client.config_set("maxmemory", "0")
        time.sleep(1.1)
        _, found = run(cache.set_embedding("image:1", vector(2)), cache.get_embedding("image:1"))
        assert found is not None
        assert events(logs) == [KEEPS_NOTHING, KEEPS_AGAIN]


@pytest.mark.usefixtures("patient")
def test_a_redis_for_reading_only_answers_and_nothing_else(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    run(cache.set_embedding(KEY, vector(1)))
    with server.client() as client, capture_logs() as logs:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        _, found, removed = run(
            cache.set_embedding(KEY, vector(2)), cache.get_embedding(KEY), cache.clear_pattern("*")
        )
    np.testing.assert_array_equal(found, vector(1))
    assert removed == 0
    assert events(logs) == [KEEPS_NOTHING]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("user", ["", ":wrong-secret@"])
def test_without_the_password_of_redis_all_are_misses_and_the_log_says_why(
    server: RedisServer, user: str
) -> None:
    with server.client() as client:
        client.config_set("requirepass", "right-secret")
    cache = EmbeddingCache(server.url.replace("//", f"//{user}"))
    with capture_logs() as logs:
        assert run(cache.set_embedding(KEY, vector(1)), cache.get_embedding(KEY)) == [None, None]
    assert events(logs) == [AWAY]
    assert "auth" in logs[0]["reason"].lower() or "password" in logs[0]["reason"]
    assert "secret" not in str(logs)
    right = EmbeddingCache(server.url.replace("//", "//:right-secret@"))
    assert run(right.set_embedding(KEY, vector(1)), right.get_embedding(KEY))[1] is not None


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\r\n",
        b"*x\r\n",
        b"$99999999999999999999\r\n",
        b"+OK\r\n",
        b":1\r\n",
        b"*0\r\n",
        b"*2\r\n:1\r\n:2\r\n",
    ],
    ids=str,
)
def test_whatever_speaks_at_the_address_makes_a_miss(reply: bytes) -> None:
    class Speaker(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while commands := self.request.recv(1 << 16):
                self.request.sendall(reply * len(re.findall(rb"\*\d+\r\n", commands)))

    def ask(step: Callable[[EmbeddingCache], Awaitable[object]]) -> Any:
        return run(step(EmbeddingCache(f"redis://127.0.0.1:{other.server_address[1]}")))[0]

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Speaker) as other:
        threading.Thread(target=other.serve_forever).start()
        try:
            assert ask(lambda cache: cache.get_embedding(KEY)) is None
            assert ask(lambda cache: cache.set_embedding(KEY, vector(1))) is None
            assert ask(lambda cache: cache.clear_pattern("*")) == 0
            assert ask(lambda cache: cache.get_stats())["total_keys"] == 0
        finally:
            other.shutdown()


def test_a_redis_that_answers_a_byte_at_a_time_is_not_waited_for() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        try:
            for byte in b"$1000\r\n" + b"x" * 1000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.02)
        finally:
            writer.close()

    async def ask() -> float:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as slow:
            port = slow.sockets[0].getsockname()[1]
            begun = time.monotonic()
            assert await EmbeddingCache(f"redis://127.0.0.1:{port}").get_embedding(KEY) is None
            return time.monotonic() - begun

    assert asyncio.run(ask()) < 0.6
