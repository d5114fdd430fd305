"""Text, images and clips to vectors. Knows nothing of video files or SQL.

The names of __all__ are for Python programs (docs/python.md). Each is imported when it is first
asked for: a search on the command line waits for none of them.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embeddings.cache import EmbeddingCache as EmbeddingCache
    from embeddings.embedders import ImageEmbedder as ImageEmbedder
    from embeddings.embedders import MultimodalEmbedder as MultimodalEmbedder
    from embeddings.embedders import TextEmbedder as TextEmbedder
    from embeddings.generator import EmbeddingGenerator as EmbeddingGenerator
    from embeddings.generator import get_clip_model as get_clip_model
    from embeddings.generator import get_embedding_generator as get_embedding_generator
    from embeddings.ollama.embedder import OllamaEmbedder as OllamaEmbedder
    from embeddings.pipeline import BatchEmbedder as BatchEmbedder
    from embeddings.pipeline import EmbeddingMonitor as EmbeddingMonitor
    from embeddings.pipeline import EmbeddingPipeline as EmbeddingPipeline
    from embeddings.pipeline import EmbeddingRegistry as EmbeddingRegistry
    from embeddings.service import EmbeddingService as EmbeddingService
    from embeddings.settings import embedding_config as embedding_config
    from embeddings.video_models import ActionRecognitionModel as ActionRecognitionModel
    from embeddings.video_models import TemporalUnderstanding as TemporalUnderstanding
    from embeddings.vision_language import VisionLanguageEmbedder as VisionLanguageEmbedder

# ONNX Runtime reports its use to its makers unless told not to before it is imported. Nothing of
# a person's videos, not even that they are searched, leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_MODULES = {
    "ActionRecognitionModel": "video_models",
    "BatchEmbedder": "pipeline",
    "EmbeddingCache": "cache",
    "EmbeddingGenerator": "generator",
    "EmbeddingMonitor": "pipeline",
    "EmbeddingPipeline": "pipeline",
    "EmbeddingRegistry": "pipeline",
    "EmbeddingService": "service",
    "ImageEmbedder": "embedders",
    "MultimodalEmbedder": "embedders",
    "OllamaEmbedder": "ollama.embedder",
    "TemporalUnderstanding": "video_models",
    "TextEmbedder": "embedders",
    "VisionLanguageEmbedder": "vision_language",
    "embedding_config": "settings",
    "get_clip_model": "generator",
    "get_embedding_generator": "generator",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
