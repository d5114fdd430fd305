"""What is answered with embeddings: OpenAI's shape, and what made the vectors."""

import asyncio
import base64
import json
from collections.abc import Iterable
from typing import NotRequired

import numpy as np
from pydantic_core import to_json
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.service import Embedded
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from search.results.json import exact

_AT_ONCE = 32
"""Vectors that become JSON before other requests have their turn."""


@exact
class EmbeddingOut(TypedDict):
    """A vector, or those of all tokens: numbers, or base64 of little-endian float32."""

    object: str
    index: int
    embedding: list[float] | list[list[float]] | str
    shape: NotRequired[list[int]]
    """Of vectors of all tokens: how many there are, and their dimension."""


@exact
class UsageOut(TypedDict):
    """Tokens that the model read for this request, with those of prompts and marks."""

    prompt_tokens: int
    total_tokens: int


@exact
class EmbeddingsOut(TypedDict):
    """Vectors in the order of the input; the model and the space that made them."""

    object: str
    data: list[EmbeddingOut]
    model: str
    space: str
    usage: UsageOut
    truncated: list[int]
    """Places of the texts that were cut."""
    warnings: list[str]
    """Why the vectors should not be used."""


@exact
class ModelOut(TypedDict):
    """A model that vectors can be had of."""

    id: str
    object: str
    created: int
    owned_by: str
    model: str
    space: str
    revision: str
    dimension: int
    inputs: list[str]
    max_tokens: int | None
    """Tokens that it reads of a text; null until it is loaded, and where it takes no texts."""
    weights: str | None
    """Where they are: pip package, or folder; null if they are not on the server's machine."""
    loaded: bool


@exact
class ModelsOut(TypedDict):
    """All of them."""

    object: str
    data: list[ModelOut]


@exact
class DocumentOut(TypedDict):
    """A document that was sent."""

    text: str


@exact
class RerankedOut(TypedDict):
    """A document's score, and its place in the request."""

    index: int
    relevance_score: float
    document: NotRequired[DocumentOut]


@exact
class RerankOut(TypedDict):
    """Documents, the best first."""

    model: str
    results: list[RerankedOut]
    usage: UsageOut
    truncated: list[int]


class OpenAIErrorOut(TypedDict):
    """An error, in OpenAI's words."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIProblemOut(TypedDict):
    """An error as OpenAI answers it."""

    error: OpenAIErrorOut


def usage(num_tokens: int) -> UsageOut:
    """What a request has used."""
    return UsageOut(prompt_tokens=num_tokens, total_tokens=num_tokens)


async def as_json(embedded: Embedded, *, as_base64: bool) -> bytes:
    """The JSON of an EmbeddingsOut, made piece by piece: a large one would hold up other
    requests."""
    pieces = []
    for index, vectors in enumerate(_of_each(embedded)):
        comma = ", " if index else '{"object": "list", "data": ['
        pieces.append(f'{comma}{{"object": "embedding", "index": {index}, "embedding": '.encode())
        pieces += [_base64(vectors)] if as_base64 else await _numbers(vectors)
        pieces.append(f', "shape": {list(vectors.shape)}}}'.encode() if vectors.ndim > 1 else b"}")
        if index % _AT_ONCE == 0:
            await asyncio.sleep(0)
    rest = json.dumps(
        {
            "model": embedded.space.model,
            "space": embedded.name,
            "usage": usage(embedded.num_tokens),
            "truncated": embedded.truncated,
            "warnings": embedded.warnings,
        }
    )
    return b"".join((*pieces, f"], {rest[1:]}".encode()))


def _of_each(embedded: Embedded) -> Iterable[Vectors]:
    """The vector of each input, float32 [dim], or those of all its tokens, [tokens, dim]."""
    if embedded.num_states is None:
        return embedded.vectors
    return np.split(embedded.vectors, np.cumsum(embedded.num_states)[:-1])


async def _numbers(vectors: Vectors) -> list[bytes]:
    """JSON by pydantic, which is 20 times as quick with numbers as Python's."""
    if vectors.ndim == 1:
        return [to_json(vectors.tolist())]
    pieces = []
    for start in range(0, len(vectors), _AT_ONCE):
        pieces += [b",", to_json(vectors[start : start + _AT_ONCE].tolist())[1:-1]]
        await asyncio.sleep(0)
    return [b"[", *pieces[1:], b"]"]


def _base64(vectors: Vectors) -> bytes:
    return b'"%b"' % base64.b64encode(np.asarray(vectors, "<f4").tobytes())


def model_out(name: str, space: Space, encoders: Encoders) -> ModelOut:
    """A model under one of its names."""
    kind = "folder" if isinstance(space.weights, HubWeights) else "pip package"
    return ModelOut(
        id=name,
        object="model",
        created=0,
        owned_by=space.model.split("/", maxsplit=1)[0] if "/" in space.model else "sceneseek",
        model=space.model,
        space=space.key,
        revision=space.revision,
        dimension=space.dim,
        inputs=[each.value for each in space.inputs],
        max_tokens=_max_tokens(space, encoders),
        weights=kind if encoders.has_weights(space) else None,
        loaded=encoders.is_loaded(space),
    )


def _max_tokens(space: Space, encoders: Encoders) -> int | None:
    if not space.answers_text or not encoders.is_loaded(encoders.text_space(space)):
        return None
    return encoders.text_encoder(space).max_tokens
