"""Video models in the hub's format, with small ones that were really trained."""

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, VideoMAEForVideoClassification

from embeddings.encoders.video import evenly
from embeddings.loaded import Encoders
from embeddings.space import Space
from scripts.tiny.drawing import MOTIONS, draw_motion
from tests.helpers import tiny_models
from tests.helpers.tiny_models import TIMESFORMER_LABELS, VIDEOMAE, VIDEOMAE_LABELS, motions


@pytest.mark.parametrize("space", [VIDEOMAE_LABELS, TIMESFORMER_LABELS], ids=lambda s: s.key)
def test_a_motion_is_found_by_its_name(space: Space, tiny_encoders: Encoders) -> None:
    vectors = tiny_encoders.encode_items(space, motions())
    for number, name in enumerate(MOTIONS):
        assert int(np.argmax(vectors @ tiny_encoders.encode_query(space, name))) == number, name


def test_features_of_one_motion_are_nearer_than_those_of_another(tiny_encoders: Encoders) -> None:
    rng = np.random.default_rng(3)
    names = ["moving left", "moving left", "growing"]
    first, alike, other = tiny_encoders.encode_items(
        VIDEOMAE, [draw_motion(name, 16, 96, rng) for name in names]
    )
    assert first @ alike > first @ other


def test_clip_probabilities_equal_those_of_transformers(tiny_encoders: Encoders) -> None:
    folder = tiny_models.FOLDER / "tiny-videomae"
    model = VideoMAEForVideoClassification.from_pretrained(folder)
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        [list(clip) for clip in motions()], return_tensors="pt"
    )
    with torch.inference_mode():
        expected = model(**pixels).logits.softmax(-1).numpy()
    found = tiny_encoders.video_classifier(VIDEOMAE.hub_weights).probabilities(motions())
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_frames_of_a_clip_are_taken_evenly() -> None:
    clip = np.arange(16, dtype=np.uint8).reshape(16, 1, 1, 1)
    assert evenly(clip, 8).ravel().tolist() == [1, 3, 5, 7, 9, 11, 13, 15]
    assert evenly(clip, 16).ravel().tolist() == list(range(16))
    assert evenly(clip[:3], 6).ravel().tolist() == [0, 0, 1, 1, 2, 2]
