"""What waits for a model: items, who has asked for them, and limits."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from embeddings.encoder import Vectors
from embeddings.errors import EmbeddingError


@dataclass(frozen=True)
class Item:
    """An input of a model."""

    key: str
    """Equal for inputs that have the same vector."""
    value: Any
    size: int
    """Tokens of a text, pixels of a picture."""


@dataclass(frozen=True)
class Measured:
    """Inputs of a request before they are computed."""

    items: list[Item]
    num_tokens: int
    """Of all together, as far as they are read."""
    truncated: tuple[int, ...]
    """Positions of the texts that are cut."""


@dataclass(frozen=True)
class Limits:
    """Of a batch and of the queue. One item may be larger than a whole batch: it goes alone."""

    batch_items: int
    batch_size: int
    """Of the largest item, times the items: what is computed once they are padded."""
    queued_items: int
    queued_size: int
    are_tokens: bool = True
    """Whether sizes are tokens, or pixels."""


@dataclass
class Request:
    """One caller's items, and the vectors that are there of them."""

    num_items: int
    vectors: dict[int, Vectors] = field(default_factory=dict)
    """By position."""
    future: "Future[list[Vectors]]" = field(default_factory=Future)

    def put(self, position: int, vector: Vectors) -> bool:
        """Takes in one vector, as a copy of the caller's own; whether it was the last."""
        self.vectors[position] = vector.copy()
        return len(self.vectors) == self.num_items

    def answer(self) -> None:
        """Answers the caller, unless it has gone."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_result([self.vectors[i] for i in range(self.num_items)])

    def fail(self, error: EmbeddingError) -> None:
        """Answers the caller with an error, unless it has its answer or has gone."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass
class Job:
    """An item that is to be computed, and who waits for it at which position."""

    item: Item
    turn: int
    arrival: int
    waiting: list[tuple[Request, int]] = field(default_factory=list)
    is_taken: bool = False
    """Whether a worker has it."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits: a client that hangs up cancels its request."""
        return not all(request.future.done() for request, _position in self.waiting)
