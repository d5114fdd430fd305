"""What is answered with embeddings: OpenAI's shape, and what made the vectors."""

import base64
from typing import NotRequired

import numpy as np
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from search.results.json import exact


@exact
class EmbeddingOut(TypedDict):
    """A vector: numbers, or base64 of little-endian float32."""

    object: str
    index: int
    embedding: list[float] | str


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


def as_json(vectors: Vectors, first: int, *, as_base64: bool) -> list[EmbeddingOut]:
    """Vectors, float32 [n, dim], whose places in the answer begin at `first`."""
    return [
        EmbeddingOut(
            object="embedding",
            index=index,
            embedding=_base64(vector) if as_base64 else vector.tolist(),
        )
        for index, vector in enumerate(vectors, start=first)
    ]


def _base64(vector: Vectors) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


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
