"""The tiny trained models, loaded once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from tests.helpers import tiny_models


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
