"""python scripts/backfill_visual_embeddings.py [OPTIONS]: fills every visual space whose model is
here. The options are those of python -m ingest.backfill."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import typer  # noqa: E402

from database.settings import load_settings  # noqa: E402
from embeddings.service import EmbeddingService  # noqa: E402
from embeddings.space import Modality  # noqa: E402
from ingest.backfill import main  # noqa: E402
from ingest.command import run  # noqa: E402


def backfill() -> None:
    """python -m ingest.backfill, with the visual spaces named."""
    service = EmbeddingService(load_settings().runtime())
    for space in service.spaces.values():
        if space.modality is Modality.VISION and service.has_weights(space):
            sys.argv += ["--space", space.key]
    typer.run(main)


if __name__ == "__main__":
    run(backfill)
