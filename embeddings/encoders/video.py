"""VideoMAE and TimeSformer: clips to the probabilities of actions, and to features."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from embeddings.backends.torch import (
    load_image_processor,
    load_model,
    pixels_of,
    torch_device,
    torch_dtype,
)
from embeddings.encoder import Clip, Encoder, FeatureClassifier, Models, Vectors, normalise
from embeddings.encoders.label_space import LabelSpaceEncoder
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import HubWeights, get_model_folder

BATCH = 4


def load(space: Space, models: Models) -> Encoder:
    """The encoder of a video model's labels or of its features; both share the loaded model.

    Raises WeightsMissing, WeightsCorrupt.
    """
    classifier = models.video_classifier(space.hub_weights)
    if space.projection is None:
        return VideoFeatureEncoder(space.dim, classifier)
    return LabelSpaceEncoder(space, classifier, models)


@dataclass(frozen=True)
class Outputs:
    """The outputs of one forward pass."""

    probabilities: Vectors
    """float32 [n, labels], each row summing to 1."""
    features: Vectors
    """float32 [n, dim], the input of the last layer, of unit length."""


class VideoClassifier:
    """A video model: clips to the probabilities of actions, and to features.

    The outputs for the last clips are kept, since the two spaces of a model ask for the same clips
    one after the other.
    """

    def __init__(self, weights: HubWeights, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        from transformers import AutoModelForVideoClassification

        folder = get_model_folder(weights, runtime)
        self._device, self._dtype = torch_device(runtime), torch_dtype(runtime)
        model = load_model(AutoModelForVideoClassification, folder, runtime)
        self._model = model.to(self._dtype)
        self._processor = load_image_processor(folder)
        self.labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
        self._features: list[torch.Tensor] = []
        model.classifier.register_forward_pre_hook(self._keep_features)
        self._running = threading.Lock()
        self._last: tuple[Sequence[Clip], Outputs] | None = None

    def probabilities(self, items: Sequence[Clip]) -> Vectors:
        """Clips of RGB frames to float32 [n, labels], each row summing to 1."""
        return self._run(items).probabilities

    def features(self, items: Sequence[Clip]) -> Vectors:
        """Clips of RGB frames to float32 [n, dim], of unit length."""
        return self._run(items).features

    def _run(self, clips: Sequence[Clip]) -> Outputs:
        with self._running:
            if self._last is None or self._last[0] is not clips:
                batches = [self._batch(clips[i : i + BATCH]) for i in range(0, len(clips), BATCH)]
                outputs = Outputs(
                    np.concatenate([batch.probabilities for batch in batches]),
                    np.concatenate([batch.features for batch in batches]),
                )
                self._last = (clips, outputs)
            return self._last[1]

    @torch.inference_mode()
    def _batch(self, clips: Sequence[Clip]) -> Outputs:
        sampled = [list(evenly(clip, self._model.config.num_frames)) for clip in clips]
        pixels = torch.cat([pixels_of(self._processor, frames) for frames in sampled])
        logits = self._model(pixel_values=pixels.to(self._device, self._dtype)).logits.float()
        features = self._features.pop().float().cpu().numpy()
        return Outputs(logits.softmax(dim=-1).cpu().numpy(), normalise(features))

    def _keep_features(self, _module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        self._features = [inputs[0]]


def evenly(clip: Clip, num_frames: int) -> Clip:
    """The frames [num_frames, H, W, 3] in the middle of as many equal parts of a clip."""
    middles = (np.arange(num_frames) + 0.5) * len(clip) / num_frames
    return np.asarray(clip[middles.astype(int)], np.uint8)


class VideoFeatureEncoder:
    """Clips to a video model's features, for finding similar clips; no text can be compared."""

    def __init__(self, dim: int, classifier: FeatureClassifier) -> None:
        self._dim = dim
        self._classifier = classifier

    def encode_items(self, items: Sequence[Clip]) -> Vectors:
        """Clips of RGB frames to float32 [n, dim]."""
        if not items:
            return np.empty((0, self._dim), np.float32)
        return self._classifier.features(items)
