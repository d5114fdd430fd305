"""What tests of Ollama share: a server, and embedders that ask it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.settings import EmbeddingServerSettings
from embeddings.ollama.embedder import OllamaEmbedder
from tests.helpers.ollama import NewEmbedder, Ollama, serving_ollama


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    """A server with llava and nomic-embed-text."""
    with serving_ollama() as serving:
        yield serving


@pytest.fixture
def new_embedder(models: Path, ollama: Ollama) -> Iterator[NewEmbedder]:
    """Makes an embedder, by its arguments and by settings whose names say so."""
    made: list[OllamaEmbedder] = []

    def new(**more: Any) -> OllamaEmbedder:
        of_settings: dict[str, Any] = {
            "ollama_base_url": ollama.url,
            "sceneseek_home": models.parent,
        }
        names = [name for name in more if name.startswith(("ollama_", "embedding_"))]
        of_settings |= {name: more.pop(name) for name in names}
        made.append(OllamaEmbedder(settings=EmbeddingServerSettings(**of_settings), **more))
        return made[-1]

    yield new
    for embedder in made:
        asyncio.run(embedder.service.cleanup())
