"""Vectors kept in memory and in a real Redis: found again, forgotten, refused, counted."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from embeddings import redis_store
from embeddings.cache import MAX_ENTRIES, EmbeddingCache
from embeddings.errors import InvalidVector
from tests.helpers.cache import DIM, KEY, events, metric, run, vector
from tests.helpers.redis import RedisServer

NewCache = Callable[..., EmbeddingCache]


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
def new_cache(request: pytest.FixtureRequest, patient: None) -> NewCache:
    """Makes a cache of each kind, its Redis being empty."""
    url = None if request.param == "memory" else request.getfixturevalue("server").url
    return lambda ttl=300: EmbeddingCache(url, ttl)


def test_a_vector_comes_back_to_the_last_bit(new_cache: NewCache) -> None:
    cache = new_cache()
    _, found = run(cache.set_embedding(KEY, vector(1)), cache.get_embedding(KEY))
    np.testing.assert_array_equal(found, vector(1), strict=True)


def test_many_come_back_in_the_order_asked_for_with_gaps_where_there_are_none(
    new_cache: NewCache,
) -> None:
    cache = new_cache()
    keys = [f"image:{number}" for number in (3, 1, 9, 2, 1)]
    stored = {f"image:{number}": vector(number) for number in (1, 2, 3)}
    _, found = run(cache.set_many(stored), cache.get_many(keys))
    assert [None if each is None else each.tolist() for each in found] == [
        stored[key].tolist() if key in stored else None for key in keys
    ]


def test_a_text_comes_back_and_is_no_vector(new_cache: NewCache) -> None:
    cache = new_cache()
    misses = metric("embedding_cache_misses_total", kind="description")
    _, found, none, as_vector, cleared, gone = run(
        cache.set_text("description:1", "Ein Krämer \N{OX}\nzwei"),
        cache.get_text("description:1"),
        cache.get_text("description:2"),
        cache.get_embedding("description:1"),
        cache.clear_pattern("description:*"),
        cache.get_text("description:1"),
    )
    assert (found, none, as_vector, cleared, gone) == (
        "Ein Krämer \N{OX}\nzwei",
        None,
        None,
        1,
        None,
    )
    assert metric("embedding_cache_misses_total", kind="description") == misses + 3


def test_a_vector_is_no_text(new_cache: NewCache) -> None:
    cache = new_cache()
    assert run(cache.set_embedding(KEY, vector(1)), cache.get_text(KEY)) == [None, None]


def test_to_ask_for_nothing_and_to_keep_nothing_is_no_fault(new_cache: NewCache) -> None:
    cache = new_cache()
    with capture_logs() as logs:
        assert run(cache.get_many([]), cache.set_many({})) == [[], None]
        assert run(cache.set_embedding(KEY, vector(1)), cache.get_many([KEY]))[1][0] is not None
    assert events(logs) == []


def test_a_change_in_place_reaches_neither_the_cache_nor_another_caller(
    new_cache: NewCache,
) -> None:
    cache, mine = new_cache(), vector(1)
    _, first, second = run(
        cache.set_embedding(KEY, mine), cache.get_embedding(KEY), cache.get_embedding(KEY)
    )
    mine[:] = 0
    first[:] = 0
    for found in (second, *run(cache.get_embedding(KEY))):
        np.testing.assert_array_equal(found, vector(1))


def test_a_vector_is_forgotten_after_its_time(new_cache: NewCache) -> None:
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
def test_what_is_no_unit_vector_is_refused_before_anything_is_stored(
    new_cache: NewCache, wrong: Any
) -> None:
    cache = new_cache()
    with pytest.raises(InvalidVector):
        run(cache.set_many({KEY: vector(1), "image:1": wrong}))
    assert run(cache.get_stats())[0]["total_keys"] == 0


def test_a_vector_of_another_dimension_than_is_asked_for_is_a_miss(new_cache: NewCache) -> None:
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
def test_clearing_removes_the_keys_that_are_like_the_pattern(
    new_cache: NewCache, pattern: str, removed: set[str]
) -> None:
    cache = new_cache()
    keys = ["instruction:1a", "instruction:2b", "image:1a", "image:1b"]
    run(cache.set_many({key: vector(1) for key in keys}))
    with capture_logs() as logs:
        number, left = run(cache.clear_pattern(pattern), cache.get_many(keys))
    assert events(logs) == []
    assert number == len(removed)
    assert {key for key, found in zip(keys, left, strict=True) if found is None} == removed


def test_statistics_tell_what_is_kept_and_how_often_it_was_found(new_cache: NewCache) -> None:
    def counters() -> list[float]:
        kinds = "instruction", "image", "other"
        names = "embedding_cache_hits_total", "embedding_cache_misses_total"
        return [metric(name, kind=kind) for name in names for kind in kinds]

    cache, before = new_cache(), counters()
    run(cache.set_many({"instruction:1": vector(1), "image:1": vector(2)}))
    run(cache.get_many(["instruction:1", "image:1", "image:2", "image:3", "text"]))
    run(cache.get_embedding("instruction:1"))
    stats = run(cache.get_stats())[0]
    assert stats.pop("memory_used") >= 2 * DIM * 4
    assert stats == {"total_keys": 2, "hits": 3, "misses": 3}
    assert [new - old for old, new in zip(before, counters(), strict=True)] == [
        *(2, 1, 0),
        *(0, 2, 1),
    ]


def test_hits_and_misses_are_in_the_log_of_those_who_debug(
    new_cache: NewCache, caplog: pytest.LogCaptureFixture
) -> None:
    cache = new_cache()
    run(cache.set_embedding(KEY, vector(1)))
    run(cache.get_many([KEY, "image:1"]))
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG, "embeddings"):
        run(cache.get_many([KEY, "image:1", "image:2"]))
    assert caplog.messages == ["looked up in the cache: 1 hits, 2 misses"]


def test_many_threads_with_loops_of_their_own_share_a_cache(new_cache: NewCache) -> None:
    cache = new_cache()
    wrong: list[int] = []

    async def work(worker: int) -> None:
        for turn in range(25):
            mine = {f"image:{worker}.{turn}.{n}": vector(worker * 1000 + n) for n in range(8)}
            await cache.set_many(mine)
            found = await asyncio.gather(*map(cache.get_embedding, mine))
            wrong.extend(
                1
                for a, b in zip(found, mine.values(), strict=True)
                if a is None or not np.array_equal(a, b)
            )

    threads = [threading.Thread(target=lambda n=n: asyncio.run(work(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = run(cache.get_stats())[0]
    assert wrong == []
    assert (stats["total_keys"], stats["hits"], stats["misses"]) == (800, 800, 0)


def test_in_memory_the_vector_that_was_not_used_for_longest_goes_first() -> None:
    cache = EmbeddingCache()
    run(cache.set_many({f"image:{number}": vector(1) for number in range(MAX_ENTRIES)}))
    run(cache.get_embedding("image:0"), cache.set_embedding("image:1", vector(1)))
    run(cache.set_embedding("image:new", vector(1)))
    keys = ["image:0", "image:1", "image:2", "image:3", "image:new"]
    found, stats = run(cache.get_many(keys), cache.get_stats())
    assert [key for key, each in zip(keys, found, strict=True) if each is None] == ["image:2"]
    assert stats["total_keys"] == MAX_ENTRIES
