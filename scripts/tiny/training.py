"""What the training of all tiny models has in common."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

SIZE_PX = 32
"""The side of the models' pictures."""
EMBEDDINGS = (
    "cls_token",
    "class_embedding",
    "position_embedding",
    "position_embeddings",
    "time_embeddings",
    "token_embedding",
)
"""Names of the parameters that are learned vectors and not weights of a layer."""


def spread_weights(model: Any) -> None:
    """Start a transformers model, always alike, so that it learns at once.

    transformers starts all weights near 0, from where so short a training hardly gets away.
    """
    generator = torch.Generator().manual_seed(0)
    for name, weights in model.named_parameters():
        if name.removesuffix(".weight").endswith(EMBEDDINGS):
            torch.nn.init.normal_(weights, std=0.2, generator=generator)
        elif weights.dim() > 1:
            torch.nn.init.xavier_uniform_(weights, generator=generator)


def fit(
    model: Any, next_loss: Callable[[], torch.Tensor], num_steps: int, learning_rate: float
) -> None:
    """Train `model` for `num_steps` batches, of each of which `next_loss` gives the loss."""
    optimiser = torch.optim.AdamW(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=learning_rate, total_steps=num_steps
    )
    model.train()
    for _ in range(num_steps):
        optimiser.zero_grad()
        next_loss().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimiser.step()
        schedule.step()
    model.eval()


def normalised(pictures: NDArray[np.uint8], processor: Any) -> torch.Tensor:
    """RGB [..., SIZE_PX, SIZE_PX, 3] to float32 [..., 3, SIZE_PX, SIZE_PX].

    The same as `processor` makes of them, which would take longer than the training.
    """
    mean, std = (torch.tensor(values) for values in (processor.image_mean, processor.image_std))
    return ((torch.from_numpy(pictures) / 255 - mean) / std).movedim(-1, -3)
