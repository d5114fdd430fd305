"""The queue of each model: made, and the model loaded, when first something is to be computed."""

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from weakref import WeakKeyDictionary

import numpy as np

from embeddings.answers import Answers
from embeddings.batching import Batcher
from embeddings.encoder import Image, InputType, Vectors
from embeddings.errors import InvalidVector, ItemFailed
from embeddings.inputs import place
from embeddings.jobs import Item, Limits
from embeddings.loaded import Encoders
from embeddings.pictures import read_picture
from embeddings.pooling import Pooling
from embeddings.readings import Reading, read
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.runtime import Runtime, num_cores
from embeddings.settings import EmbeddingSettings
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights, Weights

_TEXTS = Limits(batch_items=32, batch_size=256, queued_items=8192, queued_size=2_000_000)
"""256 tokens keep a core as busy as more would, and what comes after them waits least."""
_PICTURES = Limits(8, 32_000_000, queued_items=512, queued_size=400_000_000, are_tokens=False)
_TEXTS_ON_GPU = dataclasses.replace(_TEXTS, batch_items=256, batch_size=32_768)
_PICTURES_ON_GPU = dataclasses.replace(_PICTURES, batch_items=64, batch_size=128_000_000)
_READINGS = Limits(32, 2048, queued_items=512, queued_size=200_000, are_tokens=False)
"""Of vision-language models: two pictures keep a core busy for six seconds."""
_READINGS_ON_GPU = dataclasses.replace(_READINGS, batch_items=256, batch_size=32_768)
_DECODING = threading.BoundedSemaphore(2)
"""Pictures that are decoded at once: a large one takes half a gigabyte."""
_MAX_WORKERS = 8
_ANSWERS: WeakKeyDictionary[asyncio.AbstractEventLoop, Answers[list[Vectors]]] = WeakKeyDictionary()


def runtime_for(settings: EmbeddingSettings, device: str | None = None) -> Runtime:
    """How the service's models run: in float32, on the settings' device unless another is named,
    each worker with its share of the cores."""
    runtime = settings.runtime(max(1, num_cores() // _MAX_WORKERS))
    return dataclasses.replace(runtime, precision="float32", device=device or runtime.device)


async def computed(
    items: Sequence[Item], positions: Sequence[int], queue: Batcher
) -> list[Vectors]:
    """What a queue makes of the items at some positions, in their order.

    Whoever gives up waiting gives up the items. Raises ItemFailed, ServiceBusy, WorkerLost.
    """
    source = queue.submit([items[i] for i in positions])
    future = _answers().of(source)
    try:
        while not (await asyncio.wait([future], timeout=queue.stall_s))[0]:
            queue.require_progress()
        return future.result()
    except ItemFailed as error:
        raise error.at(place(positions[error.position or 0], items)) from error.__cause__
    finally:
        source.cancel()
        future.cancel()


def _answers() -> Answers[list[Vectors]]:
    """Those of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _ANSWERS:
        _ANSWERS[loop] = Answers()
    return _ANSWERS[loop]


class ModelQueues:
    """The queues of the models that are in use. Safe to call from several threads."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._batchers: dict[str, Batcher] = {}
        self._loading: dict[str, Future[Batcher]] = {}
        self._lock = threading.Lock()  # of both

    async def get(self, space: Space, kind: Input) -> Batcher:
        """The queue of a space's texts or pictures. Its values are pairs of an input type and a
        text, or RGB images and files of pictures.

        Raises WeightsMissing, WeightsCorrupt.
        """
        return await self._get(f"{space.key} {kind}", partial(self._make, space, kind))

    async def get_readings(self, space: Space) -> Batcher:
        """The queue of a vision-language space. Its values are readings; of each it makes a vector,
        float32 [dim], or [tokens, dim] for `last_layer`.

        Raises UnknownSpace for a space of another kind, WeightsMissing, WeightsCorrupt.
        """
        return await self._get(f"{space.key} readings", partial(self._make_readings, space))

    async def get_reranker(self) -> Batcher:
        """The queue of the cross-encoder. Its values are pairs of a query and a text; of each it
        makes a logit, so that its vectors are float32 [n, 1].

        Raises WeightsMissing, WeightsCorrupt.
        """
        return await self._get(MS_MARCO_MINILM.name, self._make_reranker)

    def require_progress(self) -> None:
        """Raises WorkerLost if a model makes no progress."""
        for batcher in list(self._batchers.values()):
            batcher.require_progress()

    def close(self) -> None:
        """Ends the workers after their batches; what waits fails with WorkerLost."""
        with self._lock:
            batchers = list(self._batchers.values())
            self._batchers.clear()
        with ThreadPoolExecutor(len(batchers) or 1) as pool:
            list(pool.map(Batcher.close, batchers))

    async def _get(self, name: str, make: Callable[[], Batcher]) -> Batcher:
        """A queue; all who ask for it while its model is loaded wait for that one loading."""
        batcher = self._batchers.get(name)
        if batcher is not None:
            return batcher
        with self._lock:
            if name in self._batchers:  # loaded in this moment
                return self._batchers[name]
            loading = self._loading.get(name)
            if loading is None:
                loading = self._loading[name] = Future()
                loading.set_running_or_notify_cancel()  # whoever gives up does not end it
                threading.Thread(target=self._load, args=(name, make), daemon=True).start()
        return await asyncio.wrap_future(loading)

    def _load(self, name: str, make: Callable[[], Batcher]) -> None:
        try:
            batcher = make()
        except BaseException as error:
            with self._lock:
                loading = self._loading.pop(name)
            loading.set_exception(error)
        else:
            with self._lock:
                loading = self._loading.pop(name)
                self._batchers[name] = batcher
            loading.set_result(batcher)

    def _make(self, space: Space, kind: Input) -> Batcher:
        """Loads the model, and lets its tokenizer take on its lengths before threads share it."""
        self._encoders.require_weights(space)
        num_workers = self._num_workers(space.weights)
        if kind is Input.TEXT:
            compute = partial(self._texts, space)
            limits = _TEXTS if num_workers else _TEXTS_ON_GPU
            compute([("query", "one"), ("document", "two")])
        else:
            compute = partial(self._images, space)
            limits = _PICTURES if num_workers else _PICTURES_ON_GPU
            compute([np.zeros((32, 32, 3), np.uint8)])
        return Batcher(space.key, compute, limits, num_workers or 1)

    def _make_readings(self, space: Space) -> Batcher:
        self._encoders.require_vision_language(space)
        self._encoders.require_weights(space)
        encoder = self._encoders.vision_language(space)
        pooling = space.pooling or Pooling()
        black = np.zeros((32, 32, 3), np.uint8)
        compute = partial(read, encoder, space.dim, decode=_decoded)
        compute([Reading("one", None, pooling, "right"), Reading(None, black, pooling, "right")])
        num_workers = self._num_workers(space.weights)
        limits = _READINGS if num_workers else _READINGS_ON_GPU
        return Batcher(space.key, compute, limits, num_workers or 1)

    def _make_reranker(self) -> Batcher:
        self._encoders.cross_encoder().score("one", ["two"])
        num_workers = self._num_workers(MS_MARCO_MINILM)
        limits = _TEXTS if num_workers else _TEXTS_ON_GPU
        return Batcher(MS_MARCO_MINILM.name, self._logits, limits, num_workers or 1)

    def _num_workers(self, weights: Weights) -> int:
        """One for each core, since one thread computes small batches best; 0 for a GPU, which
        wants large ones, one after the other."""
        if isinstance(weights, HubWeights):
            from embeddings.backends.torch import torch_device

            if torch_device(self._encoders.runtime).type != "cpu":
                return 0
        return min(num_cores(), _MAX_WORKERS)

    def _texts(self, space: Space, values: Sequence[tuple[InputType, str]]) -> Vectors:
        vectors = np.empty((len(values), space.dim), np.float32)
        for input_type in dict.fromkeys(kind for kind, _text in values):
            chosen = [i for i, (kind, _text) in enumerate(values) if kind == input_type]
            texts = [values[i][1] for i in chosen]
            vectors[chosen] = self._encoders.encode_texts(space, texts, input_type)
        return vectors

    def _images(self, space: Space, values: Sequence[Image | bytes]) -> Vectors:
        pictures = [_decoded(value) if isinstance(value, bytes) else value for value in values]
        return self._encoders.encode_items(space, pictures)

    def _logits(self, values: Sequence[tuple[str, str]]) -> Vectors:
        logits = np.empty((len(values), 1), np.float32)
        for query in dict.fromkeys(query for query, _text in values):
            chosen = [i for i, (other, _text) in enumerate(values) if other == query]
            texts = [values[i][1] for i in chosen]
            logits[chosen, 0] = self._encoders.cross_encoder().score(query, texts)
        if not np.isfinite(logits).all():
            raise InvalidVector("the model gave a score that is no number")
        return logits


def _decoded(picture: bytes) -> Image:
    with _DECODING:
        return read_picture(picture)
