"""Video models as plain objects: trained ones that know motions, and ones of the real classes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings.errors import PictureUnreadable, UnknownSpace, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Space
from embeddings.video_models import ActionRecognitionModel, TemporalUnderstanding
from scripts.tiny.drawing import MOTIONS, draw_motion
from tests.helpers.media import Picture
from tests.helpers.own_models import declare_stand_in, use_models
from tests.helpers.stand_ins import ACTIONS
from tests.helpers.tiny_models import TIMESFORMER, VIDEOMAE, motions, tiny_models


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    use_models(monkeypatch, models, tiny_models())


def png(frame: Picture) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(frame).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("model", ["tiny-videomae", "tiny-videomae-labels", "tiny-timesformer"])
def test_a_motion_is_called_by_its_name(model: str) -> None:
    recogniser = ActionRecognitionModel(model)
    for name, frames in zip(MOTIONS, motions(), strict=True):
        action = recogniser.recognize_action(frames)
        assert action.label == name
        assert 0.5 < action.probability <= 1
        label, probability = action
        assert (label, probability) == (action.label, action.probability)


def test_frames_may_be_an_array_or_pictures_of_any_kind() -> None:
    recogniser, clip = ActionRecognitionModel("tiny-videomae"), motions()[0]
    expected = recogniser.recognize_action(clip)
    for frames in (list(clip), [Pillow.fromarray(f) for f in clip], [png(f) for f in clip]):
        assert recogniser.recognize_action(frames) == expected


@pytest.mark.parametrize("space", [TIMESFORMER, VIDEOMAE], ids=lambda space: space.key)
def test_a_sequence_gets_the_vector_that_the_library_has(
    space: Space, tiny_encoders: Encoders
) -> None:
    model = TemporalUnderstanding(space.key)
    clip = motions()[0]
    found = model.encode_sequence(clip)
    (expected,) = tiny_encoders.encode_items(space, [clip])
    assert (found.shape, found.dtype) == ((model.dimension,), np.dtype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_sequences_of_one_motion_are_more_alike_than_those_of_two() -> None:
    rng, model = np.random.default_rng(3), TemporalUnderstanding("tiny-timesformer")
    first, alike, other = (
        model.encode_sequence(draw_motion(name, 16, 96, rng))
        for name in ("moving left", "moving left", "growing")
    )
    assert first @ alike > first @ other


def test_by_default_they_are_videomae_and_timesformer_and_say_what_is_missing() -> None:
    recogniser, sequences = ActionRecognitionModel(), TemporalUnderstanding()
    assert (recogniser.space.key, sequences.space.key) == ("videomae-b", "timesformer-b")
    with pytest.raises(WeightsMissing, match=r"embeddings pull .*videomae"):
        recogniser.recognize_action(motions()[0])
    with pytest.raises(WeightsMissing, match=r"embeddings pull .*timesformer"):
        sequences.encode_sequence(motions()[0])


def test_by_the_name_of_a_model_a_sequence_gets_its_features_not_its_labels() -> None:
    repo = TemporalUnderstanding().space.hub_weights.repo
    assert TemporalUnderstanding(repo).space.key == "timesformer-b"
    assert TemporalUnderstanding("timesformer-b-labels").dimension == 384


def test_a_videomae_of_the_real_size_names_one_of_its_labels(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_stand_in(SPACES["videomae-b"], tmp_path, family="video_classifier", key="my-actions")
    use_models(monkeypatch, models, tmp_path)
    action = ActionRecognitionModel("my-actions").recognize_action(motions()[0])
    assert action.label in ACTIONS.values()
    assert 1 / len(ACTIONS) <= action.probability <= 1
    assert TemporalUnderstanding("my-actions").encode_sequence(motions()[0]).shape == (768,)


def test_what_is_no_clip_is_refused() -> None:
    recogniser, clip = ActionRecognitionModel("tiny-videomae"), motions()[0]
    for frames in ([], [clip[0], clip[1][:50]]):
        with pytest.raises(PictureUnreadable, match=r"at least one frame.* of one size"):
            recogniser.recognize_action(frames)
    with pytest.raises(PictureUnreadable, match="item 1: "):
        recogniser.recognize_action([clip[0], b"no picture"])
    with pytest.raises(PictureUnreadable, match="uint8"):
        recogniser.recognize_action(clip.astype(np.float32))
    with pytest.raises(UnknownSpace, match="minilm-l6 has no vectors of clips"):
        ActionRecognitionModel("minilm-l6")
