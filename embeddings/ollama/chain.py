"""What makes a picture's vector, one after another until one does: each answer says which."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import numpy as np
import structlog

from embeddings.encoder import normalise
from embeddings.errors import EmbeddingError, NoEmbedding, TextTooLong, WeightsMissing
from embeddings.metrics import FALLBACKS
from embeddings.ollama.answers import HASH_SPACE, ImageEmbedding
from embeddings.pictures import Picture
from embeddings.service import EmbeddingService
from embeddings.space import Space
from embeddings.weights.hub import require_present

Step = tuple[str, Callable[[], Awaitable[ImageEmbedding]]]
"""The name of what makes a vector, and the call."""
HASH_DIM = 257
"""That no model has, so that a table refuses it by its dimension, too."""
_log = structlog.get_logger()


async def first_answer(steps: Sequence[Step]) -> ImageEmbedding:
    """The vector of the first step that makes one, with the reasons of those before it.

    Raises NoEmbedding, and TextTooLong for a description that was given and may not be cut: another
    model would read less of it, or more, but nobody asked for that.
    """
    reasons: list[str] = []
    for name, step in steps:
        try:
            answer = await step()
        except TextTooLong:
            raise
        except EmbeddingError as error:
            reasons.append(f"{name}: {error}")
            continue
        if reasons:
            FALLBACKS.labels(answer.space).inc()
            _log.warning("a fallback embedded a picture", space=answer.space, reasons=reasons)
        return replace(answer, reasons=tuple(reasons))
    raise NoEmbedding(f"nothing could embed the picture: {'; '.join(reasons)}")


async def by_clip(service: EmbeddingService, picture: Picture) -> ImageEmbedding:
    """A picture's own vector in the first space of CLIP's family whose weights are here. Raises
    WeightsMissing, ItemFailed, ServiceBusy, WorkerLost."""
    space = _clip_space(service)
    vectors = (await service.embed_images([picture], space)).vectors
    return ImageEmbedding(vectors[0], space.key, space.model, space.revision)


async def by_text(service: EmbeddingService, description: str, *, truncate: bool) -> ImageEmbedding:
    """The vector of a description in the text space of the service. Raises TextTooLong,
    WeightsMissing, ItemFailed, ServiceBusy, WorkerLost."""
    space = service.text_space
    made = await service.embed_texts([description], space, truncate=truncate)
    return ImageEmbedding(
        made.vectors[0],
        space.key,
        space.model,
        space.revision,
        description,
        truncated=bool(made.truncated),
    )


async def by_hash(digest: str) -> ImageEmbedding:
    """A vector drawn from a hash: the same for the same picture, and without any meaning."""
    seed = int.from_bytes(hashlib.sha256(digest.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).normal(size=HASH_DIM).astype(np.float32)
    return ImageEmbedding(normalise(drawn), HASH_SPACE, HASH_SPACE)


def _clip_space(service: EmbeddingService) -> Space:
    spaces = [space for space in service.encoders.spaces.values() if space.encoder == "clip"]
    for space in spaces:
        try:
            require_present(space.weights, service.encoders.runtime)
        except WeightsMissing:
            continue
        return space
    raise WeightsMissing(
        "no model of CLIP's family is on this machine: python -m embeddings pull clip-b32",
        "clip-b32",
    )
