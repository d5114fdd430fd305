"""Inputs of vision-language models in the embedding service: a text, a picture, or both at once,
and what is taken of the model's states."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embeddings.cache_keys import reading_key
from embeddings.encoder import Image, Vectors, check_vectors
from embeddings.errors import InputRefused
from embeddings.inputs import place, require_readable, sized_pictures, within_reach
from embeddings.jobs import Item, Measured
from embeddings.pictures import Picture
from embeddings.pooling import Padding, Pooling, VlmInput, dim_of, layers_of

if TYPE_CHECKING:  # torch takes seconds to import
    from embeddings.encoders.vlm import VisionLanguageEncoder

TextAndPicture = tuple[str | None, Picture | None]
"""What is read in one pass; one of them may be None."""
_TOKENS_A_PICTURE = 900
"""What the vision tower takes of a core, in tokens of the decoder: 2.8 s, of which 90 tokens take
0.3 (SmolVLM2-256M's layers)."""
_BYTES_A_TOKEN = 2000
"""Of a picture's file: a queue that is bound by tokens is bound in memory, too."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model reads in one pass, and what is taken of it."""

    text: str | None
    picture: Image | bytes | None
    pooling: Pooling
    padding: Padding | None
    """None: computed alone, so that nothing has to be filled up."""


def measure_readings(
    encoder: "VisionLanguageEncoder",
    identity: str,
    inputs: Sequence[TextAndPicture],
    pooling: Pooling,
    padding: Padding | None,
    *,
    truncate: bool,
) -> Measured:
    """The items of a model's queue; of pictures that are files only the header is read.

    Raises BlankText, TextTooLong, PictureUnreadable, InputRefused, with the position.
    """
    layers_of(pooling, encoder.num_layers)
    if pooling.prompt and pooling.prompt.strip():
        _require_readable_prompt(pooling.prompt)
    items, total, truncated = [], 0, []
    for position, (text, picture) in enumerate(inputs):
        try:
            item, num_tokens, is_cut = _measured(
                encoder, identity, text, picture, pooling, padding, truncate=truncate
            )
        except InputRefused as error:
            raise error.at(place(position, inputs)) from None
        items.append(item)
        total += num_tokens
        if is_cut:
            truncated.append(position)
    return Measured(items, total, tuple(truncated))


def read(
    encoder: "VisionLanguageEncoder",
    dim: int,
    readings: Sequence[Reading],
    decode: Callable[[bytes], Image],
) -> list[Vectors]:
    """What each reading's pooling makes of it, in a model whose states are float32 [tokens, dim].

    Raises PictureUnreadable, InvalidVector, DimensionMismatch.
    """
    made: dict[int, Vectors] = {}
    for pooling, padding in dict.fromkeys((each.pooling, each.padding) for each in readings):
        chosen = [
            i
            for i, each in enumerate(readings)
            if (each.pooling, each.padding) == (pooling, padding)
        ]
        for group in [chosen] if padding else [[i] for i in chosen]:
            inputs = [_input(readings[i], decode) for i in group]
            pooled = encoder.embed(inputs, pooling, truncate=True, padding=padding or "right")
            for i, each in zip(group, pooled, strict=True):
                made[i] = _checked(each.vector, pooling, dim_of(pooling, dim, encoder.num_layers))
    return [made[i] for i in range(len(readings))]


def _measured(
    encoder: "VisionLanguageEncoder",
    identity: str,
    text: str | None,
    picture: Picture | None,
    pooling: Pooling,
    padding: Padding | None,
    *,
    truncate: bool,
) -> tuple[Item, int, bool]:
    """An item, the tokens that are read of it, and whether its text is cut."""
    is_cut = False
    if text is not None:
        require_readable([text])
        (text,), beyond = within_reach([text], pooling.max_length, truncate=truncate)
        is_cut = bool(beyond)
    num_images = 0 if picture is None else 1
    uncut, num_tokens = encoder.measure(text, num_images, pooling, truncate=truncate)
    content = None if picture is None else sized_pictures([picture])[0][0]
    num_bytes = (
        0 if content is None else len(content) if isinstance(content, bytes) else content.nbytes
    )
    item = Item(
        reading_key(identity, pooling, text, content),
        Reading(text, content, pooling, padding),
        max(num_tokens + num_images * _TOKENS_A_PICTURE, num_bytes // _BYTES_A_TOKEN),
    )
    return item, num_tokens, is_cut or num_tokens < uncut


def _require_readable_prompt(prompt: str) -> None:
    try:
        require_readable([prompt])
    except InputRefused as error:
        raise error.of("prompt") from None


def _input(reading: Reading, decode: Callable[[bytes], Image]) -> VlmInput:
    picture = reading.picture
    if picture is None:
        return VlmInput(reading.text)
    return VlmInput(reading.text, (decode(picture) if isinstance(picture, bytes) else picture,))


def _checked(vector: Vectors, pooling: Pooling, dim: int) -> Vectors:
    """States are as the model gives them; all else is of unit length."""
    if pooling.kind == "last_layer":
        return vector
    return check_vectors(vector, dim)
