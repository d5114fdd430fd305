"""Encoders: what a model that cannot be loaded is called."""

from pathlib import Path

import pytest

from embeddings.errors import WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime


def test_a_model_that_is_not_here_is_named_with_what_to_do(models: Path) -> None:
    encoders = Encoders(Runtime(models))
    with pytest.raises(WeightsMissing, match=r"openai/clip.*embeddings pull.*EMBEDDING_MODEL_DIR"):
        encoders.encode_query(SPACES["clip-b32"], "a red circle")
