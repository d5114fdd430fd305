"""The protocols of encoders and of what they ask for, and the check that every vector passes."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from embeddings.errors import DimensionMismatch, InvalidVector
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights

Vectors = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
"""RGB uint8 [H, W, 3]."""
Clip = npt.NDArray[np.uint8]
"""RGB uint8 [frames, H, W, 3]."""
InputType = Literal["query", "document"]
"""What a text is: something that is looked for, or something that may be found."""


class Encoder(Protocol):
    """Items of one space to vectors of unit length."""

    def encode_items(self, items: Sequence[Any]) -> Vectors:
        """Texts, RGB images or clips to float32 [n, dim]."""
        ...


class QueryEncoder(Encoder, Protocol):
    """An encoder that computes vectors of text queries, too."""

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Text queries to float32 [n, dim]."""
        ...


class TextEncoder(QueryEncoder, Protocol):
    """A query encoder that says what its model reads of a text."""

    max_tokens: int
    """Tokens that the model reads; of a longer text the rest is cut off."""

    def num_tokens(self, texts: Sequence[str], input_type: InputType, /) -> list[int]:
        """The tokens of each uncut text, with those of its prompt and its marks."""
        ...


class Classifier(Protocol):
    """A model that gives the probabilities of its labels."""

    labels: list[str]

    def probabilities(self, items: Sequence[Any]) -> Vectors:
        """Images or clips to float32 [n, labels], each row summing to 1."""
        ...


class FeatureClassifier(Classifier, Protocol):
    """A classifier that gives the features, too, from which it classifies."""

    def features(self, items: Sequence[Any]) -> Vectors:
        """Images or clips to float32 [n, dim], of unit length."""
        ...


class Models(Protocol):
    """The loaded models, as far as an encoder that is being loaded may ask for them."""

    runtime: Runtime

    def encoder_of(self, key: str) -> QueryEncoder:
        """The encoder of a text space. Raises WeightsMissing, WeightsCorrupt."""
        ...

    def video_classifier(self, weights: HubWeights) -> FeatureClassifier:
        """The one video model of `weights`. Raises WeightsMissing, WeightsCorrupt."""
        ...


def check_vectors(vectors: Vectors, dim: int) -> Vectors:
    """`vectors`, float32 [n, dim] or [dim], if they are what a space may hold.

    Raises DimensionMismatch, or InvalidVector if one is not finite or not of unit length
    (to 1e-3).
    """
    if vectors.shape[-1] != dim:
        raise DimensionMismatch(dim, vectors.shape[-1])
    norms = np.linalg.norm(vectors, axis=-1)
    if not np.isfinite(norms).all() or (np.abs(norms - 1) > 1e-3).any():
        raise InvalidVector("a model gave a vector that is not finite or not of unit length")
    return vectors.astype(np.float32, copy=False)


def normalise(vectors: Vectors) -> Vectors:
    """Rows scaled to unit length; float32 of the same shape."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def fuse(texts: Vectors, images: Vectors, text_weight: float = 0.5) -> Vectors:
    """Vectors of texts and of pictures, float32 [n, dim] or [dim] in one space, as one each.

    Their weighted sum, both of unit length before, scaled to unit length: what it is compared
    with gets the weighted mean of both scores, up to a factor ("score fusion" in UniIR, Wei et
    al., 2023).
    """
    return normalise(text_weight * normalise(texts) + (1 - text_weight) * normalise(images))
