"""How the states of a vision-language model become a vector. Imports no torch.

Its decoder is causal: a state has seen its own token and those before it, and nothing after. So
the last token alone has seen all, and the first sees nothing but itself.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Image, Vectors, normalise
from embeddings.errors import InputRefused, InvalidSettings, InvalidVector

EmbeddingType = Literal[
    "last", "mean", "cls", "last_layer", "multi_layer", "mean_image", "mean_text", "echo"
]
Combination = Literal["mean", "concat"]
Padding = Literal["left", "right"]
"""The side on which the short inputs of a batch are filled up; it changes no vector."""
Mask = npt.NDArray[np.bool_]
"""bool [tokens]."""

ONE_WORD = "Summarise the above in one word:"
"""What the last token is asked, so that its state sums up what is before it (PromptEOL, Jiang et
al., 2023; E5-V, Jiang et al., 2024)."""
CLS_WARNING = (
    "cls is the state of the first token, which sees nothing but itself: it is the same for every "
    "input, and nothing can be found by it; use last"
)
_NOT_FOR_SPACES = {
    "cls": "it is the same vector for every input",
    "last_layer": "it is one vector for each token, not one for each input",
    "mean_image": "a text, by which pictures are looked for, has no tokens of a picture",
    "mean_text": "a picture has no tokens of a text",
    "echo": "a picture has no text to repeat",
}


@dataclass(frozen=True)
class Pooling:
    """What is read of a model's states. Raises InputRefused for what does not go together."""

    kind: EmbeddingType = "last"
    layers: tuple[int, ...] = ()
    """Of `multi_layer`: from 1, or from -1 backwards; by default the last four."""
    combine: Combination = "mean"
    """Of `multi_layer`: the mean of the layers, or one after the other, which is longer."""
    prompt: str | None = None
    """What follows the input. None: what the space says for `last` and `multi_layer`, else
    nothing."""
    max_length: int = 512
    """Tokens of a text with its prompt and marks; those of pictures do not count."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(EmbeddingType):
            kinds = ", ".join(get_args(EmbeddingType))
            raise InputRefused(f"there is no {self.kind!r}; there are: {kinds}").of(
                "embedding_type"
            )
        if self.layers and self.kind != "multi_layer":
            raise InputRefused("they are for multi_layer alone").of("layers")
        if 0 in self.layers:
            raise InputRefused("the first is 1, the last -1; there is no 0").of("layers")
        if self.max_length < 1:
            raise InputRefused("it is at least 1").of("max_length")


@dataclass(frozen=True)
class VlmInput:
    """A text, a picture, both, or the frames of a video in their order, with or without a text."""

    text: str | None = None
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, eq=False)
class Masks:
    """Which tokens are what; bool [tokens] each, without padding."""

    image: Mask
    """Those that stand for a part of a picture."""
    text: Mask
    """Those of the text."""
    echoed: Mask
    """Those of its second occurrence; none unless it is repeated."""
    constant: Mask
    """Those before the input, whose states are the same for every input."""


OwnPooling = Callable[[Vectors, Masks], Vectors]
"""A pooling of one's own: the states of all layers, float32 [layers + 1, tokens, dim], the
embeddings of the tokens first and each after the model's last norm, to the vector wanted."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """What a model makes of an input."""

    vector: Vectors = field(repr=False)
    """float32 [dim], of unit length; [tokens, dim] as the model gives them for `last_layer`; what
    a pooling of one's own has made is as it made it."""
    num_tokens: int
    """Of the uncut input, those of its pictures, its prompt and the marks included."""
    truncated: bool
    """Whether a part of the text was left out."""
    warning: str | None = None
    """Why the vector should not be used."""
    attentions: Vectors | None = field(default=None, repr=False)
    """float32 [layers, heads, tokens, tokens], each row summing to 1; where they are asked for."""


def require_searchable(pooling: Pooling) -> None:
    """Raises InvalidSettings, with the reason, for a pooling that no space can be made of."""
    if reason := _NOT_FOR_SPACES.get(pooling.kind):
        raise InvalidSettings(
            f"no space is made with {pooling.kind}: {reason}; use last, mean or multi_layer"
        )


def name_of(key: str, own: Pooling, pooling: Pooling | OwnPooling | None) -> str:
    """What vectors are called that a space's model makes: by the space's key only with its `own`
    pooling, for nothing else may be compared with what is stored. How much of a text is read is no
    part of it: what is cut has the vector of a shorter text."""
    if pooling is None:
        return key
    if not isinstance(pooling, Pooling):
        return f"{key}:own"
    pooling = replace(pooling, max_length=own.max_length)
    if pooling == own:
        return key
    name = f"{key}:{pooling.kind}"
    if pooling == Pooling(pooling.kind, max_length=own.max_length):
        return name
    return f"{name}:{hashlib.sha256(repr(pooling).encode()).hexdigest()[:8]}"


def is_repeated(pooling: Pooling) -> bool:
    """Whether the text is read twice: the second time, each token has seen all of it (Springer et
    al., 2024)."""
    return pooling.kind == "echo"


def is_prompted(pooling: Pooling) -> bool:
    """Whether a pooling reads the last token, which is asked to sum up the others."""
    return pooling.kind in ("last", "multi_layer")


def layers_of(pooling: Pooling, num_layers: int) -> list[int]:
    """The layers that a pooling reads, of 1 … `num_layers`. Raises InputRefused."""
    if pooling.kind != "multi_layer":
        return [num_layers]
    chosen = pooling.layers or tuple(range(max(1, num_layers - 3), num_layers + 1))
    layers = [layer if layer > 0 else num_layers + 1 + layer for layer in chosen]
    for layer, name in zip(layers, chosen, strict=True):
        if not 1 <= layer <= num_layers:
            raise InputRefused(f"the model has {num_layers}, there is no {name}").of("layers")
    return layers


def dim_of(pooling: Pooling, dim: int, num_layers: int) -> int:
    """The dimension of what a pooling makes of states of `dim`. Raises InputRefused."""
    if pooling.kind == "multi_layer" and pooling.combine == "concat":
        return dim * len(layers_of(pooling, num_layers))
    return dim


def pool(states: Vectors, masks: Masks, pooling: Pooling) -> Vectors:
    """The states of the layers that `layers_of` names, float32 [layers, tokens, dim], each after
    the model's last norm, to float32 [dim] of unit length; [tokens, dim] for `last_layer`.

    Raises InputRefused if there are no tokens of the wanted kind, InvalidVector.
    """
    if not np.isfinite(states).all():
        raise InvalidVector("the model gave a state that is not finite")
    if pooling.kind == "last_layer":
        every: Vectors = states[-1]
        return every
    return normalise(_pooled(states, masks, pooling))


def _pooled(states: Vectors, masks: Masks, pooling: Pooling) -> Vectors:
    final: Vectors = states[-1]
    vector: Vectors
    match pooling.kind:
        case "last":
            vector = final[-1]
        case "cls":
            vector = final[0]
        case "multi_layer":
            last = states[:, -1]
            vector = last.mean(axis=0) if pooling.combine == "mean" else last.reshape(-1)
        case "mean_image":
            vector = _mean(final, masks.image, "a picture")
        case "mean_text":
            vector = _mean(final, masks.text, "a text")
        case "echo":
            vector = _mean(final, masks.echoed, "a text")
        case _:
            vector = _mean(final, ~masks.constant, "an input")
    return vector


def _mean(states: Vectors, mask: Mask, what: str) -> Vectors:
    if not mask.any():
        raise InputRefused(f"there are no tokens of {what} to take the mean of")
    mean: Vectors = states[mask].mean(axis=0)
    return mean
