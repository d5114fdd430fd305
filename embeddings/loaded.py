"""The loaded models: each is loaded once, and only when it is needed."""

import importlib
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from embeddings.encoder import (
    Encoder,
    InputType,
    Models,
    QueryEncoder,
    TextEncoder,
    Vectors,
    check_vectors,
)
from embeddings.errors import InvalidVector, NoTextQuery, UnknownSpace, WeightsMissing
from embeddings.failures import Failures, Result, named
from embeddings.registry.local import local_spaces
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights, require_present
from embeddings.weights.packages import PackageWeights

if TYPE_CHECKING:  # torch takes seconds to import
    from embeddings.encoders.cross_encoder import CrossEncoder
    from embeddings.encoders.video import VideoClassifier
    from embeddings.encoders.vlm import VisionLanguageEncoder

QUERY_CACHE = 1024
"""Queries whose vectors are kept: spaces that share an encoder, and every repeat, encode once."""

QUERY_S, LOADING_S = 20.0, 600.0
"""What a model may take for a query, for which a person waits, and if it has to be loaded first: a
bundled one is made ready then, which takes a minute on a machine that has much else to do."""


class Encoders(Models):
    """The encoders of all spaces; safe to call from several threads. What a model raises is ours
    (embeddings/failures.py)."""

    spaces: dict[str, Space]
    """Those of the registry and of the person's own models, by key."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises UnknownSpace for a declaration of an own model that cannot be used."""
        self.runtime = runtime
        own = local_spaces(runtime.model_dir)
        if taken := sorted(own.keys() & SPACES.keys()):
            raise UnknownSpace(f"{runtime.model_dir} declares {taken[0]!r}, which is taken")
        self.spaces = {**SPACES, **own}
        self._encoders: dict[str, Encoder] = {}
        self._video_classifiers: dict[HubWeights, VideoClassifier] = {}
        self._cross_encoder: CrossEncoder | None = None
        self._failures = Failures()
        self._lock = threading.RLock()  # again by the same thread: one encoder loads another
        self._query_vector = lru_cache(QUERY_CACHE)(self._vector_of)

    def encode_items(self, space: Space, items: Sequence[Any]) -> Vectors:
        """Texts, RGB images or clips, as the space takes them, to float32 [n, dim].

        Raises WeightsMissing, WeightsCorrupt, ModelFailed, DimensionMismatch, InvalidVector.
        """
        encoder = self._encoder(space)
        with named(space.key):
            return check_vectors(encoder.encode_items(items), space.dim)

    def encode_pictures(self, space: Space, pictures: Sequence[Any]) -> Vectors:
        """The RGB images of a query to float32 [n, dim], in a time that a person waits. Raises as
        `encode_items` does."""
        return self._for_query(
            space.key, self.is_loaded(space), lambda: self.encode_items(space, pictures)
        )

    def encode_query(self, space: Space, query: str) -> Vectors:
        """A text query to float32 [dim], in a time that a person waits; it is kept for a while.

        Raises NoTextQuery, and what `encode_items` raises.
        """
        vector: Vectors = self._query_vector(self.text_space(space), query)
        return check_vectors(vector, space.dim)

    def encode_queries(self, space: Space, queries: Sequence[str]) -> Vectors:
        """Text queries to float32 [n, dim]. Raises as `encode_query` does."""
        encoder = cast(QueryEncoder, self._encoder(self.text_space(space)))
        with named(self.text_space(space).key):
            return check_vectors(encoder.encode_queries(queries), space.dim)

    def encode_texts(self, space: Space, texts: Sequence[str], input_type: InputType) -> Vectors:
        """Texts to float32 [n, dim]; in a space of pictures, every text is a query.

        Raises as `encode_query` does.
        """
        if input_type == "document" and space.input is Input.TEXT:
            return self.encode_items(space, texts)
        return self.encode_queries(space, texts)

    def text_encoder(self, space: Space) -> TextEncoder:
        """The encoder of a space's texts, which counts their tokens. Raises as `encode_query`
        does."""
        return cast(TextEncoder, self._encoder(self.text_space(space)))

    def vision_language(self, space: Space) -> "VisionLanguageEncoder":
        """The encoder of a vision-language space, which pools its states in other ways, too.

        Raises UnknownSpace for a space of another kind, WeightsMissing, WeightsCorrupt.
        """
        self.require_vision_language(space)
        return cast("VisionLanguageEncoder", self._encoder(space))

    def require_vision_language(self, space: Space) -> None:
        """Raises UnknownSpace, naming those there are, for a space of another kind of model."""
        if space.pooling is None:
            fitting = ", ".join(key for key, each in self.spaces.items() if each.pooling)
            raise UnknownSpace(f"{space.key} has no vision-language model; what has: {fitting}")

    def is_loaded(self, space: Space) -> bool:
        """Whether a space's encoder is in memory."""
        return space.key in self._encoders

    def encoder_of(self, key: str) -> QueryEncoder:
        """The encoder of a text space, for encoders that project into it."""
        return cast(QueryEncoder, self._encoder(self.spaces[key]))

    def text_space(self, space: Space) -> Space:
        """The space whose encoder makes the texts' vectors of `space`. Raises NoTextQuery."""
        if not space.answers_text:
            raise NoTextQuery(f"{space.key} holds features that no text can be compared with")
        return space if space.query_space is None else self.spaces[space.query_space]

    def video_classifier(self, weights: HubWeights) -> "VideoClassifier":
        """The one video model of `weights`: two spaces share it, and its forward passes."""
        from embeddings.encoders.video import VideoClassifier

        with self._lock:
            if weights not in self._video_classifiers:
                self._video_classifiers[weights] = VideoClassifier(weights, self.runtime)
            return self._video_classifiers[weights]

    def score_pairs(self, query: str, texts: Sequence[str]) -> Vectors:
        """How well each text answers a query, by the cross-encoder: logits, float32 [n], in a time
        that a person waits.

        Raises WeightsMissing, WeightsCorrupt, ModelFailed, InvalidVector.
        """
        name = MS_MARCO_MINILM.name

        def score() -> Vectors:
            encoder = self.cross_encoder()
            with named(name):
                return encoder.score(query, texts)

        logits = self._for_query(name, self._cross_encoder is not None, score)
        if not np.isfinite(logits).all():
            raise InvalidVector(f"the model of {name} gave a score that is no number")
        return logits

    def cross_encoder(self) -> "CrossEncoder":
        """The model that reads a query and a text together. Raises WeightsMissing,
        WeightsCorrupt, ModelFailed."""
        if self._cross_encoder is not None:  # without the lock, as in `_encoder`
            return self._cross_encoder
        with self._lock:
            if self._cross_encoder is None:
                require_present(MS_MARCO_MINILM, self.runtime)  # before torch is imported
                self._failures.require_sound(MS_MARCO_MINILM.name)
                with self._failures.loading(MS_MARCO_MINILM.name):
                    from embeddings.encoders.cross_encoder import CrossEncoder

                    self._cross_encoder = CrossEncoder(MS_MARCO_MINILM, self.runtime)
            return self._cross_encoder

    def require_weights(self, space: Space) -> None:
        """Raises WeightsMissing, naming space, model and remedy, if they are not here.

        Takes no time: nothing is loaded or verified.
        """
        try:
            require_present(space.weights, self.runtime)
        except WeightsMissing as error:
            message = f"the space {space.key} cannot be used: {error}"
            raise WeightsMissing(message, error.model) from None

    def has_weights(self, space: Space) -> bool:
        """Whether the weights of a space are on this machine."""
        try:
            self.require_weights(space)
        except WeightsMissing:
            return False
        return True

    def close(self) -> None:
        """Frees every model; one that is needed again is loaded again."""
        with self._lock:
            self._encoders.clear()
            self._video_classifiers.clear()
            self._cross_encoder = None
            self._query_vector.cache_clear()
            self._failures.forget()

    def _vector_of(self, space: Space, query: str) -> Vectors:
        """In another thread where a model may hang. A bundled one that is loaded runs on the
        processor, in the thread that asks; to hand a query over takes longer on a busy machine
        than to compute it (docs/operations.md)."""
        if self.is_loaded(space) and isinstance(space.weights, PackageWeights):
            vectors = self.encode_queries(space, [query])
        else:
            vectors = self._for_query(
                space.key, self.is_loaded(space), lambda: self.encode_queries(space, [query])
            )
        vector: Vectors = vectors[0]
        return vector

    def _for_query(self, model: str, is_loaded: bool, compute: Callable[[], Result]) -> Result:
        return self._failures.within(QUERY_S if is_loaded else LOADING_S, model, compute)

    def _encoder(self, space: Space) -> Encoder:
        loaded = self._encoders.get(space.key)
        if loaded is not None:  # without the lock: another model may be loading for seconds
            return loaded
        with self._lock:
            if space.key not in self._encoders:
                self._failures.require_sound(space.key)
                with self._failures.loading(space.key):
                    module = importlib.import_module(f"embeddings.encoders.{space.encoder}")
                    self._encoders[space.key] = module.load(space, self)
            return self._encoders[space.key]
