"""A space of vectors as data. Imports no torch, so that a command can read it in no time."""

from dataclasses import dataclass
from enum import StrEnum

from embeddings.pooling import Pooling
from embeddings.weights.hub import HubWeights, Weights
from embeddings.weights.packages import PackageWeights


class Modality(StrEnum):
    """What a score in a space speaks of: the words of a moment, or its look."""

    TEXT = "text"
    VISION = "vision"


class Input(StrEnum):
    """What the items of a space are made from."""

    TEXT = "text"
    IMAGE = "image"
    CLIP = "clip"
    DESCRIPTION = "description"
    """A text that a model wrote of a picture."""


@dataclass(frozen=True)
class Projection:
    """How the probabilities of a classifier's labels become a vector of a text space."""

    top: int
    """Labels that count: the most probable ones."""
    power: float
    """Exponent of the probabilities; under 1 it flattens them."""
    centre: float
    """The part of the labels' mean direction that is taken away."""


CONSE = Projection(top=10, power=1.0, centre=0.0)
"""The projection as published (embeddings/encoders/label_space.py)."""
BROAD = Projection(top=50, power=0.4, centre=0.75)
"""For queries that are none of the labels: it hears more labels, and less of what all share."""


@dataclass(frozen=True)
class Space:
    """Vectors that may be compared with each other.

    A changed model, revision or preprocessing is a new key, never an edit of an old one: stored
    vectors of both stand side by side.
    """

    key: str
    """Lower case letters, digits and hyphens; also names the table partition."""
    slot: str
    """What it is for; of all spaces with the same slot, a library searches one: the active one."""
    modality: Modality
    input: Input
    dim: int
    model: str
    weights: Weights
    encoder: str
    """The module of embeddings/encoders whose `load(space, models)` gives the encoder."""
    query_space: str | None = None
    """The space whose encoder makes the queries of this one, and of descriptions the items, too;
    None for its own."""
    projection: Projection | None = None
    """Of a classifier's labels into `query_space`; None where vectors are the model's own."""
    query_prompts: tuple[str, ...] = ("{}",)
    """What the model's card asks to put around a query; vectors of several are averaged."""
    item_prompt: str = "{}"
    """What the model's card asks to put around a text that is stored, or what follows a picture."""
    prompt_in_mean: bool = True
    """Whether a text model's vector is the mean over its prompt, too."""
    pooling: Pooling | None = None
    """How a vision-language model's states become a vector; None for other models."""
    answers_text: bool = True
    """Whether a text query can be compared; raw features can only be compared with each other."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What vectors can be had of: the items, and texts if they can be compared with them."""
        texts = (Input.TEXT,) if self.answers_text else ()
        items = Input.TEXT if self.input is Input.DESCRIPTION else self.input
        return tuple(dict.fromkeys((*texts, items)))

    @property
    def revision(self) -> str:
        """The pinned revision of the weights: a commit of the hub, or the version of a package."""
        return self.weights.revision

    @property
    def hub_weights(self) -> HubWeights:
        """The weights of a space whose model comes from the hub. Raises TypeError."""
        if not isinstance(self.weights, HubWeights):
            raise TypeError(f"the weights of {self.key} come from pip packages")
        return self.weights

    @property
    def package_weights(self) -> PackageWeights:
        """The weights of a space whose model comes from pip packages. Raises TypeError."""
        if not isinstance(self.weights, PackageWeights):
            raise TypeError(f"the weights of {self.key} come from the hub")
        return self.weights
