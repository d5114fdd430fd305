"""The protocol of an encoder, and the check that every vector passes."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from embeddings.errors import DimensionMismatch, InvalidVector

Vectors = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
"""RGB uint8 [H, W, 3]."""
Clip = npt.NDArray[np.uint8]
"""RGB uint8 [frames, H, W, 3]."""


class Encoder(Protocol):
    """Computes the vectors of the items of one space, of unit length."""

    def encode_items(self, items: Sequence[Any]) -> Vectors:
        """Texts, RGB images or clips to float32 [n, dim]."""
        ...


class QueryEncoder(Encoder, Protocol):
    """Computes vectors of text queries, too."""

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Text queries to float32 [n, dim]."""
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
