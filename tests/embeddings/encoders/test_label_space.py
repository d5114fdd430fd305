"""Label probabilities become vectors of a text space."""

import numpy as np
import pytest

from embeddings.encoder import normalise
from embeddings.encoders.label_space import project
from embeddings.space import BROAD, CONSE, Projection


def test_projection_is_the_mean_of_label_vectors_weighted_by_probability() -> None:
    probabilities = np.zeros((2, 12), np.float32)
    probabilities[0, [4, 7]] = 0.3, 0.4
    probabilities[1, 11] = 1.0
    vectors = project(probabilities, np.eye(12, dtype=np.float32), CONSE)
    expected = np.zeros((2, 12))
    expected[0, [4, 7]] = 0.6, 0.8
    expected[1, 11] = 1.0
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_projection_leaves_out_all_but_the_ten_most_probable_labels() -> None:
    probabilities = np.full((1, 30), 0.01, np.float32)
    probabilities[0, 10:20] = 0.08
    (vector,) = project(probabilities, np.eye(30, dtype=np.float32), CONSE)
    np.testing.assert_allclose(vector[10:20], 1 / np.sqrt(10), atol=1e-6)
    assert not vector[:10].any()
    assert not vector[20:].any()


def test_a_broad_projection_hears_more_labels_and_less_of_what_all_share() -> None:
    probabilities = np.full((1, 60), 0.001, np.float32)
    probabilities[0, :2] = 0.9, 0.05
    shared = np.full((60, 1), 0.5, np.float32)
    labels = normalise(np.hstack([np.eye(60, dtype=np.float32), shared]))
    (narrow,) = project(probabilities, labels, CONSE)
    (broad,) = project(probabilities, labels, BROAD)
    assert broad[1] / broad[0] > 3 * narrow[1] / narrow[0], "the second label counts more"
    assert np.count_nonzero(broad[:60] > broad[:60].min() + 1e-4) == 50
    (uncentred,) = project(probabilities, labels, Projection(50, 0.4, 0.0))
    assert abs(broad[60]) < 0.7 * uncentred[60]
    assert np.linalg.norm(broad) == pytest.approx(1)
