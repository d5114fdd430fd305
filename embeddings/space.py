"""What a space of vectors is. Imports no torch, so that a command can read it in no time."""

from dataclasses import dataclass
from enum import StrEnum

from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import Weights


class Modality(StrEnum):
    """What a score in a space speaks of: the words of a moment, or its look."""

    TEXT = "text"
    VISION = "vision"


class Input(StrEnum):
    """What the items of a space are made from."""

    TEXT = "text"
    IMAGE = "image"
    CLIP = "clip"


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
    revision: str
    weights: Weights | HubWeights
    encoder: str
    """What makes the encoder from a Space and an Encoders, as "module:callable"."""
    query_space: str | None = None
    """The space whose encoder makes the queries of this one; None for its own."""
    query_prompts: tuple[str, ...] = ("{}",)
    """What the model's card asks to put around a query; vectors of several are averaged."""
    item_prompt: str = "{}"
    """What the model's card asks to put around a text that is stored."""
    prompt_in_mean: bool = True
    """Whether a text model's vector is the mean over its prompt, too."""
    answers_text: bool = True
    """Whether a text query can be compared; raw features can only be compared with each other."""

    @property
    def hub_weights(self) -> HubWeights:
        """The weights of a space whose model comes from the hub. Raises TypeError."""
        if not isinstance(self.weights, HubWeights):
            raise TypeError(f"the weights of {self.key} come from pip packages")
        return self.weights
