"""EmbeddingService: texts and pictures to vectors for other programs; cached, in batches.

The story of a request: what cannot be embedded is refused by name; vectors that the cache has are
taken from there; the others wait in their model's queue (batching.py), which computes them in
batches, together with those of other requests; then the cache gets them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.batching import Batcher
from embeddings.cache import EmbeddingCache
from embeddings.cache_keys import identity_of
from embeddings.encoder import InputType, Vectors
from embeddings.errors import InvalidSettings, NoPictures, UnknownSpace
from embeddings.inputs import require_few, require_readable
from embeddings.items import measure_texts, picture_items
from embeddings.jobs import Item
from embeddings.loaded import Encoders
from embeddings.model_queues import ModelQueues, computed, runtime_for
from embeddings.pictures import Picture
from embeddings.pooling import CLS_WARNING, Padding, Pooling, dim_of, name_of
from embeddings.readings import TextAndPicture, measure_readings
from embeddings.registry.spaces import choose_spaces
from embeddings.settings import EmbeddingSettings, load_settings
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights, find_model_folder

PREFIX = "embed-"
"""Before a model's name it changes nothing: some clients list only names with "embed"."""
SERVED = (Input.TEXT, Input.IMAGE)
"""What other programs have embedded; spaces of anything else are those of libraries alone."""


@dataclass(frozen=True)
class Embedded:
    """Vectors, and what made them."""

    space: Space
    vectors: Vectors
    """float32 [n, dim], of unit length, in the order of the input; of the pooling `last_layer`
    one for each token, as the model gives them."""
    num_tokens: int = 0
    """Tokens that the model read of this input, with those of prompts and marks; cached or not."""
    truncated: tuple[int, ...] = ()
    """Positions of the texts that were cut."""
    pooling: Pooling | None = None
    """Of a vision-language model; None for the space's own."""
    num_states: tuple[int, ...] | None = None
    """Of `last_layer`: how many of the vectors are of each input."""

    @property
    def name(self) -> str:
        """What the vectors are called: by the space's key only if they may be compared with what is
        stored in it."""
        return name_of(self.space.key, self.space.pooling or Pooling(), self.pooling)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the vectors should not be used; no space has a pooling that is warned of."""
        return (CLS_WARNING,) if self.pooling is not None and self.pooling.kind == "cls" else ()


class EmbeddingService:
    """Embeddings of texts and pictures. May be called from any thread and any event loop."""

    def __init__(
        self,
        cache: EmbeddingCache | None = None,
        device: str | None = None,
        *,
        settings: EmbeddingSettings | None = None,
    ) -> None:
        """Loads nothing yet. By default the cache and the device (auto, cpu, cuda, mps) are those
        of the settings, and these are the environment's.

        Raises InvalidSettings, also for a model that there is not, or that takes something else.
        """
        self.settings = settings = settings or load_settings(EmbeddingSettings)
        self.encoders = Encoders(runtime_for(settings, device))
        self.cache = cache or EmbeddingCache(
            settings.embedding_redis_url,
            settings.embedding_cache_ttl,
            settings.embedding_cache_max_connections,
        )
        self._spaces: dict[str, Space] = {}
        self.text_space = self._named(
            "EMBEDDING_TEXT_MODEL_NAME", settings.embedding_text_model_name, Input.TEXT
        )
        self.image_space = self._named(
            "EMBEDDING_IMAGE_MODEL_NAME", settings.embedding_image_model_name, Input.IMAGE
        )
        self.queues = ModelQueues(self.encoders)
        self._identities: dict[str, str] = {}

    async def get_instruction_embedding(self, text: str, use_cache: bool = True) -> Vectors:
        """The vector of a text, float32 [dim of the text space].

        Raises BlankText, TextTooLong, ItemFailed, ServiceBusy, WorkerLost, WeightsMissing.
        """
        embedded = await self.embed_texts([text], self.text_space, use_cache=use_cache)
        vector: Vectors = embedded.vectors[0]
        return vector

    async def get_image_embedding(self, image: Picture, use_cache: bool = True) -> Vectors:
        """The vector of a picture, float32 [dim of the image space].

        Raises PictureUnreadable, ItemFailed, ServiceBusy, WorkerLost, WeightsMissing.
        """
        embedded = await self.embed_images([image], self.image_space, use_cache=use_cache)
        vector: Vectors = embedded.vectors[0]
        return vector

    async def batch_generate_embeddings(
        self,
        texts: Sequence[str] = (),
        images: Sequence[Picture] = (),
    ) -> dict[str, Vectors]:
        """`text_embeddings`, float32 [n, d], and `image_embeddings`, float32 [m, e].

        Raises what the two methods above raise; the message names the item.
        """
        of_texts = await self.embed_texts(texts, self.text_space)
        of_images = await self.embed_images(images, self.image_space)
        return {"text_embeddings": of_texts.vectors, "image_embeddings": of_images.vectors}

    async def cleanup(self) -> None:
        """Frees the models and closes the cache; what is needed again is loaded again."""
        await asyncio.to_thread(self.queues.close)
        self.encoders.close()
        await self.cache.close()

    def find_space(self, name: str) -> Space:
        """The space that a name means: its key, its model, or what it is good for (`fast`,
        `balanced`, `quality`), also after `embed-`; of a model that is the space of several, the
        first.

        Raises UnknownSpace.
        """
        if name not in self._spaces:
            takes = {k: s for k, s in self.encoders.spaces.items() if s.input in SERVED}
            own = name if name in takes else name.removeprefix(PREFIX)
            self._spaces[name] = choose_spaces([own], takes)[0]
        return self._spaces[name]

    def require_progress(self) -> None:
        """Raises WorkerLost if a model makes no progress."""
        self.queues.require_progress()

    async def embed_texts(
        self,
        texts: Sequence[str],
        space: Space,
        *,
        input_type: InputType = "document",
        truncate: bool = False,
        use_cache: bool = True,
        max_tokens: int | None = None,
    ) -> Embedded:
        """Texts in a space of texts, or in one of pictures that texts can be compared with.

        With `truncate`, a text that is too long is cut to what its model reads; `max_tokens` is a
        limit of all together. Raises BlankText, TextTooLong, ItemFailed, NoTextQuery, ServiceBusy,
        WorkerLost, WeightsMissing, WeightsCorrupt.
        """
        if not texts:
            return Embedded(space, np.empty((0, space.dim), np.float32))
        if space.pooling is not None:
            return await self.read(
                [(text, None) for text in texts],
                space,
                truncate=truncate,
                use_cache=use_cache,
                max_tokens=max_tokens,
            )
        require_readable(texts)
        text_space = self.encoders.text_space(space)
        batcher = await self.queues.get(text_space, Input.TEXT)
        measured = await measure_texts(
            self.encoders.text_encoder(text_space),
            self._identity(text_space),
            text_space,
            texts,
            input_type,
            truncate=truncate,
        )
        require_few(measured.num_tokens, max_tokens)
        vectors = await self._vectors(measured.items, batcher, space.dim, use_cache)
        return Embedded(space, np.stack(vectors), measured.num_tokens, measured.truncated)

    async def embed_images(
        self,
        images: Sequence[Picture],
        space: Space,
        *,
        use_cache: bool = True,
    ) -> Embedded:
        """Pictures in a space of pictures: files (JPEG, PNG, WebP), PIL images, or arrays of
        uint8 [H, W, 3].

        Raises NoPictures, PictureUnreadable, ItemFailed, ServiceBusy, WorkerLost, WeightsMissing,
        WeightsCorrupt.
        """
        if not images:
            return Embedded(space, np.empty((0, space.dim), np.float32))
        if space.input is not Input.IMAGE:
            raise NoPictures(f"{space.key} holds texts: it takes no pictures")
        if space.pooling is not None:
            return await self.read([(None, image) for image in images], space, use_cache=use_cache)
        batcher = await self.queues.get(space, Input.IMAGE)
        items = await asyncio.to_thread(picture_items, self._identity(space), images)
        vectors = await self._vectors(items, batcher, space.dim, use_cache)
        return Embedded(space, np.stack(vectors))

    async def read(
        self,
        inputs: Sequence[TextAndPicture],
        space: Space,
        pooling: Pooling | None = None,
        *,
        padding: Padding | None = "right",
        truncate: bool = False,
        use_cache: bool = True,
        max_tokens: int | None = None,
    ) -> Embedded:
        """Texts, pictures, or both at once, each read in one pass by a vision-language model.

        `pooling` is that of the space by default; without `padding` each is computed alone. States
        of `last_layer`, and of layers one after the other, are large and not kept in the cache.
        Raises InputRefused, UnknownSpace for a space of another kind, and what `embed_texts` and
        `embed_images` raise.
        """
        if not inputs:
            return Embedded(space, np.empty((0, space.dim), np.float32), pooling=pooling)
        queue = await self.queues.get_readings(space)
        encoder = self.encoders.vision_language(space)
        asked = pooling or space.pooling or Pooling()
        measured = await asyncio.to_thread(
            measure_readings,
            encoder,
            self._identity(space),
            inputs,
            asked,
            padding,
            truncate=truncate,
        )
        require_few(measured.num_tokens, max_tokens)
        are_states = asked.kind == "last_layer"
        vectors = await self._vectors(
            measured.items,
            queue,
            dim_of(asked, space.dim, encoder.num_layers),
            use_cache and not are_states and asked.combine == "mean",
        )
        return Embedded(
            space,
            np.concatenate(vectors) if are_states else np.stack(vectors),
            measured.num_tokens,
            measured.truncated,
            pooling,
            tuple(map(len, vectors)) if are_states else None,
        )

    async def _vectors(
        self, items: Sequence[Item], batcher: Batcher, dim: int, use_cache: bool
    ) -> list[Vectors]:
        """What is in the cache, of `dim` numbers, or else is computed."""
        keys = [item.key for item in items]
        found = await self.cache.get_many(keys, dim) if use_cache else [None] * len(keys)
        vectors = {i: vector for i, vector in enumerate(found) if vector is not None}
        missing = [i for i in range(len(items)) if i not in vectors]
        if missing:
            new = dict(zip(missing, await computed(items, missing, batcher), strict=True))
            if use_cache:
                await self.cache.set_many({keys[i]: vector for i, vector in new.items()})
            vectors |= new
        return [vectors[i] for i in range(len(items))]

    def _named(self, variable: str, name: str, takes: Input) -> Space:
        """The space that a setting names. Raises InvalidSettings."""
        try:
            space = self.find_space(name)
        except UnknownSpace as error:
            raise InvalidSettings(f"{variable}: {error}") from None
        if takes not in space.inputs:
            raise InvalidSettings(f"{variable}: {space.key} takes no {takes.value}; name another")
        return space

    def _identity(self, space: Space) -> str:
        if space.key not in self._identities:
            query_space = self.encoders.spaces[space.query_space] if space.query_space else None
            folder = None
            if isinstance(space.weights, HubWeights):
                folder = find_model_folder(space.weights, self.encoders.runtime)
            self._identities[space.key] = identity_of(space, query_space, folder)
        return self._identities[space.key]
