"""A model is pulled from a server on loopback that speaks the hub's protocol."""

import os
import subprocess
import sys
from pathlib import Path

from embeddings.registry.pins import RESNET_50
from embeddings.runtime import Runtime
from embeddings.weights.hub import pulled_folder
from tests.helpers.commands import ROOT
from tests.helpers.hub import FILES, Hub, sha256

PULL = f"""
import sys
from dataclasses import replace
from pathlib import Path
from embeddings.registry.pins import RESNET_50
from embeddings.runtime import Runtime
from embeddings.weights.pull import pull
weights = replace(RESNET_50, sha256={sha256(FILES["model.safetensors"])!r})
print(pull(weights, Runtime(Path(sys.argv[1]))))
"""


def pull(cache_dir: Path, endpoint: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the hub's library reads its endpoint when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", PULL, cache_dir],
        env={**os.environ, "HF_ENDPOINT": endpoint, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_model_is_put_in_place_whole_and_without_what_can_run_code(
    hub: str, tmp_path: Path
) -> None:
    done = pull(tmp_path, hub)
    assert done.returncode == 0, done.stderr
    folder = pulled_folder(RESNET_50, Runtime(tmp_path))
    assert done.stdout == f"{folder}\n"
    wanted = {"config.json", "model.safetensors"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in wanted
    }
    lock = folder.with_name(f"{folder.name}.lock")
    assert sorted(folder.parent.iterdir()) == [folder, lock]
    assert wanted < FILES.keys()
    assert not any(path.endswith((".bin", "README.md")) for path in Hub.requests)


def test_a_model_that_is_there_is_not_pulled_again(hub: str, tmp_path: Path) -> None:
    assert pull(tmp_path, hub).returncode == 0
    assert pull(tmp_path, "http://127.0.0.1:9").returncode == 0
