"""Every error of this package; all derive from EmbeddingError."""


class EmbeddingError(Exception):
    """Base of the errors of the embeddings package."""


class UnknownSpace(EmbeddingError):
    """A space, or a profile, that the registry does not have."""


class WeightsMissing(EmbeddingError):
    """The weights of a model are not on this machine."""


class WeightsCorrupt(EmbeddingError):
    """A weights file is not the one that was pinned."""


class DimensionMismatch(EmbeddingError):
    """Vectors of another dimension than their space has."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"expected vectors of dimension {expected}, got {got}")
        self.expected = expected
        self.got = got


class InvalidVector(EmbeddingError):
    """Vectors that are not finite or not of unit length."""


class NoTextQuery(EmbeddingError):
    """A text query to a space of features."""
