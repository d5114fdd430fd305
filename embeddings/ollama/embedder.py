"""OllamaEmbedder: pictures to vectors by way of a description, with models of Ollama.

The story of a picture: it is decoded and encoded anew; a vision model describes it; an embedding
model makes the vector of the description. Where Ollama cannot, CLIP embeds the picture itself, or
the text space the description that was given (chain.py); the answer says so.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from embeddings.encoder import Image
from embeddings.errors import InputRefused, OllamaFailed, TextTooLong
from embeddings.inputs import require_readable
from embeddings.ollama.answers import ImageEmbedding, ImageEmbeddings
from embeddings.ollama.blocking import wait_for
from embeddings.ollama.chain import Step, by_clip, by_hash, by_text, first_answer
from embeddings.ollama.client import OllamaClient
from embeddings.ollama.descriptions import Descriptions, prompt_of
from embeddings.ollama.models import PresentModels
from embeddings.ollama.pictures import CheckedPicture, ImageInput, checked
from embeddings.ollama.text_vectors import OllamaVector, TextVectors
from embeddings.pictures import Picture, rgb_of
from embeddings.remote_pictures import PictureSource
from embeddings.service import EmbeddingService
from embeddings.settings import EmbeddingSettings, load_settings

CONCURRENCY = 2
PRELOAD_S = 300.0


@dataclass(frozen=True)
class _Asked:
    """What a call names; what it leaves out is the settings', or chosen."""

    prompt: str | None
    vision_model: str | None
    embed_model: str | None
    truncate: bool
    present: PresentModels


class OllamaEmbedder:
    """Pictures to vectors by models of Ollama. May be used from any thread and event loop."""

    def __init__(
        self,
        service: EmbeddingService | None = None,
        *,
        settings: EmbeddingSettings | None = None,
        is_text_heavy: Callable[[Image], bool] | None = None,
        pictures: PictureSource | None = None,
        timeout_s: float = 120.0,
        concurrency: int = CONCURRENCY,
    ) -> None:
        """Asks Ollama nothing yet.

        `service` has the local models and the cache; `is_text_heavy` tells pictures full of text,
        RGB uint8 [H, W, 3], from photographs, and without one they are all photographs;
        `pictures` fetches URLs. By default these are the settings', and those the environment's.
        `timeout_s` is that of one answer of Ollama, and `concurrency` how many pictures of a batch
        it is asked about at a time. Raises InvalidSettings, and ValueError for a concurrency of 0.
        """
        if concurrency < 1:
            raise ValueError(f"concurrency is 1 or more, {concurrency} is not")
        if settings is None:
            settings = service.settings if service else load_settings(EmbeddingSettings)
        self.settings = settings
        self.service = service or EmbeddingService(settings=settings)
        self._client = OllamaClient(settings.ollama_base_url, timeout_s)
        self._source = pictures or PictureSource(settings.image_hosts)
        self._is_text_heavy = is_text_heavy
        self._concurrency = concurrency
        self._descriptions = Descriptions(self._client, self.service.cache)
        self._vectors = TextVectors(self._client, self.service.cache)

    def generate_image_embedding(
        self,
        image_url: str | None = None,
        image_base64: str | None = None,
        description: str | None = None,
        *,
        image: Picture | None = None,
        prompt: str | None = None,
        vision_model: str | None = None,
        embed_model: str | None = None,
        truncate: bool = False,
    ) -> ImageEmbedding:
        """The vector of a picture, or of a description that is given and spares the vision model.

        Also inside a running event loop, which it holds up: `generate_image_embedding_async` does
        not. Raises InputRefused, PictureUnreadable, PictureNotFetched, BlankText, TextTooLong,
        NoEmbedding.
        """
        return wait_for(
            self.generate_image_embedding_async(
                image_url,
                image_base64,
                description,
                image=image,
                prompt=prompt,
                vision_model=vision_model,
                embed_model=embed_model,
                truncate=truncate,
            )
        )

    async def generate_image_embedding_async(
        self,
        image_url: str | None = None,
        image_base64: str | None = None,
        description: str | None = None,
        *,
        image: Picture | None = None,
        prompt: str | None = None,
        vision_model: str | None = None,
        embed_model: str | None = None,
        truncate: bool = False,
    ) -> ImageEmbedding:
        """`generate_image_embedding` for callers in an event loop."""
        asked = self._asked(prompt, vision_model, embed_model, truncate=truncate)
        return await self._embed(ImageInput(image_url, image_base64, image, description), asked)

    def generate_image_embeddings(
        self,
        inputs: Sequence[ImageInput],
        *,
        prompt: str | None = None,
        vision_model: str | None = None,
        embed_model: str | None = None,
        truncate: bool = False,
    ) -> ImageEmbeddings:
        """Several pictures, a few at a time, in their order; errors name the position. Raises as
        `generate_image_embedding` does."""
        return wait_for(
            self.generate_image_embeddings_async(
                inputs,
                prompt=prompt,
                vision_model=vision_model,
                embed_model=embed_model,
                truncate=truncate,
            )
        )

    async def generate_image_embeddings_async(
        self,
        inputs: Sequence[ImageInput],
        *,
        prompt: str | None = None,
        vision_model: str | None = None,
        embed_model: str | None = None,
        truncate: bool = False,
    ) -> ImageEmbeddings:
        """`generate_image_embeddings` for callers in an event loop."""
        asked = self._asked(prompt, vision_model, embed_model, truncate=truncate)
        turns = asyncio.Semaphore(self._concurrency)

        async def embedded(position: int) -> ImageEmbedding:
            async with turns:
                try:
                    return await self._embed(inputs[position], asked)
                except InputRefused as error:
                    raise error.at(position) from error.__cause__

        tasks = [asyncio.ensure_future(embedded(position)) for position in range(len(inputs))]
        try:
            return ImageEmbeddings(tuple(await asyncio.gather(*tasks)))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def generate_query_embedding(
        self, text: str, *, embed_model: str | None = None, truncate: bool = False
    ) -> OllamaVector:
        """The vector of what is looked for, inside its model's prompt for queries. Nothing else
        serves in its place: only vectors of one space compare. Raises BlankText, TextTooLong,
        InvalidVector, OllamaFailed."""
        return wait_for(
            self.generate_query_embedding_async(text, embed_model=embed_model, truncate=truncate)
        )

    async def generate_query_embedding_async(
        self, text: str, *, embed_model: str | None = None, truncate: bool = False
    ) -> OllamaVector:
        """`generate_query_embedding` for callers in an event loop."""
        require_readable([text])
        model = await PresentModels(self._client, self.settings).embedding(embed_model)
        return await self._vectors.of_text(text, model, "query", truncate=truncate)

    def preload(
        self,
        vision_model: str | None = None,
        embed_model: str | None = None,
        timeout_s: float = PRELOAD_S,
    ) -> tuple[str, str]:
        """Has Ollama load the models that pictures would be embedded with, and returns their names.
        `timeout_s` is that of each. Raises OllamaFailed."""
        return wait_for(self.preload_async(vision_model, embed_model, timeout_s))

    async def preload_async(
        self,
        vision_model: str | None = None,
        embed_model: str | None = None,
        timeout_s: float = PRELOAD_S,
    ) -> tuple[str, str]:
        """`preload` for callers in an event loop."""
        present = PresentModels(self._client, self.settings)
        sees = await present.vision(vision_model)
        embeds = await present.embedding(embed_model)
        await self._client.load(sees.name, embeds=False, timeout_s=timeout_s)
        await self._client.load(embeds.name, embeds=True, timeout_s=timeout_s)
        return sees.name, embeds.name

    def _asked(
        self,
        prompt: str | None,
        vision_model: str | None,
        embed_model: str | None,
        *,
        truncate: bool,
    ) -> _Asked:
        """What a call names. Raises BlankText, InputRefused."""
        if prompt is not None:
            try:
                require_readable([prompt])
            except InputRefused as error:
                raise error.of("prompt") from None
        present = PresentModels(self._client, self.settings)
        return _Asked(prompt, vision_model, embed_model, truncate, present)

    async def _embed(self, given: ImageInput, asked: _Asked) -> ImageEmbedding:
        """One picture, by the first of the chain that can."""
        if given.description is not None:
            require_readable([given.description])
        picture = await given.read(self._source)
        shown = None if picture is None else await asyncio.to_thread(checked, picture)
        steps: list[Step] = [("Ollama", partial(self._by_ollama, shown, given.description, asked))]
        if shown is not None:
            steps.append(("CLIP", partial(by_clip, self.service, shown.given)))
        if given.description is not None:
            by_description = partial(
                by_text, self.service, given.description, truncate=asked.truncate
            )
            steps.append(("the description", by_description))
        if self.settings.ollama_hash_fallback:
            digest = shown.digest if shown else _digest(given.description or "")
            steps.append(("the hash", partial(by_hash, digest)))
        return await first_answer(steps)

    async def _by_ollama(
        self, picture: CheckedPicture | None, given: str | None, asked: _Asked
    ) -> ImageEmbedding:
        """By a model that embeds pictures, or by a description, given or made. Raises TextTooLong
        for one that was given, InvalidVector, DimensionMismatch, OllamaFailed."""
        model = await asked.present.embedding(asked.embed_model)
        if given is not None:
            made = await self._vectors.of_text(given, model, "document", truncate=asked.truncate)
            return _answer(made, given)
        if picture is None:
            raise InputRefused("there is neither a picture nor a description")
        if await self._vectors.takes_pictures(model):
            return _answer(await self._vectors.of_picture(picture.file, model))
        description, seen_by = await self._described(picture, asked)
        try:
            made = await self._vectors.of_text(
                description, model, "document", truncate=asked.truncate
            )
        except TextTooLong as error:
            raise OllamaFailed(f"{seen_by} describes at length, and {error.reason}") from None
        return _answer(made, description, seen_by)

    async def _described(self, picture: CheckedPicture, asked: _Asked) -> tuple[str, str]:
        """A picture's description, and the model that made it. Raises OllamaFailed."""
        is_text = asked.vision_model is None and await self._shows_text(picture)
        model = await asked.present.vision(asked.vision_model, is_text=is_text)
        prompt = asked.prompt or prompt_of(self.settings, is_text=is_text)
        return await self._descriptions.of(picture, model, prompt), model.name

    async def _shows_text(self, picture: CheckedPicture) -> bool:
        if self._is_text_heavy is None:
            return False
        return await asyncio.to_thread(
            lambda tells: tells(rgb_of(picture.given)), self._is_text_heavy
        )


def _answer(
    made: OllamaVector, description: str | None = None, vision_model: str | None = None
) -> ImageEmbedding:
    return ImageEmbedding(
        made.vector,
        made.space,
        made.model,
        made.revision,
        description,
        vision_model,
        made.truncated,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
