"""The tiny models of scripts/train_tiny_models.py, as spaces; trained once, then kept."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from embeddings.registry.families import image_text, video_classifier
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from tests.helpers.commands import ROOT

FOLDER = ROOT / ".tiny-models"
CLIP = image_text("tiny-clip", 64, HubWeights("tiny-clip", "local"))
VIDEOMAE_LABELS, VIDEOMAE = video_classifier(
    "tiny-videomae", "action", 96, HubWeights("tiny-videomae", "local")
)
TIMESFORMER_LABELS, TIMESFORMER = video_classifier(
    "tiny-timesformer", "temporal", 96, HubWeights("tiny-timesformer", "local")
)
SPACES: tuple[Space, ...] = (
    CLIP,
    VIDEOMAE_LABELS,
    VIDEOMAE,
    TIMESFORMER_LABELS,
    TIMESFORMER,
)


@cache
def tiny_models() -> Path:
    """The folder that holds them; training takes minutes, once."""
    script = ROOT / "scripts" / "train_tiny_models.py"
    subprocess.run([sys.executable, script, FOLDER], check=True, capture_output=True)
    return FOLDER
