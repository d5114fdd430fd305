"""EfficientNet-Lite2: what it sees of a picture, and what it calls it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from embeddings.encoders.efficientnet import ImageClassifier, image_labels, preprocess
from embeddings.registry.pins import EFFICIENTNET_LITE2
from embeddings.runtime import Runtime
from tests.helpers.commands import TOUR
from tests.helpers.media import frames_at, solid


def test_the_classifier_sees_the_centre_of_a_picture() -> None:
    picture = solid(255, 255, 255, (400, 200))
    picture[:, 150:250] = 0
    pixels = preprocess(picture)
    assert pixels.shape == (3, 260, 260)
    assert pixels[:, 130, 130] == pytest.approx(-127 / 128)
    assert pixels[:, 130, 0] == pytest.approx(1.0)


def test_the_classifier_names_a_cup_of_espresso(models: Path) -> None:
    classifier = ImageClassifier(EFFICIENTNET_LITE2, Runtime(models))
    frame = frames_at(TOUR, [10.0])[0]
    probabilities = classifier.probabilities([frame, cv2.flip(frame, 1)])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    labels = image_labels()
    assert [labels[i] for i in probabilities.argmax(axis=1)] == ["espresso", "espresso"]
