"""What the cache does in a real Redis that works."""

import asyncio
import gc
import json
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from structlog.testing import capture_logs

from embeddings.cache import EmbeddingCache
from embeddings.encoder import Vectors
from embeddings.errors import InvalidSettings
from tests.helpers.cache import DIM, KEY, events, run, vector
from tests.helpers.redis import RedisServer

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


def test_other_processes_find_the_vector_as_json_for_its_time(server: RedisServer) -> None:
    run(EmbeddingCache(server.url, ttl=60).set_many({KEY: vector(1), "image:1": vector(2)}))
    np.testing.assert_array_equal(run(EmbeddingCache(server.url).get_embedding(KEY))[0], vector(1))
    with server.client() as client:
        assert set(client.keys()) == {KEY.encode(), b"embedding:image:1"}
        stored: Any = client.get(KEY)
        assert json.loads(stored)["dim"] == DIM
        assert all(0 < client.ttl(key) <= 60 for key in (KEY, "embedding:image:1"))


def test_many_are_one_round_trip_and_clearing_does_not_block_redis(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    stored = {f"image:{number}": vector(number) for number in range(3000)}
    with server.client() as client:
        client.set("image:1", "another's")
        client.set("others:embedding:image:1", "another's")
        run(cache.set_many(stored), cache.get_many(list(stored)))
        assert run(cache.get_stats())[0]["total_keys"] == 3000
        assert run(cache.clear_pattern("*")) == [3000]
        assert set(client.keys("*image:1")) == {b"image:1", b"others:embedding:image:1"}
        calls = {name: each["calls"] for name, each in client.info("commandstats").items()}
    assert calls["cmdstat_mget"] == 1
    assert calls["cmdstat_keys"] == 1  # the one above
    assert "cmdstat_unlink" in calls


GOOD = {"dim": 2, "vector": "AACAPwAAAAA="}
NONSENSE = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "no json": b"hello",
    "a list": b"[1, 2]",
    "a number": b"1",
    "null": b"null",
    "deep": b"[" * 100_000,
    "no vector": b'{"dim": 2}',
    "vector of numbers": b'{"dim": 2, "vector": [1, 0]}',
    "no base64": json.dumps(GOOD | {"vector": "*"}).encode(),
    "half a number": json.dumps(GOOD | {"vector": "AACAPwAA"}).encode(),
    "another length": json.dumps(GOOD | {"dim": 3}).encode(),
    "no dimension": json.dumps({"vector": GOOD["vector"]}).encode(),
    "too long": json.dumps(GOOD | {"vector": "AACAPwAAgD8="}).encode(),
    "overflow": json.dumps(GOOD | {"vector": "//9/f///f38="}).encode(),
    "not a number": json.dumps(GOOD | {"vector": "AADAfwAAAAA="}).encode(),
    "signalling": json.dumps(GOOD | {"vector": "AQCAfwAAAAA="}).encode(),
}


def test_nonsense_in_redis_is_a_miss_each_and_can_be_written_over(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)
    keys = [f"embedding:image:{name}" for name in NONSENSE]
    others = ["embedding:image:list", "embedding:image:hash"]
    with server.client() as client:
        client.mset(dict(zip(keys, NONSENSE.values(), strict=True)))
        client.set("embedding:image:good", json.dumps(GOOD))
        client.rpush(others[0], "1")
        client.hset(others[1], "a", "1")
    keys += others
    with capture_logs() as logs:
        ((good, *rest),) = run(cache.get_many(["image:good", *keys]))
        run(cache.set_many({key: vector(1) for key in keys}))
        (mended,) = run(cache.get_many(keys))
    assert good.tolist() == [1, 0]
    assert dict(zip(keys, rest, strict=True)) == dict.fromkeys(keys)
    assert run(cache.get_stats())[0]["misses"] == len(keys)
    assert all(np.array_equal(each, vector(1)) for each in mended)
    assert events(logs) == []


def test_connections_are_closed_with_their_loop_and_by_close(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)

    def num_connections(client: redis.Redis) -> int:
        time.sleep(0.05)  # Redis notices at its next turn
        return len(client.client_list()) - 1

    async def use_many() -> None:
        await asyncio.gather(*(cache.get_embedding(f"image:{n}") for n in range(10)))

    async def use_and_close(client: redis.Redis) -> list[int]:
        await use_many()
        open_ones = num_connections(client)
        await cache.close()
        return [open_ones, num_connections(client)]

    async def use_and_forget(client: redis.Redis) -> int:
        await EmbeddingCache(server.url).get_embedding(KEY)
        gc.collect()
        await asyncio.sleep(0.05)
        return num_connections(client)

    with server.client() as client:
        for _ in range(3):
            asyncio.run(use_many())
            assert num_connections(client) == 0
        assert asyncio.run(use_and_close(client)) == [10, 0]
        assert asyncio.run(use_and_forget(client)) == 0
    gc.collect()  # a connection left open would warn, which is an error


def test_loops_that_have_ended_are_not_kept(server: RedisServer) -> None:
    cache, loops = EmbeddingCache(server.url), []

    async def use() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(cache.get_embedding(f"image:{n}") for n in range(30)))

    for _ in range(5):
        asyncio.run(use())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1


def test_more_requests_than_connections_wait_for_their_turn(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url, max_connections=3)
    keys = [f"image:{number}" for number in range(200)]

    async def ask() -> list[Vectors | None]:
        await cache.set_many({key: vector(n) for n, key in enumerate(keys)})
        return await asyncio.gather(*map(cache.get_embedding, keys))

    with capture_logs() as logs, server.client() as client:
        found = asyncio.run(ask())
        assert client.info("stats")["total_connections_received"] <= 3 + 2  # ours, and its start's
    assert all(each is not None and np.array_equal(each, vector(n)) for n, each in enumerate(found))
    assert events(logs) == []


def test_a_restart_between_two_requests_is_not_noticed(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url)

    async def ask() -> list[Vectors | None]:
        await cache.get_embedding(KEY)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await cache.set_embedding(KEY, vector(1))
        return await cache.get_many([KEY])

    with capture_logs() as logs:
        assert asyncio.run(ask())[0] is not None
    assert events(logs) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://:secret@localhost:6379",
        "redis://:secret@localhost:port",
        "redis://:secret@[::1",
        "redis://:secret@localhost?db=first",
        "redis://:secret@localhost?colour=blue",
        "redis://:secret@localhost?retry=always",
        "redis://:secret@localhost?protocol=9",
    ],
)
def test_what_is_no_url_of_a_redis_is_refused_at_once_without_its_password(url: str) -> None:
    with pytest.raises(InvalidSettings, match=r"write redis://host:6379/0") as refusal:
        EmbeddingCache(url)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
