"""Vectors, and descriptions of pictures, that were computed before, kept in Redis or in memory.

The cache saves time and never decides an answer: what it cannot give is computed anew.
"""

import base64
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from embeddings import metrics
from embeddings.encoder import Vectors, check_vectors
from embeddings.errors import EmbeddingError, InvalidVector
from embeddings.redis_store import PREFIX, RedisStore

KINDS = ("instruction", "image", "description")
MAX_ENTRIES = 10_000
"""In memory; the one that was not used for longest goes first."""

_log = logging.getLogger(__name__)
"""The standard library's: silent unless somebody debugs, in any program that uses the cache."""


class CacheStats(TypedDict):
    """What a cache holds, and how often it had what was asked for."""

    total_keys: int
    """Of vectors."""
    memory_used: int
    """Bytes: of the whole Redis, or of the vectors in memory."""
    hits: int
    """Of this object."""
    misses: int
    """Of this object."""


class EmbeddingCache:
    """Vectors by key, `embedding:instruction:…` or `embedding:image:…`, kept for `ttl` seconds.

    In the Redis at `redis_url`, or in memory without one. May be used from any thread and event
    loop. A Redis that fails or holds nonsense makes misses, not errors; while it fails, it is
    asked once a second. `embedding:` is put before keys and patterns that lack it.
    Raises InvalidSettings if `redis_url` is not the URL of a Redis.
    """

    def __init__(
        self, redis_url: str | None = None, ttl: int = 300, max_connections: int = 20
    ) -> None:
        self._store = (
            _Memory(ttl) if redis_url is None else RedisStore(redis_url, ttl, max_connections)
        )
        self._counting = threading.Lock()
        self._hits = 0
        self._misses = 0

    async def get_embedding(self, key: str) -> Vectors | None:
        """The vector of `key`, float32 [dim], or None."""
        return (await self.get_many([key]))[0]

    async def get_many(self, keys: Sequence[str], dim: int | None = None) -> list[Vectors | None]:
        """The vectors of `keys`, in their order, None where there is none (of dimension `dim`)."""
        if not keys:
            return []
        keys = [_whole(key) for key in keys]
        values = await self._store.read(keys)
        vectors = [None if value is None else _decode(value, dim) for value in values]
        self._count(keys, vectors)
        return vectors

    async def set_embedding(self, key: str, vector: npt.ArrayLike) -> None:
        """Keeps one vector. Raises InvalidVector, as `set_many` does."""
        await self.set_many({key: vector})

    async def set_many(self, vectors: Mapping[str, npt.ArrayLike]) -> None:
        """Keeps vectors [dim], each by its key.

        Raises InvalidVector, and keeps none, if one is not finite or not of unit length.
        """
        await self._store.write({_whole(key): _encode(v) for key, v in vectors.items()})

    async def get_text(self, key: str) -> str | None:
        """The text of `key`, such as a picture's description, or None."""
        keys = [_whole(key)]
        texts = [None if value is None else _text(value) for value in await self._store.read(keys)]
        found = texts or [None]
        self._count(keys, found)
        return found[0]

    async def set_text(self, key: str, text: str) -> None:
        """Keeps a text."""
        await self._store.write({_whole(key): json.dumps({"text": text}).encode()})

    async def clear_pattern(self, pattern: str) -> int:
        """The number of vectors removed: of keys like `pattern`, such as `instruction:*`."""
        return await self._store.remove(_whole(pattern))

    async def get_stats(self) -> CacheStats:
        """What it holds now, 0 if Redis does not say, and the hits and misses so far."""
        num_keys, size_bytes = await self._store.size()
        return {
            "total_keys": num_keys,
            "memory_used": size_bytes,
            "hits": self._hits,
            "misses": self._misses,
        }

    async def close(self) -> None:
        """Closes the connections; the next use opens new ones."""
        await self._store.close()

    def _count(self, keys: Sequence[str], values: Sequence[Vectors | str | None]) -> None:
        hits = sum(value is not None for value in values)
        misses = len(values) - hits
        with self._counting:
            self._hits += hits
            self._misses += misses
        for key, value in zip(keys, values, strict=True):
            counter = metrics.CACHE_MISSES if value is None else metrics.CACHE_HITS
            counter.labels(_kind(key)).inc()
        _log.debug("looked up in the cache: %d hits, %d misses", hits, misses)


class _Memory:
    """The MAX_ENTRIES values used last; safe from any thread."""

    def __init__(self, ttl: int) -> None:
        self._ttl = ttl
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        """Value and the time at which it expires, by key, the one used last at the end."""
        self._lock = threading.Lock()

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        with self._lock:
            return [self._read(key) for key in keys]

    async def write(self, values: Mapping[str, bytes]) -> None:
        expires = time.monotonic() + self._ttl
        with self._lock:
            for key, value in values.items():
                self._entries[key] = expires, value
                self._entries.move_to_end(key)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)

    async def remove(self, pattern: str) -> int:
        pattern = pattern.replace("[^", "[!")  # Redis's negation, and Python's
        with self._lock:
            self._drop_expired()
            keys = [key for key in self._entries if fnmatchcase(key, pattern)]
            for key in keys:
                del self._entries[key]
        return len(keys)

    async def size(self) -> tuple[int, int]:
        with self._lock:
            self._drop_expired()
            return len(self._entries), sum(len(value) for _, value in self._entries.values())

    async def close(self) -> None:
        """Nothing is open."""

    def _read(self, key: str) -> bytes | None:
        expires, value = self._entries.get(key, (0.0, b""))
        if expires <= time.monotonic():
            return None
        self._entries.move_to_end(key)
        return value

    def _drop_expired(self) -> None:
        now = time.monotonic()
        for key in [key for key, (expires, _) in self._entries.items() if expires <= now]:
            del self._entries[key]


def _whole(name: str) -> str:
    return name if name.startswith(PREFIX) else PREFIX + name


def _kind(key: str) -> str:
    kind = key.split(":")[1]
    return kind if kind in KINDS else "other"


def _encode(vector: npt.ArrayLike) -> bytes:
    """The JSON of a vector. Raises InvalidVector."""
    with np.errstate(over="ignore", invalid="ignore"):
        array = np.asarray(vector, dtype="<f4")
    if array.ndim != 1:
        raise InvalidVector(f"one vector [dim] has one key; got an array of shape {array.shape}")
    text = base64.b64encode(_checked(array).tobytes()).decode()
    return json.dumps({"dim": len(array), "vector": text}).encode()


def _text(value: bytes) -> str | None:
    """The text that `set_text` kept as `value`; None if it is something else."""
    try:
        text = json.loads(value)["text"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _decode(value: bytes, dim: int | None) -> Vectors | None:
    """The vector that `_encode` made `value` of; None if it did not, or not of this dimension."""
    try:
        stored = json.loads(value)
        array = np.frombuffer(base64.b64decode(stored["vector"]), "<f4")
        if stored["dim"] != len(array) or dim not in (None, len(array)):
            return None
        return _checked(array).copy()
    except (ValueError, TypeError, KeyError, RecursionError, EmbeddingError):
        return None


def _checked(array: Vectors) -> Vectors:
    """`array` if it is finite and of unit length. Raises InvalidVector."""
    with np.errstate(over="ignore", invalid="ignore"):
        return check_vectors(array, len(array))
