"""Any classifier becomes text-searchable: its labels, projected into a text space.

ConSE (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2013):
an item's vector is the sum of the text vectors of its most probable labels, weighted by their
probabilities, normalised. The query side is the plain text encoder.
"""

import threading
from collections.abc import Sequence

import numpy as np

from embeddings.encoder import Image, Vectors, check_vectors, normalise
from embeddings.image_classifier import ImageClassifier, image_labels
from embeddings.onnx_session import Runtime
from embeddings.sentence import DIM, sentence_encoder

TOP_LABELS = 10


def project(probabilities: Vectors, label_vectors: Vectors) -> Vectors:
    """Class probabilities [n, labels] and label vectors [labels, dim] to unit vectors [n, dim]."""
    top = np.argpartition(probabilities, -TOP_LABELS, axis=1)[:, -TOP_LABELS:]
    weights = np.take_along_axis(probabilities, top, axis=1)
    return normalise(np.einsum("nk,nkd->nd", weights, label_vectors[top]))


class ImageLabelEncoder:
    """Images to the text space by their ImageNet labels; queries by the text encoder."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises WeightsMissing, WeightsCorrupt."""
        self._runtime = runtime
        self._text = sentence_encoder(runtime)
        self._loading = threading.Lock()
        self._classifier: ImageClassifier | None = None
        self._label_vectors: Vectors | None = None

    def encode_items(self, items: Sequence[Image]) -> Vectors:
        """RGB images to float32 [n, 384]. The classifier is loaded on the first call."""
        with self._loading:
            if self._classifier is None or self._label_vectors is None:
                self._classifier = ImageClassifier(self._runtime)
                self._label_vectors = self._text.encode_items(image_labels())
        return check_vectors(
            project(self._classifier.probabilities(items), self._label_vectors), DIM
        )

    def encode_query(self, query: str) -> Vectors:
        """A query to float32 [384]."""
        return self._text.encode_query(query)
