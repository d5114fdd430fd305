"""Brings a model from the Hugging Face hub: its pinned commit, resumed after a break, verified."""

import shutil
from pathlib import Path

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.hub import MODEL_FILES, HubWeights, pulled_folder, verify
from embeddings.runtime import Runtime

_FILES = [*MODEL_FILES, "*.json", "*.txt", "*.model", "1_Pooling/*", "2_Dense/*", "2_Normalize/*"]
"""Weights that run no code, configuration, and what tokenizers need."""


def pull(weights: HubWeights, runtime: Runtime) -> Path:
    """The verified folder of a model, downloaded unless it is there.

    What was downloaded before a break is kept for the next try; the folder appears under its name
    only when it is whole and verified. Raises WeightsMissing, WeightsCorrupt.
    """
    folder = pulled_folder(weights, runtime)
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.part")
        _download(weights, partial)
        try:
            verify(partial, weights)
        except (WeightsMissing, WeightsCorrupt):
            shutil.rmtree(partial)  # going on from it would never come to anything else
            raise
        shutil.rmtree(partial / ".cache", ignore_errors=True)
        partial.rename(folder)
    verify(folder, weights)
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
