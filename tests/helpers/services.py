"""The embedding service of a Python program, over the models of the tests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from api.settings import EmbeddingServerSettings
from embeddings.cache import EmbeddingCache
from embeddings.service import EmbeddingService


def embedding_settings(models: Path, **changed: Any) -> EmbeddingServerSettings:
    """Of a service that uses what was made ready in `models`."""
    named = {f"embedding_{name}": value for name, value in changed.items()}
    return EmbeddingServerSettings(sceneseek_home=models.parent, **named)


@contextmanager
def embedding_service(
    models: Path, cache: EmbeddingCache | None = None, **changed: Any
) -> Iterator[EmbeddingService]:
    """A service with a cache of its own in memory, unless it is given one."""
    made = EmbeddingService(cache, "cpu", settings=embedding_settings(models, **changed))
    try:
        yield made
    finally:
        asyncio.run(made.cleanup())


def metric(name: str, **labels: str) -> float:
    """What Prometheus would read of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
