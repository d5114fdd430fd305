"""The tiny models of scripts/train_tiny_models.py, as spaces; trained once, then kept."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np

from embeddings.encoder import Vectors
from embeddings.registry.families import image_text, video_classifier, vision_language
from embeddings.space import Space
from embeddings.weights.hub import HubWeights
from scripts.tiny.drawing import MOTIONS, draw_motion, draw_shape
from tests.helpers.commands import ROOT
from tests.helpers.media import Picture

FOLDER = ROOT / ".tiny-models"
CLIP = image_text("tiny-clip", 64, HubWeights("tiny-clip", "local"))
VIDEOMAE_LABELS, VIDEOMAE = video_classifier(
    "tiny-videomae", "action", 96, HubWeights("tiny-videomae", "local")
)
TIMESFORMER_LABELS, TIMESFORMER = video_classifier(
    "tiny-timesformer", "temporal", 96, HubWeights("tiny-timesformer", "local")
)
VLM = vision_language("tiny-vlm", 64, HubWeights("tiny-vlm", "local"))
SPACES: tuple[Space, ...] = (
    CLIP,
    VIDEOMAE_LABELS,
    VIDEOMAE,
    TIMESFORMER_LABELS,
    TIMESFORMER,
)
"""Of the models that `tiny_models` gives."""
THINGS = [("red", "circle"), ("blue", "square"), ("green", "triangle"), ("yellow", "square")]
"""Colours and shapes of `drawings`."""


@cache
def tiny_models() -> Path:
    """The folder that holds those of SPACES; training takes minutes, once."""
    return _trained(FOLDER, "tiny-clip", "tiny-videomae", "tiny-timesformer")


@cache
def tiny_vlm() -> Path:
    """The folder that holds that of VLM; training takes half a minute, once."""
    return _trained(FOLDER / "vlm", "tiny-vlm")


def _trained(folder: Path, *names: str) -> Path:
    script = ROOT / "scripts" / "train_tiny_models.py"
    subprocess.run([sys.executable, script, folder, *names], check=True, capture_output=True)
    return folder


def drawings() -> list[Picture]:
    """A drawing of each of THINGS, which the CLIP model knows."""
    rng = np.random.default_rng(7)
    return [draw_shape(colour, shape, 120, rng) for colour, shape in THINGS]


def motions() -> list[Picture]:
    """A clip [16, 120, 120, 3] of each of MOTIONS, which the video models know."""
    rng = np.random.default_rng(7)
    return [draw_motion(name, 16, 120, rng) for name in MOTIONS]


def cosines(ours: Vectors, theirs: Vectors) -> Vectors:
    """Of the rows of two arrays [n, dim], one by one."""
    return (ours * theirs).sum(axis=1)
