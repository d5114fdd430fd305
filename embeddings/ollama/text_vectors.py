"""Vectors of texts, and of pictures, by an embedding model of Ollama."""

import hashlib
import io
import json
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from embeddings.cache import EmbeddingCache
from embeddings.encoder import InputType, Vectors, check_vectors, normalise
from embeddings.errors import (
    InvalidVector,
    OllamaBusy,
    OllamaFailed,
    OllamaUnreachable,
    TextTooLong,
)
from embeddings.metrics import GENERATION_SECONDS
from embeddings.ollama.client import OllamaClient, OllamaModel
from embeddings.ollama.models import known, space_key

_CUT_TO = 0.8
"""The part of a text that is left by each cut."""
_SAME = 0.9999
"""A cosine of vectors that are the same, but for how a machine rounds."""


@dataclass(frozen=True)
class OllamaVector:
    """A vector of one of Ollama's models, and what made it."""

    vector: Vectors
    """float32 [dim], of unit length."""
    space: str
    model: str
    revision: str
    """The model's digest."""
    truncated: bool = False


class TextVectors:
    """Vectors by one Ollama, checked and kept."""

    def __init__(self, client: OllamaClient, cache: EmbeddingCache) -> None:
        self._client = client
        self._cache = cache
        self._sees: dict[str, bool] = {}
        """Whether a model embeds pictures, by its digest; not of one that failed to."""

    async def of_text(
        self, text: str, model: OllamaModel, input_type: InputType, *, truncate: bool
    ) -> OllamaVector:
        """A text's vector, inside the prompt of its model.

        What is too long is cut here if it may be: some versions of Ollama refuse it, whether or
        not they are told to cut. Raises TextTooLong, InvalidVector, DimensionMismatch,
        OllamaFailed.
        """
        facts = known(model.name)
        prompt = facts.item_prompt if input_type == "document" else facts.query_prompt
        left, cut = text, False
        while True:
            try:
                vector = await self._kept(prompt.format(left), model)
            except TextTooLong:
                if not truncate or len(left) < 2:
                    raise
                left, cut = left[: int(len(left) * _CUT_TO)], True
            else:
                return _made(vector, model, truncated=cut)

    async def of_picture(self, file: bytes, model: OllamaModel) -> OllamaVector:
        """A picture's own vector. Raises InvalidVector, OllamaFailed."""
        with GENERATION_SECONDS.labels(model.name, "image").time():
            vector = await self._client.embed(model.name, "", file)
        return _made(_unit(vector, model), model)

    async def takes_pictures(self, model: OllamaModel) -> bool:
        """Whether a model makes vectors of pictures themselves.

        It must say so, and tell black from white: an Ollama that does not know the field leaves the
        picture out without a word. Raises OllamaBusy, OllamaUnreachable.
        """
        if model.digest not in self._sees:
            can = await self._client.capabilities(model) or frozenset()
            if not {"embedding", "vision"} <= can:
                return False
            try:
                black = await self.of_picture(_plain("black"), model)
                white = await self.of_picture(_plain("white"), model)
            except (OllamaBusy, OllamaUnreachable):
                raise
            except (OllamaFailed, InvalidVector):
                return False
            self._sees[model.digest] = float(black.vector @ white.vector) < _SAME
        return self._sees[model.digest]

    async def _kept(self, text: str, model: OllamaModel) -> Vectors:
        digest = hashlib.sha256(json.dumps(["ollama", model.name, model.digest, text]).encode())
        key = f"instruction:{digest.hexdigest()}"
        (kept,) = await self._cache.get_many([key])
        if kept is not None:
            return kept
        with GENERATION_SECONDS.labels(model.name, "text").time():
            vector = _unit(await self._client.embed(model.name, text), model)
        await self._cache.set_many({key: vector})
        return vector


def _made(vector: Vectors, model: OllamaModel, *, truncated: bool = False) -> OllamaVector:
    return OllamaVector(vector, space_key(model.name), model.name, model.digest, truncated)


def _unit(vector: Vectors, model: OllamaModel) -> Vectors:
    """`vector` scaled to unit length. Raises InvalidVector, DimensionMismatch."""
    if not np.isfinite(vector).all():
        raise InvalidVector(f"{model.name} gave a vector that is not finite")
    return check_vectors(normalise(vector), known(model.name).dim or len(vector))


def _plain(colour: str) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (64, 64), colour).save(out, "JPEG")
    return out.getvalue()
