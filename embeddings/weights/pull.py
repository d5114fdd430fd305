"""Downloads from the Hugging Face hub: the pinned commit, resumed after a break, verified."""

import shutil
from fnmatch import fnmatch
from pathlib import Path

from embeddings.errors import WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.cached import made_by_one, written_whole
from embeddings.weights.hub import MODEL_FILES, HubWeights, pulled_folder, verify

_FILES = [*MODEL_FILES, "*.json", "*.txt", "*.model", "1_Pooling/*", "2_Dense/*", "2_Normalize/*"]
"""Weights that run no code, configuration, and what tokenizers need."""
_TIMEOUT_S = 10.0


def pull(weights: HubWeights, runtime: Runtime) -> Path:
    """The verified folder of a model, downloaded unless it is there.

    A download that breaks off stays for the next try; one that is whole but not what was pinned
    is removed. Raises WeightsMissing, WeightsCorrupt.
    """
    folder = pulled_folder(weights, runtime)
    with made_by_one(folder):
        if folder.is_dir():
            verify(folder, weights)
            return folder
        downloaded = folder.with_name(f"{folder.name}.part")
        _download(weights, downloaded)
        with written_whole(folder, downloaded):
            verify(downloaded, weights)
    return folder


def _download(weights: HubWeights, target: Path) -> None:
    """Brings the files that are wanted, or raises WeightsMissing."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        # Asked first: where the hub does not answer, snapshot_download retries for half a minute
        # and then takes the half of a model that is there for the whole.
        info = HfApi().model_info(weights.repo, revision=weights.revision, timeout=_TIMEOUT_S)
        names = [file.rfilename for file in info.siblings or []]
        snapshot_download(
            weights.repo, revision=weights.revision, local_dir=target, allow_patterns=_FILES
        )
    except Exception as error:  # of httpx or of httpx2, by the version of huggingface_hub
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _broken_off(weights, reason) from error
    wanted = (name for name in names if any(fnmatch(name, pattern) for pattern in _FILES))
    for name in wanted:
        if not (target / name).is_file():
            raise _broken_off(weights, f"{name} did not come")
    shutil.rmtree(target / ".cache", ignore_errors=True)


def _broken_off(weights: HubWeights, reason: str) -> WeightsMissing:
    return WeightsMissing(
        f"could not pull {weights.repo} at {weights.revision[:12]} ({reason}): run the command "
        "again to go on where it stopped"
    )
