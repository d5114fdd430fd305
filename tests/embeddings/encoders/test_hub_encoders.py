"""Encoders of models in the hub's format, with small models that were really trained."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoImageProcessor,
    AutoTokenizer,
    CLIPModel,
    VideoMAEForVideoClassification,
)

from embeddings.encoder import normalise
from embeddings.encoders.video import evenly
from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from scripts.tiny.drawing import MOTIONS, draw_motion, draw_shape
from tests.helpers import tiny_models
from tests.helpers.tiny_models import CLIP, TIMESFORMER_LABELS, VIDEOMAE, VIDEOMAE_LABELS

THINGS = [("red", "circle"), ("blue", "square"), ("green", "triangle"), ("yellow", "square")]


@pytest.fixture(scope="module")
def runtime(models: Path) -> Runtime:
    return Runtime(models, num_threads=2, model_dir=tiny_models.tiny_models(), precision="float32")


@pytest.fixture(scope="module")
def tiny(runtime: Runtime) -> Encoders:
    return Encoders(runtime)


def pictures() -> list[Any]:
    rng = np.random.default_rng(7)
    return [draw_shape(colour, shape, 120, rng) for colour, shape in THINGS]


def clips(num_frames: int = 16) -> list[Any]:
    rng = np.random.default_rng(7)
    return [draw_motion(name, num_frames, 120, rng) for name in MOTIONS]


def test_clip_finds_the_drawing_that_is_described(tiny: Encoders) -> None:
    vectors = tiny.encode_items(CLIP, pictures())
    for number, (colour, shape) in enumerate(THINGS):
        query = tiny.encode_query(CLIP, f"{colour} {shape}")
        assert int(np.argmax(vectors @ query)) == number, (colour, shape)


@pytest.mark.parametrize("space", [VIDEOMAE_LABELS, TIMESFORMER_LABELS], ids=lambda s: s.key)
def test_a_motion_is_found_by_its_name(space: Space, tiny: Encoders) -> None:
    vectors = tiny.encode_items(space, clips())
    for number, name in enumerate(MOTIONS):
        assert int(np.argmax(vectors @ tiny.encode_query(space, name))) == number, name


def test_features_of_one_motion_are_nearer_than_those_of_another(tiny: Encoders) -> None:
    rng = np.random.default_rng(3)
    names = ["moving left", "moving left", "growing"]
    first, alike, other = tiny.encode_items(
        VIDEOMAE, [draw_motion(name, 16, 96, rng) for name in names]
    )
    assert first @ alike > first @ other


def test_image_vectors_equal_those_of_transformers(tiny: Encoders) -> None:
    folder = tiny_models.FOLDER / "tiny-clip"
    model = CLIPModel.from_pretrained(folder)
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        pictures(), return_tensors="pt"
    )
    tokens = AutoTokenizer.from_pretrained(folder)(["red circle", "a photo of red circle"])
    with torch.inference_mode():
        images = model.get_image_features(**pixels).pooler_output.numpy()
        texts = [
            model.get_text_features(input_ids=torch.tensor([ids])).pooler_output.numpy()[0]
            for ids in tokens["input_ids"]
        ]
    assert cosines(tiny.encode_items(CLIP, pictures()), normalise(images)).min() >= 0.9999
    reference = normalise(normalise(np.stack(texts)).mean(axis=0))
    assert tiny.encode_query(CLIP, "red circle") @ reference >= 0.9999


def test_clip_probabilities_equal_those_of_transformers(tiny: Encoders) -> None:
    folder = tiny_models.FOLDER / "tiny-videomae"
    model = VideoMAEForVideoClassification.from_pretrained(folder)
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        [list(clip) for clip in clips()], return_tensors="pt"
    )
    with torch.inference_mode():
        expected = model(**pixels).logits.softmax(-1).numpy()
    found = tiny.video_classifier(VIDEOMAE.hub_weights).probabilities(clips())
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_bfloat16_ranks_as_float32_does(runtime: Runtime, tiny: Encoders) -> None:
    rng = np.random.default_rng(5)
    drawings = [draw_shape(*THINGS[number % 4], 96, rng) for number in range(40)]
    half = Encoders(replace(runtime, precision="bfloat16"))
    ours, exact = half.encode_items(CLIP, drawings), tiny.encode_items(CLIP, drawings)
    assert cosines(ours, exact).min() > 0.99


def test_the_frames_of_a_clip_are_taken_evenly() -> None:
    clip = np.arange(16, dtype=np.uint8).reshape(16, 1, 1, 1)
    assert evenly(clip, 8).ravel().tolist() == [1, 3, 5, 7, 9, 11, 13, 15]
    assert evenly(clip, 16).ravel().tolist() == list(range(16))
    assert evenly(clip[:3], 6).ravel().tolist() == [0, 0, 1, 1, 2, 2]


def test_a_model_that_is_not_here_is_named_with_what_to_do(models: Path) -> None:
    encoders = Encoders(Runtime(models))
    with pytest.raises(WeightsMissing, match=r"openai/clip.*embeddings pull.*EMBEDDING_MODEL_DIR"):
        encoders.encode_query(SPACES["clip-b32"], "a red circle")


def copied(name: str, target: Path) -> Path:
    shutil.copytree(tiny_models.tiny_models() / name, target / name)
    return target / name


def test_weights_of_another_hash_are_refused(tmp_path: Path, models: Path) -> None:
    copied("tiny-clip", tmp_path)
    pinned = replace(CLIP, weights=HubWeights("tiny-clip", "local", "0" * 64))
    with pytest.raises(WeightsCorrupt, match="SHA-256"):
        Encoders(Runtime(models, model_dir=tmp_path)).encode_query(pinned, "a red circle")


def test_weights_that_leave_a_part_out_are_refused(tmp_path: Path, models: Path) -> None:
    path = copied("tiny-videomae", tmp_path) / "model.safetensors"
    tensors = load_file(path)
    left_out = next(name for name in tensors if name.startswith("classifier"))
    save_file({k: v for k, v in tensors.items() if k != left_out}, path, {"format": "pt"})
    with pytest.raises(WeightsCorrupt, match=left_out.replace(".", r"\.")):
        Encoders(Runtime(models, model_dir=tmp_path)).encode_items(VIDEOMAE, clips())


def test_weights_of_half_precision_are_computed_with_in_full(
    tmp_path: Path, models: Path, tiny: Encoders
) -> None:
    folder = copied("tiny-clip", tmp_path)
    tensors = load_file(folder / "model.safetensors")
    halved = {name: tensor.half() for name, tensor in tensors.items()}
    save_file(halved, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text()) | {"dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(config))
    halves = Encoders(Runtime(models, model_dir=tmp_path, precision="float32"))
    found = halves.encode_items(CLIP, pictures())
    assert cosines(found, tiny.encode_items(CLIP, pictures())).min() > 0.999


def test_weights_that_can_run_code_are_not_loaded(tmp_path: Path, models: Path) -> None:
    folder = copied("tiny-clip", tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsMissing, match=r"holds no model\.safetensors"):
        Encoders(Runtime(models, model_dir=tmp_path)).encode_query(CLIP, "a red circle")


def cosines(ours: Sequence[Any], theirs: Sequence[Any]) -> Any:
    return (np.asarray(ours) * np.asarray(theirs)).sum(axis=1)
