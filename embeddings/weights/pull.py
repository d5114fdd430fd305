"""Downloads from the Hugging Face hub: the pinned commit, resumed after a break, verified."""

import shutil
from pathlib import Path

from embeddings.errors import WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.cached import written_whole
from embeddings.weights.hub import MODEL_FILES, HubWeights, pulled_folder, verify

_FILES = [*MODEL_FILES, "*.json", "*.txt", "*.model", "1_Pooling/*", "2_Dense/*", "2_Normalize/*"]
"""Weights that run no code, configuration, and what tokenizers need."""


def pull(weights: HubWeights, runtime: Runtime) -> Path:
    """The verified folder of a model, downloaded unless it is there.

    A download that breaks off stays for the next try; one that is whole but not what was pinned
    is removed. Raises WeightsMissing, WeightsCorrupt.
    """
    folder = pulled_folder(weights, runtime)
    if folder.is_dir():
        verify(folder, weights)
        return folder
    downloaded = folder.with_name(f"{folder.name}.part")
    _download(weights, downloaded)
    with written_whole(folder, downloaded):
        verify(downloaded, weights)
    return folder


def _download(weights: HubWeights, target: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(
            weights.repo,
            revision=weights.revision,
            local_dir=target,
            allow_patterns=_FILES,
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsMissing(
            f"could not pull {weights.repo} at {weights.revision[:12]} ({reason}): run the command "
            "again to go on where it stopped"
        ) from error
    shutil.rmtree(target / ".cache", ignore_errors=True)
