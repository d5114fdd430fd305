"""EmbeddingService: one place that loads encoders, each once and only when it is needed."""

import importlib
import threading
from collections.abc import Sequence
from typing import Any

from embeddings.encoder import Encoder, Vectors, check_vectors
from embeddings.onnx_session import Runtime
from embeddings.space import Space


class EmbeddingService:
    """Encodes for any space; safe to call from several threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._encoders: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    def encode_items(self, space: Space, items: Sequence[Any]) -> Vectors:
        """Texts or RGB images, as the space takes them, to float32 [n, dim]."""
        return check_vectors(self._encoder(space).encode_items(items), space.dim)

    def encode_query(self, space: Space, query: str) -> Vectors:
        """A text query to float32 [dim]."""
        return check_vectors(self._encoder(space).encode_query(query), space.dim)

    def _encoder(self, space: Space) -> Encoder:
        with self._lock:
            if space.key not in self._encoders:
                module, name = space.encoder.split(":")
                make_encoder = getattr(importlib.import_module(module), name)
                self._encoders[space.key] = make_encoder(self._runtime)
            return self._encoders[space.key]
