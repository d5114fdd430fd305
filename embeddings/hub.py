"""Models in the Hugging Face hub's own format: brought by the person, or pulled and verified.

Nothing is ever downloaded behind anybody's back: a model that is not here is an error that says
how to get it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.runtime import Runtime

MODEL_FILES = ("model.safetensors", "model.bin")
"""What holds the weights: safetensors, or the format of CTranslate2, which runs no code either."""


@dataclass(frozen=True)
class HubWeights:
    """A repository of the hub at one revision."""

    repo: str
    revision: str
    """A commit; "local" for a model that is only ever brought by the person."""
    sha256: str | None = None
    """Of the file with the weights, in hex; None where nobody has published it."""


def pulled_folder(weights: HubWeights, runtime: Runtime) -> Path:
    """Where a pulled model lies, or would lie."""
    return runtime.cache_dir / "hub" / weights.repo.replace("/", "--") / weights.revision


def find_model_folder(weights: HubWeights, runtime: Runtime) -> Path | None:
    """The folder of a model on this machine: the person's own before a pulled one."""
    name = weights.repo.split("/")[-1]
    candidates = [pulled_folder(weights, runtime)]
    if runtime.model_dir is not None:
        own = (weights.repo, weights.repo.replace("/", "--"), name)
        candidates = [*(runtime.model_dir / folder for folder in own), *candidates]
    return next((folder for folder in candidates if (folder / "config.json").is_file()), None)


def get_model_folder(weights: HubWeights, runtime: Runtime) -> Path:
    """The verified folder of a model. Raises WeightsMissing, WeightsCorrupt."""
    folder = find_model_folder(weights, runtime)
    if folder is None:
        raise WeightsMissing(
            f"the model {weights.repo} is not on this machine: with a network, run "
            f"python -m embeddings pull {weights.repo}; without one, put its files into a folder "
            f"{weights.repo.split('/')[-1]} and name the folder above it in EMBEDDING_MODEL_DIR"
        )
    verify(folder, weights)
    return folder


def weights_file(folder: Path) -> Path:
    """The file that holds a model's weights. Raises WeightsMissing."""
    for name in MODEL_FILES:
        if (folder / name).is_file():
            return folder / name
    raise WeightsMissing(
        f"{folder} holds no {MODEL_FILES[0]}: weights in other formats can run code and are not "
        "loaded; convert them with the safetensors package"
    )


def verify(folder: Path, weights: HubWeights) -> str:
    """The SHA-256 of a model's weights, in hex. Raises WeightsMissing, WeightsCorrupt."""
    path = weights_file(folder)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if weights.sha256 not in (None, digest):
        raise WeightsCorrupt(
            f"{path} has SHA-256 {digest}, not the pinned {weights.sha256}: remove the folder and "
            f"run python -m embeddings pull {weights.repo}"
        )
    return digest
