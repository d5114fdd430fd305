"""The queue of each model: made, and the model loaded, when first something is to be computed."""

import asyncio
import dataclasses
import os
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from embeddings.batching import Batcher, Limits
from embeddings.encoder import Image, InputType, Vectors
from embeddings.loaded import Encoders
from embeddings.pictures import read_picture
from embeddings.runtime import Runtime
from embeddings.settings import EmbeddingSettings
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights

_TEXTS = Limits(batch_items=8, batch_size=4096, queued_items=8192, queued_size=2_000_000)
"""Eight texts keep a core as busy as more would (embeddings/encoders/minilm.py), and what came
after them waits least."""
_PICTURES = Limits(8, 32_000_000, queued_items=512, queued_size=400_000_000, are_tokens=False)
_MAX_WORKERS = 8
_PROBES: dict[Input, list[Any]] = {
    Input.TEXT: [("query", "one"), ("document", "two")],
    Input.IMAGE: [np.zeros((32, 32, 3), np.uint8)],
}


def runtime_for(settings: EmbeddingSettings, device: str | None = None) -> Runtime:
    """How the service's models run: in float32, on the settings' device unless another is named,
    each worker with its share of the cores."""
    runtime = settings.runtime(max(1, (os.cpu_count() or 1) // _MAX_WORKERS))
    return dataclasses.replace(runtime, precision="float32", device=device or runtime.device)


class ModelQueues:
    """The queues of the models that are in use. Safe to call from several threads."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._batchers: dict[tuple[str, Input], Batcher] = {}
        self._lock = threading.Lock()

    async def get(self, space: Space, kind: Input) -> Batcher:
        """The queue of a space's texts or pictures. Its values are pairs of an input type and a
        text, or RGB images and files of pictures.

        Raises WeightsMissing, WeightsCorrupt.
        """
        batcher = self._batchers.get((space.key, kind))
        return batcher if batcher is not None else await asyncio.to_thread(self._load, space, kind)

    @property
    def are_stalled(self) -> bool:
        """Whether a model makes no progress."""
        return any(batcher.is_stalled for batcher in list(self._batchers.values()))

    def close(self) -> None:
        """Ends the workers after their batches; what waits fails with WorkerLost."""
        with self._lock:
            for batcher in self._batchers.values():
                batcher.close()
            self._batchers.clear()

    def _load(self, space: Space, kind: Input) -> Batcher:
        with self._lock:
            if (space.key, kind) not in self._batchers:
                self._batchers[space.key, kind] = self._make(space, kind)
            return self._batchers[space.key, kind]

    def _make(self, space: Space, kind: Input) -> Batcher:
        self._encoders.require_weights(space)
        compute = partial(self._texts if kind is Input.TEXT else self._images, space)
        # Loads the model, and lets tokenizers take on their lengths before threads share them.
        compute(_PROBES[kind])
        limits = _TEXTS if kind is Input.TEXT else _PICTURES
        return Batcher(space.key, space.dim, compute, limits, self._num_workers(space))

    def _num_workers(self, space: Space) -> int:
        """One for each core, since one thread computes small batches best; one for a GPU."""
        if isinstance(space.weights, HubWeights):
            from embeddings.backends.torch import torch_device

            if torch_device(self._encoders.runtime).type != "cpu":
                return 1
        return min(os.cpu_count() or 1, _MAX_WORKERS)

    def _texts(self, space: Space, values: Sequence[tuple[InputType, str]]) -> Vectors:
        vectors = np.empty((len(values), space.dim), np.float32)
        for input_type in dict.fromkeys(kind for kind, _text in values):
            chosen = [i for i, (kind, _text) in enumerate(values) if kind == input_type]
            texts = [values[i][1] for i in chosen]
            vectors[chosen] = self._encoders.encode_texts(space, texts, input_type)
        return vectors

    def _images(self, space: Space, values: Sequence[Image | bytes]) -> Vectors:
        pictures = [read_picture(v) if isinstance(v, bytes) else v for v in values]
        return self._encoders.encode_items(space, pictures)
