"""Vectors kept in memory and in a real Redis: found again, expired, refused, and lost."""

import asyncio
import gc
import json
import re
import socketserver
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
import logging
from pathlib import Path

import numpy as np
import pytest
import redis
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from embeddings import redis_store
from embeddings.cache import MAX_ENTRIES, EmbeddingCache
from embeddings.encoder import Vectors
from embeddings.errors import InvalidSettings, InvalidVector
from tests.helpers.redis import RedisServer

DIM = 8
KEY = "embedding:instruction:1f"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests in which Redis works, however busy the machine is."""
    monkeypatch.setattr(redis_store, "TIMEOUT_S", 10)


@pytest.fixture(params=["memory", "redis"])
def new_cache(request: pytest.FixtureRequest, patient: None) -> Callable[..., EmbeddingCache]:
    """Makes a cache of each kind, its Redis being empty."""
    url = None if request.param == "memory" else request.getfixturevalue("server").url
    return lambda ttl=300: EmbeddingCache(url, ttl)


def vector(seed: int, dim: int = DIM) -> Vectors:
    """A unit vector; another for each seed."""
    drawn = np.random.default_rng(seed).normal(size=dim)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def run(*steps: Awaitable[object]) -> list[object]:
    """The results of steps, one after another, on an event loop of their own."""

    async def all_steps() -> list[object]:
        return [await step for step in steps]

    return asyncio.run(all_steps())


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def events(logs: list) -> list[tuple[str, str]]:
    """What is in the log above debug, as level and message."""
    return [(line["log_level"], line["event"]) for line in logs if line["log_level"] != "debug"]


AWAY = ("warning", "the cache's Redis is away")
BACK = ("info", "the cache's Redis is back")
KEEPS_NOTHING = ("warning", "the cache's Redis keeps nothing")
KEEPS_AGAIN = ("info", "the cache's Redis keeps again")


# In Redis and in memory


def test_a_vector_comes_back_to_the_last_bit(new_cache) -> None:
    cache = new_cache()
    _, found = run(cache.set_embedding(KEY, vector(1)), cache.get_embedding(KEY))
    np.testing.assert_array_equal(found, vector(1), strict=True)


def test_many_come_back_in_the_order_asked_for_with_gaps_where_there_are_none(new_cache) -> None:
    cache = new_cache()
    keys = [f"image:{number}" for number in (3, 1, 9, 2, 1)]
    stored = {f"image:{number}": vector(number) for number in (1, 2, 3)}
    _, found = run(cache.set_many(stored), cache.get_many(keys))
    assert [None if each is None else each.tolist() for each in found] == [
        stored[key].tolist() if key in stored else None for key in keys
    ]


def test_to_ask_for_nothing_and_to_keep_nothing_is_no_fault(new_cache) -> None:
    cache = new_cache()
    with capture_logs() as logs:
        assert run(cache.get_many([]), cache.set_many({})) == [[], None]
        assert run(cache.set_embedding(KEY, vector(1)), cache.get_many([KEY]))[1][0] is not None
    assert events(logs) == []


def test_a_change_in_place_reaches_neither_the_cache_nor_another_caller(new_cache) -> None:
    cache, mine = new_cache(), vector(1)
    _, first, second = run(
        cache.set_embedding(KEY, mine), cache.get_embedding(KEY), cache.get_embedding(KEY)
    )
    mine[:] = 0
    first[:] = 0
    for found in (second, *run(cache.get_embedding(KEY))):
        np.testing.assert_array_equal(found, vector(1))


def test_a_vector_is_forgotten_after_its_time(new_cache) -> None:
    cache = new_cache(ttl=1)
    run(cache.set_embedding(KEY, vector(1)))
    assert run(cache.get_embedding(KEY))[0] is not None
    time.sleep(1.1)
    found, stats = run(cache.get_embedding(KEY), cache.get_stats())
    assert found is None
    assert stats["total_keys"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        [float("nan")] * DIM,
        [float("inf")] + [0.0] * (DIM - 1),
        [1e300] * DIM,
        [0.0] * DIM,
        [1.0] * DIM,
        [],
        1.0,
        [[1.0, 0.0]],
    ],
    ids=str,
)
def test_what_is_no_unit_vector_is_refused_before_anything_is_stored(new_cache, wrong) -> None:
    cache = new_cache()
    with pytest.raises(InvalidVector):
        run(cache.set_many({KEY: vector(1), "image:1": wrong}))
    assert run(cache.get_stats())[0]["total_keys"] == 0


def test_a_vector_of_another_dimension_than_is_asked_for_is_a_miss(new_cache) -> None:
    cache = new_cache()
    run(cache.set_many({"image:1": vector(1, 4), "image:2": vector(2, 8)}))
    ((four, eight),) = run(cache.get_many(["image:1", "image:2"], dim=8))
    assert four is None
    assert eight is not None
    stats = run(cache.get_stats())[0]
    assert (stats["hits"], stats["misses"]) == (1, 1)


@pytest.mark.parametrize(
    ("pattern", "removed"),
    [
        ("instruction:*", {"instruction:1a", "instruction:2b"}),
        ("embedding:image:*", {"image:1a", "image:1b"}),
        ("image:1?", {"image:1a", "image:1b"}),
        ("*:1a", {"instruction:1a", "image:1a"}),
        ("*[^a]", {"instruction:2b", "image:1b"}),
        ("image", set()),
        ("*", {"instruction:1a", "instruction:2b", "image:1a", "image:1b"}),
    ],
)
def test_clearing_removes_the_keys_that_are_like_the_pattern(new_cache, pattern, removed) -> None:
    cache = new_cache()
    keys = ["instruction:1a", "instruction:2b", "image:1a", "image:1b"]
    run(cache.set_many({key: vector(1) for key in keys}))
    number, left = run(cache.clear_pattern(pattern), cache.get_many(keys))
    assert number == len(removed)
    assert {key for key, found in zip(keys, left, strict=True) if found is None} == removed


def test_statistics_tell_what_is_kept_and_how_often_it_was_found(new_cache) -> None:
    def counters() -> list[float]:
        names = "embedding_cache_hits_total", "embedding_cache_misses_total"
        return [metric(name, kind=kind) for name in names for kind in ("instruction", "image")]

    cache, before = new_cache(), counters()
    run(cache.set_many({"instruction:1": vector(1), "image:1": vector(2)}))
    run(cache.get_many(["instruction:1", "image:1", "image:2", "image:3"]))
    run(cache.get_embedding("instruction:1"))
    stats = run(cache.get_stats())[0]
    assert stats.pop("memory_used") >= 2 * DIM * 4
    assert stats == {"total_keys": 2, "hits": 3, "misses": 2}
    assert [new - old for old, new in zip(before, counters(), strict=True)] == [2, 1, 0, 2]


def test_hits_and_misses_are_in_the_log_of_those_who_debug(
    new_cache, caplog: pytest.LogCaptureFixture
) -> None:
    cache = new_cache()
    run(cache.set_embedding(KEY, vector(1)))
    run(cache.get_many([KEY, "image:1"]))
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG, "embeddings"):
        run(cache.get_many([KEY, "image:1", "image:2"]))
    assert caplog.messages == ["looked up in the cache: 1 hits, 2 misses"]


def test_many_threads_with_loops_of_their_own_share_a_cache(new_cache) -> None:
    cache = new_cache()
    wrong = []

    async def work(worker: int) -> None:
        for turn in range(25):
            mine = {f"image:{worker}.{turn}.{n}": vector(worker * 1000 + n) for n in range(8)}
            await cache.set_many(mine)
            found = await asyncio.gather(*map(cache.get_embedding, mine))
            wrong.extend(
                1 for a, b in zip(found, mine.values(), strict=True) if not np.array_equal(a, b)
            )

    threads = [threading.Thread(target=lambda n=n: asyncio.run(work(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = run(cache.get_stats())[0]
    assert wrong == []
    assert (stats["total_keys"], stats["hits"], stats["misses"]) == (800, 800, 0)


# In memory


def test_in_memory_the_vector_that_was_not_used_for_longest_goes_first() -> None:
    cache = EmbeddingCache()
    run(cache.set_many({f"image:{number}": vector(1) for number in range(MAX_ENTRIES)}))
    run(cache.get_embedding("image:0"), cache.set_embedding("image:1", vector(1)))
    run(cache.set_embedding("image:new", vector(1)))
    keys = ["image:0", "image:1", "image:2", "image:3", "image:new"]
    found, stats = run(cache.get_many(keys), cache.get_stats())
    assert [key for key, each in zip(keys, found, strict=True) if each is None] == ["image:2"]
    assert stats["total_keys"] == MAX_ENTRIES


# In Redis


@pytest.mark.usefixtures("patient")
def test_other_processes_find_the_vector_as_json_for_its_time(server: RedisServer) -> None:
    run(EmbeddingCache(server.url, ttl=60).set_many({KEY: vector(1), "image:1": vector(2)}))
    np.testing.assert_array_equal(run(EmbeddingCache(server.url).get_embedding(KEY))[0], vector(1))
    with server.client() as client:
        assert set(client.keys()) == {KEY.encode(), b"embedding:image:1"}
        assert json.loads(client.get(KEY))["dim"] == DIM
        assert all(0 < client.ttl(key) <= 60 for key in (KEY, "embedding:image:1"))


@pytest.mark.usefixtures("patient")
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


@pytest.mark.usefixtures("patient")
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


@pytest.mark.usefixtures("patient")
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


@pytest.mark.usefixtures("patient")
def test_loops_that_have_ended_are_not_kept(server: RedisServer) -> None:
    cache, loops = EmbeddingCache(server.url), []

    async def use() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(cache.get_embedding(f"image:{n}") for n in range(30)))

    for _ in range(5):
        asyncio.run(use())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1


@pytest.mark.usefixtures("patient")
def test_more_requests_than_connections_wait_for_their_turn(server: RedisServer) -> None:
    cache = EmbeddingCache(server.url, max_connections=3)
    keys = [f"image:{number}" for number in range(200)]

    async def ask() -> list[Vectors | None]:
        await cache.set_many({key: vector(n) for n, key in enumerate(keys)})
        return await asyncio.gather(*map(cache.get_embedding, keys))

    with capture_logs() as logs, server.client() as client:
        found = asyncio.run(ask())
        assert client.info("stats")["total_connections_received"] <= 3 + 2  # ours, and its start's
    assert all(np.array_equal(each, vector(n)) for n, each in enumerate(found))
    assert events(logs) == []


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


@pytest.mark.usefixtures("patient")
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


@pytest.mark.parametrize("fresh", [True, False], ids=["connecting", "connected"])
def test_a_request_that_is_cancelled_leaves_no_answer_for_the_next(server, fresh) -> None:
    cache = EmbeddingCache(server.url, max_connections=1)
    asyncio.run(cache.set_many({"image:1": vector(1), "image:2": vector(2)}))

    async def ask(cancelled: Callable[[], Awaitable[object]]) -> Vectors | None:
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
def test_a_full_redis_still_answers_and_keeps_again_when_there_is_room(server) -> None:
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
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        _, found, removed = run(
            cache.set_embedding(KEY, vector(2)), cache.get_embedding(KEY), cache.clear_pattern("*")
        )
    np.testing.assert_array_equal(found, vector(1))
    assert removed == 0
    assert events(logs) == [KEEPS_NOTHING]


@pytest.mark.parametrize("user", ["", ":wrong-secret@"])
def test_without_the_password_of_redis_all_are_misses_and_the_log_says_why(server, user) -> None:
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

    def ask(step: Callable[[EmbeddingCache], Awaitable[object]]) -> object:
        return run(step(EmbeddingCache(f"redis://127.0.0.1:{other.server_address[1]}")))[0]

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Speaker) as other:
        threading.Thread(target=other.serve_forever).start()
        assert ask(lambda cache: cache.get_embedding(KEY)) is None
        assert ask(lambda cache: cache.set_embedding(KEY, vector(1))) is None
        assert ask(lambda cache: cache.clear_pattern("*")) == 0
        assert ask(lambda cache: cache.get_stats())["total_keys"] == 0
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
