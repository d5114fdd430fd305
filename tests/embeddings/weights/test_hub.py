"""Where a model of the hub is found, and that only the one that was pinned is used."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights, find_model_folder, get_model_folder, require_present
from tests.helpers.commands import ROOT

DATA = b"weights"
DIGEST = hashlib.sha256(DATA).hexdigest()
PARTS = (("some-model-part_1", "input/model.zip.001"), ("some-model-part_2", "input/model.zip.002"))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages that hold the parts of a zip of a model's folder."""
    joined = io.BytesIO()
    with zipfile.ZipFile(joined, "w") as archive:
        archive.writestr("model/config.json", "{}")
        archive.writestr("model/model.safetensors", DATA)
        archive.writestr("model/1_Pooling/config.json", "{}")
    data = joined.getvalue()
    halves = (data[: len(data) // 2], data[len(data) // 2 :])
    for (package, path), half in zip(PARTS, halves, strict=True):
        target = tmp_path / "site" / package / path
        target.parent.mkdir(parents=True)
        target.write_bytes(half)
        (tmp_path / "site" / package / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])


@pytest.mark.usefixtures("installed")
def test_a_model_that_pip_brings_in_parts_is_joined_verified_and_unpacked(tmp_path: Path) -> None:
    weights = HubWeights("owner/model", "abc", DIGEST, PARTS)
    runtime = Runtime(tmp_path / "cache")
    require_present(weights, runtime)
    folder = get_model_folder(weights, runtime)
    assert (folder / "model.safetensors").read_bytes() == DATA
    assert (folder / "1_Pooling" / "config.json").is_file()
    assert find_model_folder(weights, runtime) == folder
    assert {path.name for path in folder.parent.iterdir()} == {"abc", "abc.lock"}


UNPACK = """
import sys
from pathlib import Path
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights, get_model_folder

cache, digest = sys.argv[1:]
parts = tuple((f"some-model-part_{n}", f"input/model.zip.00{n}") for n in (1, 2))
print("ready", flush=True)
sys.stdin.readline()
print(get_model_folder(HubWeights("owner/model", "abc", digest, parts), Runtime(Path(cache))))
"""


@pytest.mark.usefixtures("installed")
def test_processes_that_unpack_a_model_at_once_do_not_collide(tmp_path: Path) -> None:
    cache, site = tmp_path / "cache", tmp_path / "site"
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", UNPACK, str(cache), DIGEST],
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{site}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in asked:
        assert process.stdout is not None
        process.stdout.readline()
    for process in asked:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0] for process in asked}
    folder = cache / "hub" / "owner--model" / "abc"
    assert found == {f"{folder}\n"}
    assert (folder / "model.safetensors").read_bytes() == DATA
    assert {path.name for path in folder.parent.iterdir()} == {"abc", "abc.lock"}


@pytest.mark.usefixtures("installed")
def test_parts_that_hold_other_weights_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    weights = HubWeights("owner/model", "abc", "0" * 64, PARTS)
    runtime = Runtime(tmp_path / "cache")
    with pytest.raises(WeightsCorrupt, match="SHA-256"):
        get_model_folder(weights, runtime)
    (left,) = (tmp_path / "cache" / "hub" / "owner--model").iterdir()
    assert left.name == "abc.lock"


def test_a_part_that_is_not_installed_makes_the_model_missing(tmp_path: Path) -> None:
    weights = HubWeights("owner/model", "abc", DIGEST, PARTS)
    with pytest.raises(WeightsMissing, match=r"owner/model .* EMBEDDING_MODEL_DIR"):
        require_present(weights, Runtime(tmp_path))


@pytest.mark.parametrize("name", ["owner/model", "owner--model", "model"])
def test_a_folder_of_the_persons_own_is_found_by_the_models_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "own" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    runtime = Runtime(tmp_path / "cache", model_dir=tmp_path / "own")
    assert find_model_folder(HubWeights("owner/model", "abc"), runtime) == folder
