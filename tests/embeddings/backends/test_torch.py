"""Models of transformers are loaded whole, in full precision, without running their code."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights
from tests.helpers import tiny_models
from tests.helpers.tiny_models import CLIP, VIDEOMAE, cosines, drawings, motions


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
        Encoders(Runtime(models, model_dir=tmp_path)).encode_items(VIDEOMAE, motions())


def test_weights_of_half_precision_are_computed_with_in_full(
    tmp_path: Path, models: Path, tiny_encoders: Encoders
) -> None:
    folder = copied("tiny-clip", tmp_path)
    tensors = load_file(folder / "model.safetensors")
    halved = {name: tensor.half() for name, tensor in tensors.items()}
    save_file(halved, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text()) | {"dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(config))
    halves = Encoders(Runtime(models, model_dir=tmp_path, precision="float32"))
    found = halves.encode_items(CLIP, drawings())
    assert cosines(found, tiny_encoders.encode_items(CLIP, drawings())).min() > 0.999


def test_weights_that_can_run_code_are_not_loaded(tmp_path: Path, models: Path) -> None:
    folder = copied("tiny-clip", tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsMissing, match=r"holds no model\.safetensors"):
        Encoders(Runtime(models, model_dir=tmp_path)).encode_query(CLIP, "a red circle")
