"""python scripts/backfill_visual_embeddings.py [OPTIONS]: fills every visual space whose model is
here. The options are those of python -m ingest.backfill, such as --dry-run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embeddings.cli import read_settings
from embeddings.loaded import Encoders
from embeddings.space import Modality
from ingest.backfill import app
from ingest.cli import run
from ingest.settings import IngestSettings


def name_visual_spaces() -> None:
    """Adds them to the arguments of the command."""
    encoders = Encoders(read_settings(IngestSettings).runtime())
    for space in encoders.spaces.values():
        if space.modality is Modality.VISION and encoders.has_weights(space):
            sys.argv += ["--spaces", space.key]


if __name__ == "__main__":
    name_visual_spaces()
    run(app)
