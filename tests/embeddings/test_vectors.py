"""What every vector passes, and how class probabilities become vectors."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from embeddings.encoder import check_vectors, normalise
from embeddings.encoders.efficientnet import ImageClassifier, image_labels, preprocess
from embeddings.encoders.label_space import BROAD, CONSE, Projection, project
from embeddings.errors import DimensionMismatch, InvalidVector
from embeddings.runtime import Runtime
from tests.helpers.commands import TOUR
from tests.helpers.media import frames_at, solid


def test_unit_vectors_pass_as_float32() -> None:
    vectors = check_vectors(np.eye(3, 4), 4)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.eye(3, 4))


def test_vectors_of_another_dimension_are_refused_with_both_numbers() -> None:
    with pytest.raises(DimensionMismatch, match="dimension 8, got 4") as raised:
        check_vectors(np.eye(3, 4, dtype=np.float32), 8)
    assert (raised.value.expected, raised.value.got) == (8, 4)


@pytest.mark.parametrize(
    "vector", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0], [0.6, 0.7], [1.0, 1.0]]
)
def test_vectors_that_are_not_finite_or_of_unit_length_are_refused(vector: list[float]) -> None:
    with pytest.raises(InvalidVector):
        check_vectors(np.array([[1.0, 0.0], vector], np.float32), 2)


def test_normalising_keeps_directions_and_survives_zero() -> None:
    vectors = normalise(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0.0, 0.0]], atol=1e-6)


def test_projection_is_the_mean_of_label_vectors_weighted_by_probability() -> None:
    probabilities = np.zeros((2, 12), np.float32)
    probabilities[0, [4, 7]] = 0.3, 0.4
    probabilities[1, 11] = 1.0
    vectors = project(probabilities, np.eye(12, dtype=np.float32))
    expected = np.zeros((2, 12))
    expected[0, [4, 7]] = 0.6, 0.8
    expected[1, 11] = 1.0
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_projection_leaves_out_all_but_the_ten_most_probable_labels() -> None:
    probabilities = np.full((1, 30), 0.01, np.float32)
    probabilities[0, 10:20] = 0.08
    (vector,) = project(probabilities, np.eye(30, dtype=np.float32))
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


def test_the_classifier_sees_the_centre_of_a_picture() -> None:
    picture = solid(255, 255, 255, (400, 200))
    picture[:, 150:250] = 0
    pixels = preprocess(picture)
    assert pixels.shape == (3, 260, 260)
    assert pixels[:, 130, 130] == pytest.approx(-127 / 128)
    assert pixels[:, 130, 0] == pytest.approx(1.0)


def test_the_classifier_names_a_cup_of_espresso(models: Path) -> None:
    classifier = ImageClassifier(Runtime(models))
    frame = frames_at(TOUR, [10.0])[0]
    probabilities = classifier.probabilities([frame, cv2.flip(frame, 1)])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    labels = image_labels()
    assert [labels[i] for i in probabilities.argmax(axis=1)] == ["espresso", "espresso"]
