"""Texts, and pictures, in the embedding service: what the queue of their model is given."""

import asyncio
from collections.abc import Sequence
from functools import partial

from embeddings.cache_keys import image_key, instruction_key
from embeddings.encoder import InputType, TextEncoder
from embeddings.inputs import fit, sized_pictures, within_reach
from embeddings.jobs import Item, Measured
from embeddings.pictures import Picture
from embeddings.space import Space

_QUICK = 8
"""Texts that are counted at once; more would hold up other requests, and go to a thread."""
_QUICK_CHARACTERS = 20_000
"""Of these texts together, for the same reason: 8 MB would take seconds."""
_CHARACTERS_A_TOKEN = 8
"""More than any text has; what has more still takes the tokenizer's time."""


async def measure_texts(
    encoder: TextEncoder,
    identity: str,
    space: Space,
    texts: Sequence[str],
    input_type: InputType,
    *,
    truncate: bool,
) -> Measured:
    """The items of a text space, whose encoder it is. Raises TextTooLong, with the position."""
    texts, beyond = within_reach(texts, encoder.max_tokens, truncate=truncate)
    count = partial(encoder.num_tokens, texts, input_type)
    is_quick = len(texts) <= _QUICK and sum(map(len, texts)) <= _QUICK_CHARACTERS
    uncut = count() if is_quick else await asyncio.to_thread(count)
    counts, cut = fit(uncut, encoder.max_tokens, space.key, truncate=truncate)
    items = [
        Item(
            instruction_key(identity, space, input_type, text),
            (input_type, text),
            max(num, len(text) // _CHARACTERS_A_TOKEN),
        )
        for text, num in zip(texts, counts, strict=True)
    ]
    return Measured(items, sum(counts), tuple(sorted(cut | beyond)))


def picture_items(identity: str, pictures: Sequence[Picture]) -> list[Item]:
    """The items of a space of pictures. Raises PictureUnreadable, with the position."""
    sized = sized_pictures(pictures)
    return [Item(image_key(identity, picture), picture, size) for picture, size in sized]
