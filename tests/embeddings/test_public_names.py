"""`from embeddings import …`: the names for Python programs, imported when they are asked for."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import embeddings

NAMES = {
    "ActionRecognitionModel",
    "BatchEmbedder",
    "EmbeddingCache",
    "EmbeddingGenerator",
    "EmbeddingMonitor",
    "EmbeddingPipeline",
    "EmbeddingRegistry",
    "EmbeddingService",
    "ImageEmbedder",
    "MultimodalEmbedder",
    "OllamaEmbedder",
    "TemporalUnderstanding",
    "TextEmbedder",
    "VisionLanguageEmbedder",
    "embedding_config",
    "get_clip_model",
    "get_embedding_generator",
}
HEAVY = {"torch", "transformers", "onnxruntime", "numpy", "PIL", "redis", "prometheus_client"}


def test_the_public_names_are_these() -> None:
    assert set(embeddings.__all__) == NAMES
    assert set(dir(embeddings)) >= NAMES
    for name in NAMES:
        assert getattr(embeddings, name) is not None


def test_type_checkers_are_told_the_same_names() -> None:
    tree = ast.parse(Path(embeddings.__file__).read_text(encoding="utf-8"))
    told = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("embeddings.")
        for alias in node.names
    }
    assert told.keys() == NAMES
    for name, module in told.items():
        assert getattr(import_module(str(module)), name) is getattr(embeddings, name)


def test_another_name_is_an_error_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'embeddings' has no attribute 'Embedder'"):
        embeddings.Embedder  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Embedder'"):
        exec("from embeddings import Embedder")


def test_the_import_waits_for_nothing_heavy() -> None:
    code = "import sys, embeddings; print(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
