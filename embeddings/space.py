"""What a space of vectors is. Imports no torch, so that a command can read it in no time."""

from dataclasses import dataclass
from enum import StrEnum

from embeddings.weights import Weights


class Modality(StrEnum):
    """What a score in a space speaks of: the words of a moment, or its look."""

    TEXT = "text"
    VISION = "vision"


class Input(StrEnum):
    """What the items of a space are made from."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True)
class Space:
    """Vectors that may be compared with each other.

    A changed model, revision or preprocessing is a new key, never an edit of an old one: stored
    vectors of both stand side by side.
    """

    key: str
    """Lower case letters, digits and hyphens; also names the table partition."""
    modality: Modality
    input: Input
    dim: int
    model: str
    revision: str
    weights: Weights
    encoder: str
    """What makes the encoder from a Runtime, as "module:callable"."""
