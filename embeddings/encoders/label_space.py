"""Classifiers made text-searchable: their labels, projected into a text space.

ConSE (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2013):
an item's vector is the sum of the text vectors of its most probable labels, weighted by their
probabilities, normalised. The query side is the plain text encoder.

A query is seldom one of the labels. The projection BROAD therefore hears more of them: it flattens
the probabilities, which is what a higher temperature does, and takes away most of the direction
that all labels share, which says nothing (Mu and Viswanath, "All-but-the-Top", 2018). Measured in
docs/ranking.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embeddings.encoder import Classifier, Models, Vectors, check_vectors, normalise
from embeddings.space import Projection, Space


def project(probabilities: Vectors, label_vectors: Vectors, projection: Projection) -> Vectors:
    """Label probabilities [n, labels] and label vectors [labels, dim] to unit vectors [n, dim]."""
    num_labels = min(projection.top, len(label_vectors))
    top = np.argpartition(probabilities, -num_labels, axis=1)[:, -num_labels:]
    weights = np.take_along_axis(probabilities, top, axis=1) ** projection.power
    vectors = normalise(np.einsum("nk,nkd->nd", weights, label_vectors[top]))
    if projection.centre:
        vectors = normalise(vectors - projection.centre * normalise(label_vectors.mean(axis=0)))
    return vectors


class LabelSpaceEncoder:
    """Images or clips to vectors of a text space, by their labels.

    Queries never come here: the text space's own encoder makes them.
    """

    def __init__(self, space: Space, classifier: Classifier, models: Models) -> None:
        """Raises WeightsMissing, WeightsCorrupt, or TypeError for a space without a projection."""
        if space.query_space is None or space.projection is None:
            raise TypeError(f"{space.key} does not say how labels become vectors of a text space")
        self._dim = space.dim
        self._projection = space.projection
        self._classifier = classifier
        self._label_vectors = models.encoder_of(space.query_space).encode_queries(classifier.labels)

    def encode_items(self, items: Sequence[Any]) -> Vectors:
        """Images or clips to float32 [n, dim]."""
        if not items:
            return np.empty((0, self._dim), np.float32)
        probabilities = self._classifier.probabilities(items)
        vectors = project(probabilities, self._label_vectors, self._projection)
        return check_vectors(vectors, self._dim)
