"""Vectors of pictures with what made them."""

from dataclasses import dataclass

import numpy as np

from embeddings.encoder import Vectors
from embeddings.errors import MixedSpaces

HASH_SPACE = "hash"
"""Of vectors that mean nothing. No table has it."""


@dataclass(frozen=True)
class ImageEmbedding:
    """A picture's vector, what made it, and why that was not what comes before it in the chain."""

    vector: Vectors
    """float32 [dim], of unit length."""
    space: str
    """The key of its space: it may be compared with vectors of this space only."""
    model: str
    """That made the vector."""
    revision: str = ""
    """Of that model: of Ollama's, the digest."""
    description: str | None = None
    """That was embedded; None if the vector is the picture's own."""
    vision_model: str | None = None
    """That described the picture; None for a description that was given, or none."""
    truncated: bool = False
    """Whether the description was cut before it was embedded, as was allowed."""
    reasons: tuple[str, ...] = ()
    """Why what is asked before this did not answer, in order."""

    @property
    def is_placeholder(self) -> bool:
        """Whether the vector means nothing, and may not be stored."""
        return self.space == HASH_SPACE

    @property
    def degraded(self) -> bool:
        """Whether something that comes first in the chain did not answer."""
        return bool(self.reasons)

    def vector_for(self, space: str) -> Vectors:
        """The vector, for a table of this space. Raises MixedSpaces if it is of another, as one
        that means nothing always is."""
        if self.is_placeholder or self.space != space:
            raise MixedSpaces(
                f"the vector is of the space {self.space}, not of {space}: "
                + ("; ".join(self.reasons) or "name the model of that space")
            )
        return self.vector


@dataclass(frozen=True)
class ImageEmbeddings:
    """Answers of a batch."""

    answers: tuple[ImageEmbedding, ...]
    """In the order of the pictures."""

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces of the vectors: more than one where a part of the chain failed meanwhile."""
        return tuple(dict.fromkeys(answer.space for answer in self.answers))

    @property
    def vectors(self) -> Vectors:
        """float32 [n, dim]. Raises MixedSpaces if they are not of one space."""
        if len(self.spaces) > 1:
            reasons = dict.fromkeys(reason for each in self.answers for reason in each.reasons)
            raise MixedSpaces(
                f"the vectors are of {', '.join(self.spaces)}, which do not compare: "
                f"{'; '.join(reasons)}; use the answers one by one, or embed those again"
            )
        if not self.answers:
            return np.empty((0, 0), np.float32)
        return np.stack([answer.vector for answer in self.answers])
