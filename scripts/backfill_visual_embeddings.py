"""python scripts/backfill_visual_embeddings.py [OPTIONS]: fills every visual space whose model is
here. The options are those of python -m ingest.backfill, such as --dry-run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database.settings import load_settings
from embeddings.loaded import EmbeddingService
from embeddings.space import Modality
from ingest.backfill import app
from ingest.cli import run


def backfill() -> None:
    """python -m ingest.backfill, with the visual spaces named."""
    service = EmbeddingService(load_settings().runtime())
    for space in service.spaces.values():
        if space.modality is Modality.VISION and service.has_weights(space):
            sys.argv += ["--space", space.key]
    app()


if __name__ == "__main__":
    run(backfill)
