"""Image models such as ResNet-50: images to features, for finding similar images."""

from collections.abc import Sequence

import numpy as np
import torch

from embeddings.backends.torch import (
    load_image_processor,
    load_model,
    pixels_of,
    torch_device,
    torch_dtype,
)
from embeddings.encoder import Encoder, Image, Models, Vectors, normalise
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import get_model_folder

BATCH = 32


def load(space: Space, models: Models) -> Encoder:
    """The encoder of a space of image features. Raises WeightsMissing, WeightsCorrupt."""
    return ImageFeatureEncoder(space, models.runtime)


class ImageFeatureEncoder:
    """Images to unit vectors that no text can be compared with."""

    def __init__(self, space: Space, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        from transformers import AutoModel

        folder = get_model_folder(space.hub_weights, runtime)
        self._dim = space.dim
        self._device, self._dtype = torch_device(runtime), torch_dtype(runtime)
        self._model = load_model(AutoModel, folder, runtime).to(self._dtype)
        self._processor = load_image_processor(folder)

    @torch.inference_mode()
    def encode_items(self, items: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, dim]: the mean over all places of the last layer."""
        batches = [self._batch(items[i : i + BATCH]) for i in range(0, len(items), BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self._dim), np.float32)

    def _batch(self, images: Sequence[Image]) -> Vectors:
        pixels = pixels_of(self._processor, images).to(self._device, self._dtype)
        pooled = self._model(pixel_values=pixels).pooler_output
        return normalise(pooled.flatten(1).float().cpu().numpy())
