"""What tests of embeddings share: the tiny trained models, loaded once, and a hub on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings import redis_store
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from tests.helpers import tiny_models
from tests.helpers.hub import serving


@pytest.fixture(scope="session")
def tiny_runtime(models: Path) -> Runtime:
    """Where the tiny models are, computed with in float32."""
    return Runtime(models, num_threads=2, model_dir=tiny_models.tiny_models(), precision="float32")


@pytest.fixture(scope="session")
def tiny_encoders(tiny_runtime: Runtime) -> Iterator[Encoders]:
    """The encoders of the tiny models."""
    encoders = Encoders(tiny_runtime)
    yield encoders
    encoders.close()


@pytest.fixture(scope="session")
def hub() -> Iterator[str]:
    """The URL of a server that speaks the hub's protocol."""
    with serving() as url:
        yield url


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests in which Redis answers, however busy the machine is."""
    monkeypatch.setattr(redis_store, "TIMEOUT_S", 10)
