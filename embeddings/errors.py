"""Every error of this package; all derive from EmbeddingError.

The packages above have one base each, too; SceneseekError is the root of all.
"""

from typing import ClassVar, Self


class SceneseekError(Exception):
    """Root of the errors that a person can put right; the message says how."""

    exit_code: ClassVar[int] = 1
    """The exit code of a command that it ends (embeddings/cli.py)."""


class EmbeddingError(SceneseekError):
    """Base of the errors of the embeddings package."""


class InvalidSettings(EmbeddingError):
    """An environment variable has a value that cannot be used."""


class NoFolder(EmbeddingError):
    """A file is to be written into a folder that does not exist."""

    exit_code = 2


class UnknownSpace(EmbeddingError):
    """A space, or a profile, that the registry does not have."""

    exit_code = 2


class WeightsMissing(EmbeddingError):
    """The weights of a model are not on this machine."""

    def __init__(self, message: str, model: str | None = None) -> None:
        """`model` is what `python -m embeddings pull` calls it; None if that is no remedy."""
        super().__init__(message)
        self.model = model


class WeightsCorrupt(EmbeddingError):
    """A weights file is not the one that was pinned."""


class ModelFailed(EmbeddingError):
    """A model that could not be loaded or did not compute, for a reason that is not ours."""


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


class NoPictures(EmbeddingError):
    """A picture for a space of texts."""


class InputRefused(EmbeddingError):
    """An input of the embedding service that no vector is made of."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        """`position` counts from 0 in the list that was sent; None for an input alone."""
        super().__init__(reason if position is None else f"item {position}: {reason}")
        self.reason = reason
        self.position = position
        self.field: str | None = None
        """The field of the request that it is about, if that is not the one of the items."""

    def at(self, position: int | None) -> Self:
        """The same of an item at this position."""
        return type(self)(self.reason, position)

    def of(self, field: str) -> Self:
        """The same of what another field of the request holds."""
        refused = type(self)(self.reason)
        refused.field = field
        refused.args = (f"the {field}: {self.reason}",)
        return refused


class PictureUnreadable(InputRefused):
    """A picture that is damaged, too large, or of a kind that is not read."""


class PictureNotFetched(InputRefused):
    """A picture's URL that is not fetched from, or whose host did not give it."""


class BlankText(InputRefused):
    """A text without a character that can be seen."""


class UnknownToken(InputRefused):
    """A number that stands for no token."""


class TextTooLong(InputRefused):
    """A text with more tokens than its model reads."""


class ItemFailed(InputRefused):
    """An input that the model could not compute; the others of its batch were."""


class ServiceBusy(EmbeddingError):
    """The queue of a model is full."""

    def __init__(self, model: str, retry_after_s: int) -> None:
        super().__init__(f"too much waits for {model}: try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class PicturesWait(EmbeddingError):
    """A large picture had to wait for others for too long."""

    def __init__(self) -> None:
        super().__init__("other pictures are being decoded: try again in a few seconds")


class WorkerLost(EmbeddingError):
    """The worker of a model ended, or makes no progress."""


class EmbeddingsDisabled(EmbeddingError):
    """The embedding service is switched off."""


class OllamaFailed(EmbeddingError):
    """Ollama, or a model there, did not give what it was asked for."""


class OllamaUnreachable(OllamaFailed):
    """No Ollama answers at its address, or not in time, or it broke off."""


class OllamaModelMissing(OllamaFailed):
    """A model that Ollama does not have, or that cannot do what it is needed for."""


class OllamaBusy(OllamaFailed):
    """The queue of Ollama is full."""


class NoEmbedding(EmbeddingError):
    """A picture of which nothing could make a vector; the message has each reason."""


class MixedSpaces(EmbeddingError):
    """Vectors of different spaces where those of one are needed."""
