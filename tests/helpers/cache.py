"""What tests of the cache share: unit vectors, event loops, and what was logged and counted."""

import asyncio
from collections.abc import Awaitable, MutableMapping
from typing import Any

import numpy as np
from prometheus_client import REGISTRY

from embeddings.encoder import Vectors

DIM = 8
KEY = "embedding:instruction:1f"


def vector(seed: int, dim: int = DIM) -> Vectors:
    """A unit vector; another for each seed."""
    drawn = np.random.default_rng(seed).normal(size=dim)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def run(*steps: Awaitable[object]) -> list[Any]:
    """The results of steps, one after another, on an event loop of their own."""

    async def all_steps() -> list[Any]:
        return [await step for step in steps]

    return asyncio.run(all_steps())


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def events(logs: list[MutableMapping[str, Any]]) -> list[tuple[str, str]]:
    """The log as level and message."""
    return [(line["log_level"], line["event"]) for line in logs]
