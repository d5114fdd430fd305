"""Reranking for other programs: documents in the order in which they answer a query."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from embeddings.encoder import Vectors
from embeddings.errors import InputRefused
from embeddings.inputs import fit, require_readable, within_reach
from embeddings.jobs import Item
from embeddings.model_queues import computed
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.service import PREFIX, EmbeddingService

NAMES = (MS_MARCO_MINILM.repo, MS_MARCO_MINILM.name)


@dataclass(frozen=True)
class Reranked:
    """Scores of documents."""

    model: str
    scores: Vectors
    """float32 [n], in the order of the documents: the chance that one answers the query, by the
    cross-encoder's own account, or the cosine of two vectors."""
    num_tokens: int
    truncated: tuple[int, ...]
    """Positions of the documents that were cut."""


async def rerank(
    service: EmbeddingService,
    query: str,
    documents: Sequence[str],
    model: str | None = None,
    *,
    truncate: bool = False,
) -> Reranked:
    """How well each document answers a query: by the cross-encoder, or, where a text space is
    named, by its vectors.

    Raises BlankText, TextTooLong, ItemFailed, UnknownSpace, NoTextQuery, ServiceBusy, WorkerLost,
    WeightsMissing, WeightsCorrupt.
    """
    with _about_query():
        require_readable([query])
    require_readable(documents)
    if model is None or model.removeprefix(PREFIX) in NAMES:
        return await _by_reading(service, query, documents, truncate=truncate)
    space = service.find_space(model)
    with _about_query():
        asked = await service.embed_texts([query], space, input_type="query", truncate=truncate)
    found = await service.embed_texts(documents, space, truncate=truncate)
    scores = found.vectors @ asked.vectors[0]
    return Reranked(space.model, scores, asked.num_tokens + found.num_tokens, found.truncated)


@contextmanager
def _about_query() -> Iterator[None]:
    """Errors say that they are about the query."""
    try:
        yield
    except InputRefused as error:
        raise error.of("query") from error.__cause__


async def _by_reading(
    service: EmbeddingService, query: str, documents: Sequence[str], *, truncate: bool
) -> Reranked:
    queue = await service.queues.get_reranker()
    encoder = service.encoders.cross_encoder()
    name, max_tokens = MS_MARCO_MINILM.name, encoder.max_tokens
    with _about_query():
        within_reach([query], max_tokens, truncate=False)
        fit(
            await asyncio.to_thread(encoder.num_tokens, query, [""]),
            max_tokens,
            name,
            truncate=False,
        )
    documents, beyond = within_reach(documents, max_tokens, truncate=truncate)
    uncut = await asyncio.to_thread(encoder.num_tokens, query, documents)
    counts, cut = fit(uncut, max_tokens, name, truncate=truncate)
    items = [
        Item(_key(query, text), (query, text), num)
        for text, num in zip(documents, counts, strict=True)
    ]
    logits = np.array(await computed(items, range(len(items)), queue), np.float32).reshape(-1)
    chances = (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)
    return Reranked(MS_MARCO_MINILM.repo, chances, sum(counts), tuple(sorted(cut | beyond)))


def _key(query: str, text: str) -> str:
    return hashlib.sha256(json.dumps([query, text]).encode()).hexdigest()
