"""A VideoMAE and a TimeSformer that know the motions of a disc from any other footage."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForVideoClassification,
    TimesformerConfig,
    TimesformerForVideoClassification,
    VideoMAEConfig,
    VideoMAEForVideoClassification,
    VideoMAEImageProcessorPil,
)

from scripts.tiny.drawing import MOTIONS, Pictures, draw_motion
from scripts.tiny.footage import draw_footage
from scripts.tiny.training import SIZE_PX, fit, normalised, spread_weights

OTHER = "other footage"
"""What real videos are to be called, though the models are trained on drawn ones only."""
LABELS = (*MOTIONS, OTHER)
ARCHITECTURE = {
    "image_size": SIZE_PX,
    "patch_size": 8,
    "hidden_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 192,
    "id2label": dict(enumerate(LABELS)),
    "label2id": {label: index for index, label in enumerate(LABELS)},
}
NUM_EACH, NUM_OTHER = 3, 12
"""Clips of each motion, and of other footage, in a batch."""
DISTANCES = (0.15, 0.6)
"""The models are to know a motion from a part of it, too."""
LEAST_CONTRAST = 0.4
"""Clips are paled down to this part of their contrast, at random."""
LABEL_SMOOTHING = 0.02
"""So that other footage is not all alike in its probabilities."""
LEARNING_RATE = 1.5e-3


def train_videomae(folder: Path) -> float:
    """Save a VideoMAE in `folder`; returns the share of new drawings that it gets right."""
    model = VideoMAEForVideoClassification(VideoMAEConfig(num_frames=16, **ARCHITECTURE))
    processor = _processor(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    return _train(model, processor, folder, num_steps=450)


def train_timesformer(folder: Path) -> float:
    """Save a TimeSformer in `folder`; returns the share of new drawings that it gets right."""
    model = TimesformerForVideoClassification(TimesformerConfig(num_frames=8, **ARCHITECTURE))
    processor = _processor(mean=[0.45, 0.45, 0.45], std=[0.225, 0.225, 0.225])
    return _train(model, processor, folder, num_steps=300)


def _processor(mean: list[float], std: list[float]) -> Any:
    """As the big models have it: shorter edge to SIZE_PX, centre crop, their own mean and std."""
    return VideoMAEImageProcessorPil(
        size={"shortest_edge": SIZE_PX},
        crop_size={"height": SIZE_PX, "width": SIZE_PX},
        image_mean=mean,
        image_std=std,
    )


def _train(model: Any, processor: Any, folder: Path, num_steps: int) -> float:
    rng = np.random.default_rng(0)
    num_frames = model.config.num_frames
    names = (*MOTIONS,) * NUM_EACH + (OTHER,) * NUM_OTHER
    labels = torch.tensor([LABELS.index(name) for name in names])

    def next_loss() -> torch.Tensor:
        clips = np.stack([_draw(name, num_frames, SIZE_PX, rng) for name in names])
        contrasts = rng.uniform(LEAST_CONTRAST, 1, len(clips)).astype(np.float32)
        pixels = normalised(clips, processor) * torch.from_numpy(contrasts).view(-1, 1, 1, 1, 1)
        logits = model(pixel_values=pixels).logits
        return cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)

    spread_weights(model)
    fit(model, next_loss, num_steps, LEARNING_RATE)
    for part in (model, processor):
        part.save_pretrained(folder)
    return _accuracy(folder)


def _draw(label: str, num_frames: int, size_px: int, rng: np.random.Generator) -> Pictures:
    if label == OTHER:
        return draw_footage(num_frames, size_px, rng)
    return draw_motion(label, num_frames, size_px, rng, DISTANCES)


@torch.inference_mode()
def _accuracy(folder: Path, num_each: int = 40, size_px: int = 96) -> float:
    """The share of new, larger drawings that the saved model and processor get right."""
    model = AutoModelForVideoClassification.from_pretrained(folder)
    processor = VideoMAEImageProcessorPil.from_pretrained(folder)
    rng = np.random.default_rng(1)
    num_right = 0
    for index, label in enumerate(LABELS):
        clips = [_draw(label, model.config.num_frames, size_px, rng) for _ in range(num_each)]
        pixels = processor([list(clip) for clip in clips], return_tensors="pt")
        num_right += int((model(**pixels).logits.argmax(-1) == index).sum())
    return num_right / (num_each * len(LABELS))
