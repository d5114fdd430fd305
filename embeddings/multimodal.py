"""Items of a text, a picture, or both, which then share a vector."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from embeddings.encoder import InputType, check_vectors, fuse
from embeddings.errors import InputRefused
from embeddings.inputs import place
from embeddings.pooling import Padding, Pooling
from embeddings.service import Embedded, EmbeddingService
from embeddings.space import Space


@dataclass(frozen=True)
class Item:
    """A text, the file of a picture, or both."""

    text: str | None = None
    image: bytes | None = None


async def embed_items(
    service: EmbeddingService,
    items: Sequence[Item],
    space: Space,
    *,
    input_type: InputType = "document",
    truncate: bool = False,
    pooling: Pooling | None = None,
    padding: Padding | None = "right",
    max_tokens: int | None = None,
) -> Embedded:
    """The vectors of items. A vision-language model reads a text and a picture in one pass, and
    `pooling` says what is taken of it; of any other, `fuse` makes one of both vectors.

    Raises InputRefused for an item that is neither, and what the service's `embed_texts`,
    `embed_images` and `read` raise.
    """
    for position, item in enumerate(items):
        if item.text is None and item.image is None:
            raise InputRefused("there is neither text nor image", place(position, items))
    if space.pooling is not None:
        return await service.read(
            [(item.text, item.image) for item in items],
            space,
            pooling,
            padding=padding,
            truncate=truncate,
            max_tokens=max_tokens,
        )
    return await _fused(service, items, space, input_type, truncate, max_tokens)


async def _fused(
    service: EmbeddingService,
    items: Sequence[Item],
    space: Space,
    input_type: InputType,
    truncate: bool,
    max_tokens: int | None,
) -> Embedded:
    """By a model that reads texts and pictures apart."""
    with_text = [i for i, item in enumerate(items) if item.text is not None]
    with_image = [i for i, item in enumerate(items) if item.image is not None]
    with _placed(with_text, items):
        texts = await service.embed_texts(
            [item.text for item in items if item.text is not None],
            space,
            input_type=input_type,
            truncate=truncate,
            max_tokens=max_tokens,
        )
    with _placed(with_image, items):
        images = await service.embed_images(
            [item.image for item in items if item.image is not None], space
        )
    vectors = np.empty((len(items), space.dim), np.float32)
    vectors[with_text] = texts.vectors
    both = [i for i in with_image if items[i].text is not None]
    of_texts = vectors[both]
    vectors[with_image] = images.vectors
    vectors[both] = check_vectors(fuse(of_texts, vectors[both]), space.dim)
    truncated = tuple(with_text[i] for i in texts.truncated)
    return Embedded(space, vectors, texts.num_tokens, truncated)


@contextmanager
def _placed(positions: Sequence[int], items: Sequence[Item]) -> Iterator[None]:
    """Errors about some of the items name the place among all."""
    try:
        yield
    except InputRefused as error:
        if error.position is None and len(positions) > 1:  # about all of them
            raise
        position = positions[error.position or 0]
        raise error.at(place(position, items)) from error.__cause__
