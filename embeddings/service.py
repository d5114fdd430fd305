"""EmbeddingService: one place that loads encoders, each once and only when it is needed."""

import importlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from embeddings.encoder import Encoder, QueryEncoder, Vectors, check_vectors
from embeddings.errors import NoTextQuery
from embeddings.hub import HubWeights
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.spaces import get_space

if TYPE_CHECKING:  # torch takes seconds to import
    from embeddings.video_classifier import VideoClassifier


class EmbeddingService:
    """Encodes for any space; safe to call from several threads."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._encoders: dict[str, Encoder] = {}
        self._video_classifiers: dict[HubWeights, VideoClassifier] = {}
        self._lock = threading.RLock()

    def encode_items(self, space: Space, items: Sequence[Any]) -> Vectors:
        """Texts, RGB images or clips, as the space takes them, to float32 [n, dim]."""
        return check_vectors(self._encoder(space).encode_items(items), space.dim)

    def encode_query(self, space: Space, query: str) -> Vectors:
        """A text query to float32 [dim]. Raises NoTextQuery."""
        if not space.answers_text:
            raise NoTextQuery(f"{space.key} holds features that no text can be compared with")
        encoder = cast(QueryEncoder, self._encoder(space))
        return check_vectors(encoder.encode_query(query), space.dim)

    def encoder_of(self, key: str) -> QueryEncoder:
        """The encoder of a text space, for spaces that project into it."""
        return cast(QueryEncoder, self._encoder(get_space(key)))

    def video_classifier(self, weights: HubWeights) -> "VideoClassifier":
        """The one video model of `weights`: two spaces share it, and its forward passes."""
        from embeddings.video_classifier import VideoClassifier

        with self._lock:
            if weights not in self._video_classifiers:
                self._video_classifiers[weights] = VideoClassifier(weights, self.runtime)
            return self._video_classifiers[weights]

    def close(self) -> None:
        """Frees every model; what is needed again is loaded again."""
        with self._lock:
            self._encoders.clear()
            self._video_classifiers.clear()

    def _encoder(self, space: Space) -> Encoder:
        with self._lock:
            if space.key not in self._encoders:
                module, name = space.encoder.split(":")
                make_encoder = getattr(importlib.import_module(module), name)
                self._encoders[space.key] = make_encoder(space, self)
            return self._encoders[space.key]
