"""Descriptions of pictures, by a vision model of Ollama or a vision-language one of this machine.

What a model says is data: one line, without control characters.
"""

import asyncio
from collections.abc import Sequence

from embeddings.cache import EmbeddingCache
from embeddings.described import OLLAMA, Described, Describer, Description, Shown
from embeddings.encoder import Image
from embeddings.errors import (
    InvalidSettings,
    InvalidVector,
    ModelFailed,
    OllamaBusy,
    OllamaFailed,
    OllamaModelMissing,
    OllamaUnreachable,
    PictureUnreadable,
    UnknownSpace,
)
from embeddings.failures import named
from embeddings.loaded import Encoders
from embeddings.ollama.blocking import wait_for
from embeddings.ollama.client import OllamaClient
from embeddings.ollama.descriptions import MAX_TOKENS, Descriptions, prompt_of
from embeddings.ollama.models import PresentModels
from embeddings.ollama.pictures import checked
from embeddings.plain_text import says_nothing
from embeddings.settings import EmbeddingSettings
from embeddings.space import Space

ANSWER_S, LOAD_S = 600.0, 300.0
"""Of one description, which takes a large model minutes on a processor, and to load a model."""
WAITS_S = (1.0, 5.0, 20.0)
"""Between tries where Ollama is busy, or broke off: a run of hours does not end with one answer."""
_DIGEST = 12


def get_describer(name: str, settings: EmbeddingSettings, encoders: Encoders) -> Describer:
    """The describer of a name: `ollama`, or the key of a vision-language space. Raises
    InvalidSettings."""
    if name == OLLAMA:
        return OllamaDescriber(settings)
    space = encoders.spaces.get(name)
    try:
        if space is None:
            raise UnknownSpace(f"there is no space {name}")
        encoders.require_vision_language(space)
    except UnknownSpace as error:
        raise InvalidSettings(f"what describes pictures is ollama, or a model: {error}") from None
    return LocalDescriber(encoders, space)


class OllamaDescriber:
    """The vision models of one Ollama: one for pictures full of text, one for all others."""

    at_once = 4

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        self._client = OllamaClient(settings.ollama_base_url, ANSWER_S)
        cache = EmbeddingCache(settings.embedding_redis_url, settings.embedding_cache_ttl)
        self._descriptions = Descriptions(self._client, cache)

    def prepare(self) -> None:
        """Raises OllamaUnreachable, OllamaModelMissing, OllamaFailed."""
        wait_for(self._load())

    async def _load(self) -> None:
        model = await PresentModels(self._client, self._settings).vision(None)
        await self._client.load(model.name, embeds=False, timeout_s=LOAD_S)

    def describe(self, pictures: Sequence[Shown]) -> list[Described]:
        """Raises OllamaUnreachable, OllamaBusy, OllamaModelMissing."""
        return wait_for(self._describe(pictures))

    async def _describe(self, pictures: Sequence[Shown]) -> list[Described]:
        present = PresentModels(self._client, self._settings)
        tasks = [asyncio.ensure_future(self._patiently(each, present)) for each in pictures]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _patiently(self, shown: Shown, present: PresentModels) -> Described:
        for wait_s in WAITS_S:
            try:
                return await self._described(shown, present)
            except (OllamaBusy, OllamaUnreachable):
                await asyncio.sleep(wait_s)
        return await self._described(shown, present)

    async def _described(self, shown: Shown, present: PresentModels) -> Described:
        try:
            picture = await asyncio.to_thread(checked, shown.image)
            model = await present.vision(None, is_text=shown.is_text)
            prompt = prompt_of(self._settings, is_text=shown.is_text)
            text = await self._descriptions.of(picture, model, prompt)
        except (OllamaBusy, OllamaUnreachable, OllamaModelMissing):
            raise
        except (OllamaFailed, PictureUnreadable) as error:
            return error
        return Description(text, f"{model.name}@{model.digest[:_DIGEST]}")


class LocalDescriber:
    """A vision-language model of this machine."""

    at_once = 8

    def __init__(self, encoders: Encoders, space: Space) -> None:
        self._encoders = encoders
        self._space = space
        self._made_by = f"{space.model}@{space.revision[:_DIGEST]}"

    def prepare(self) -> None:
        """Raises WeightsMissing, WeightsCorrupt, ModelFailed."""
        self._encoders.require_weights(self._space)
        self._encoders.vision_language(self._space)

    def describe(self, pictures: Sequence[Shown]) -> list[Described]:
        """Raises WeightsMissing, WeightsCorrupt."""
        made: dict[int, Described] = {}
        for is_text in (False, True):
            own = [i for i, shown in enumerate(pictures) if shown.is_text == is_text]
            prompt = prompt_of(is_text=is_text)
            made |= dict(zip(own, self._of([pictures[i].image for i in own], prompt), strict=True))
        return [made[i] for i in range(len(pictures))]

    def _of(self, images: Sequence[Image], prompt: str) -> list[Described]:
        """Of pictures that are asked of alike; one by one where the model fails at them all."""
        if not images:
            return []
        encoder = self._encoders.vision_language(self._space)
        try:
            with named(self._space.key):
                said = encoder.describe(images, prompt, MAX_TOKENS)
        except (ModelFailed, InvalidVector) as error:
            if len(images) == 1:
                return [error]
            return [each for image in images for each in self._of([image], prompt)]
        return [
            ModelFailed(f"{self._space.key} said nothing of the picture")
            if says_nothing(text)
            else Description(text, self._made_by)
            for text in said
        ]
