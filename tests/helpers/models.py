"""Queues of batches before stand-ins for the computing part of a model.

These know the vector of every value at sight, so that a test can tell whose vector it was given.
"""

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np
from prometheus_client import REGISTRY

from embeddings.batching import Batcher
from embeddings.encoder import Vectors, normalise
from embeddings.jobs import Item, Limits

DIM = 6
PATIENCE_S = 20
NAME = "a-model"
WIDE = Limits(batch_items=8, batch_size=10_000, queued_items=100_000, queued_size=10_000_000)


def vector_of(value: str) -> Vectors:
    """A unit vector, another for each value."""
    digest = hashlib.sha256(value.encode()).digest()
    return normalise(np.frombuffer(digest[:DIM], np.uint8).astype(np.float32) + 1)


def vectors_of(values: Sequence[str]) -> Vectors:
    """float32 [n, DIM]."""
    return np.stack([vector_of(value) for value in values])


def items(*values: str, size: int = 10) -> list[Item]:
    """Items of one size, whose keys are their values."""
    return [Item(value, value, size) for value in values]


def of_sizes(*sizes: int) -> list[Item]:
    """Items that are named for their sizes."""
    return [Item(str(size), str(size), size) for size in sizes]


class Steered:
    """A model that notes its batches, and computes each when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        """Those that it has begun."""
        self._begun: queue.Queue[None] = queue.Queue()
        self._let = threading.Semaphore(0)

    def __call__(self, values: list[str]) -> Vectors:
        self.batches.append(values)
        self._begun.put(None)
        assert self._let.acquire(timeout=PATIENCE_S)
        return vectors_of(values)

    def wait_for_batch(self) -> None:
        """Until one more is begun."""
        self._begun.get(timeout=PATIENCE_S)

    def let(self, num_batches: int = 1) -> None:
        """Has so many computed."""
        self._let.release(num_batches)


class Quick:
    """A model that takes a time for each batch, and notes them."""

    def __init__(self, batch_s: float = 0.0) -> None:
        self.batches: list[list[str]] = []
        self._batch_s = batch_s

    def __call__(self, values: list[str]) -> Vectors:
        self.batches.append(values)
        time.sleep(self._batch_s)
        return vectors_of(values)


@contextmanager
def batcher(
    compute: Callable[[list[Any]], Vectors],
    limits: Limits = WIDE,
    num_workers: int = 1,
    stall_s: float = 60.0,
) -> Iterator[Batcher]:
    """A queue that is closed at the end; then all its threads have ended, so that the error of one
    that dies shows in the test that let it die."""
    made = Batcher(NAME, compute, limits, num_workers, stall_s)
    try:
        yield made
    finally:
        made.close()
        for thread in threading.enumerate():
            if thread.name == f"embed {NAME}":
                thread.join(PATIENCE_S)


def assert_answered(future: "Future[list[Vectors]]", asked: Sequence[Item]) -> None:
    """It has exactly the vectors of the items, in their order."""
    expected = vectors_of([item.value for item in asked])
    np.testing.assert_array_equal(np.stack(future.result(PATIENCE_S)), expected, strict=True)


def error_of(future: "Future[list[Vectors]]") -> BaseException:
    error = future.exception(PATIENCE_S)
    assert error is not None
    return error


def num_waiting() -> float:
    """What Prometheus is told of the queue."""
    return (
        REGISTRY.get_sample_value("embedding_queue_items", {"model": NAME, "kind": "text"}) or 0.0
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)
