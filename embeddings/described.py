"""What is described, and what is said of it: for those who may never ask for that, and load nothing
of what describes (embeddings/describing.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from embeddings.encoder import Image
from embeddings.errors import EmbeddingError

OLLAMA = "ollama"
"""The name of that describer; others are keys of spaces."""


@dataclass(frozen=True)
class Shown:
    """A picture to be described."""

    image: Image
    is_text: bool = False
    """Whether it is full of text, of which it is asked in other words."""


@dataclass(frozen=True)
class Description:
    """What a model says of a picture."""

    text: str
    made_by: str
    """The model and the beginning of its digest or revision: `llava:latest@8dd30f6b0cb1`."""


Described = Description | EmbeddingError
"""A description, or why there is none of this picture; others may have one."""


class Describer(Protocol):
    """A model that says what pictures show."""

    at_once: int
    """Pictures that are described together."""

    def prepare(self) -> None:
        """Finds the model and loads it. Raises EmbeddingError, with what to do."""
        ...

    def describe(self, pictures: Sequence[Shown]) -> list[Described]:
        """A description of each, in their order. Raises EmbeddingError where the model describes
        nothing at all."""
        ...
