"""A VideoMAE and a TimeSformer that know the motions of a disc."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForVideoClassification,
    TimesformerConfig,
    TimesformerForVideoClassification,
    VideoMAEConfig,
    VideoMAEForVideoClassification,
    VideoMAEImageProcessorPil,
)

from scripts.tiny.drawing import MOTIONS, draw_motion
from scripts.tiny.training import SIZE_PX, fit, normalised, spread_weights

LABELS = tuple(MOTIONS)
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
NUM_STEPS = 300
BATCH = 24
LEARNING_RATE = 1e-3


def train_videomae(folder: Path) -> float:
    """Save a VideoMAE in `folder`; returns the share of new drawings that it gets right."""
    model = VideoMAEForVideoClassification(VideoMAEConfig(num_frames=16, **ARCHITECTURE))
    processor = _processor(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    return _train(model, processor, folder)


def train_timesformer(folder: Path) -> float:
    """Save a TimeSformer in `folder`; returns the share of new drawings that it gets right."""
    model = TimesformerForVideoClassification(TimesformerConfig(num_frames=8, **ARCHITECTURE))
    processor = _processor(mean=[0.45, 0.45, 0.45], std=[0.225, 0.225, 0.225])
    return _train(model, processor, folder)


def _processor(mean: list[float], std: list[float]) -> Any:
    """As the big models have it: shorter edge to SIZE_PX, centre crop, their own mean and std."""
    return VideoMAEImageProcessorPil(
        size={"shortest_edge": SIZE_PX},
        crop_size={"height": SIZE_PX, "width": SIZE_PX},
        image_mean=mean,
        image_std=std,
    )


def _train(model: Any, processor: Any, folder: Path) -> float:
    rng = np.random.default_rng(0)

    def next_loss() -> torch.Tensor:
        labels = rng.integers(len(LABELS), size=BATCH)
        clips = [draw_motion(LABELS[i], model.config.num_frames, SIZE_PX, rng) for i in labels]
        pixels = normalised(np.stack(clips), processor)
        loss: torch.Tensor = model(pixel_values=pixels, labels=torch.from_numpy(labels)).loss
        return loss

    spread_weights(model)
    fit(model, next_loss, NUM_STEPS, LEARNING_RATE)
    for part in (model, processor):
        part.save_pretrained(folder)
    return _accuracy(folder)


@torch.inference_mode()
def _accuracy(folder: Path, num_each: int = 40, size_px: int = 96) -> float:
    """The share of new, larger drawings that the saved model and processor get right."""
    model = AutoModelForVideoClassification.from_pretrained(folder)
    processor = VideoMAEImageProcessorPil.from_pretrained(folder)
    rng = np.random.default_rng(1)
    num_right = 0
    for index, label in enumerate(LABELS):
        clips = [draw_motion(label, model.config.num_frames, size_px, rng) for _ in range(num_each)]
        pixels = processor([list(clip) for clip in clips], return_tensors="pt")
        num_right += int((model(**pixels).logits.argmax(-1) == index).sum())
    return num_right / (num_each * len(LABELS))
