"""python scripts/backfill_visual_embeddings.py [OPTIONS]: fills every visual space whose model is
here. The options are those of python -m ingest.backfill, such as --dry-run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embeddings.cli import fail, read_settings
from embeddings.errors import SceneseekError
from embeddings.loaded import Encoders
from embeddings.space import Modality
from ingest.backfill import app
from ingest.cli import run
from ingest.settings import IngestSettings


def visual_spaces() -> list[str]:
    """Their keys, as arguments of the command. Raises InvalidSettings, UnknownSpace."""
    encoders = Encoders(read_settings(IngestSettings).runtime())
    return [
        f"--spaces={space.key}"
        for space in encoders.spaces.values()
        if space.modality is Modality.VISION and encoders.has_weights(space)
    ]


if __name__ == "__main__":
    try:
        sys.argv += visual_spaces()
    except SceneseekError as error:
        fail(str(error), error.exit_code)
    run(app)
