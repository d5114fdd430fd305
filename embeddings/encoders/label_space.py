"""Any classifier becomes text-searchable: its labels, projected into a text space.

ConSE (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2013):
an item's vector is the sum of the text vectors of its most probable labels, weighted by their
probabilities, normalised. The query side is the plain text encoder.

What is asked is seldom one of the labels. BROAD therefore hears more of them: it flattens the
probabilities, which is what a higher temperature does, and takes away most of the direction that
all labels share, which says nothing (Mu and Viswanath, "All-but-the-Top", 2018). Measured in
docs/ranking.md.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from embeddings.encoder import QueryEncoder, Vectors, check_vectors, normalise


@dataclass(frozen=True)
class Projection:
    """How label probabilities become a vector."""

    top: int
    """Labels that count."""
    power: float
    """Of the probabilities; under 1 it flattens them."""
    centre: float
    """The part of the labels' mean direction that is taken away."""


CONSE = Projection(top=10, power=1.0, centre=0.0)
BROAD = Projection(top=50, power=0.4, centre=0.75)


class Classifier(Protocol):
    """Gives the probabilities of its labels."""

    labels: list[str]

    def probabilities(self, items: Sequence[Any]) -> Vectors:
        """Images or clips to float32 [n, labels], each row summing to 1."""
        ...


def project(
    probabilities: Vectors, label_vectors: Vectors, projection: Projection = CONSE
) -> Vectors:
    """Class probabilities [n, labels] and label vectors [labels, dim] to unit vectors [n, dim]."""
    num_labels = min(projection.top, len(label_vectors))
    top = np.argpartition(probabilities, -num_labels, axis=1)[:, -num_labels:]
    weights = np.take_along_axis(probabilities, top, axis=1) ** projection.power
    vectors = normalise(np.einsum("nk,nkd->nd", weights, label_vectors[top]))
    if projection.centre:
        vectors = normalise(vectors - projection.centre * normalise(label_vectors.mean(axis=0)))
    return vectors


class LabelSpaceEncoder:
    """Images or clips to the text space by their labels; queries are the text encoder's."""

    def __init__(
        self,
        load_classifier: Callable[[], Classifier],
        text: QueryEncoder,
        projection: Projection = CONSE,
    ) -> None:
        """The classifier is loaded when the first items come: a search needs only the text."""
        self._load_classifier = load_classifier
        self._projection = projection
        self._text = text
        self._loading = threading.Lock()
        self._loaded: tuple[Classifier, Vectors] | None = None

    def encode_items(self, items: Sequence[Any]) -> Vectors:
        """Images or clips to float32 [n, dim]. Raises WeightsMissing, WeightsCorrupt."""
        with self._loading:
            if self._loaded is None:
                classifier = self._load_classifier()
                self._loaded = classifier, self._text.encode_items(classifier.labels)
        classifier, label_vectors = self._loaded
        if not items:
            return np.empty((0, label_vectors.shape[1]), np.float32)
        vectors = project(classifier.probabilities(items), label_vectors, self._projection)
        return check_vectors(vectors, label_vectors.shape[1])
