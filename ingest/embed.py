"""Moments to vectors, in every space of the profile."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from database.models import MomentKind
from database.records import MomentRecord
from embeddings.encoder import Image
from embeddings.service import EmbeddingService
from embeddings.space import Input, Space

_ITEMS_AT_ONCE = 32


def read_image(path: Path) -> Image:
    """A JPEG of ours as RGB uint8 [H, W, 3]."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"the keyframe {path} is gone or damaged")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def embed_moments(
    moments: Sequence[MomentRecord],
    spaces: Sequence[Space],
    service: EmbeddingService,
    media: Path,
) -> list[MomentRecord]:
    """The moments with their vectors; keyframes are read from the folder `media`, a few at a
    time."""
    embedded = list(moments)
    for space in spaces:
        chosen = [i for i, moment in enumerate(embedded) if _takes(space, moment)]
        for start in range(0, len(chosen), _ITEMS_AT_ONCE):
            batch = chosen[start : start + _ITEMS_AT_ONCE]
            items = [_item(space, embedded[i], media) for i in batch]
            for i, vector in zip(batch, service.encode_items(space, items), strict=True):
                moment = embedded[i]
                embedded[i] = dataclasses.replace(
                    moment, vectors={**moment.vectors, space.key: vector}
                )
    return embedded


def _takes(space: Space, moment: MomentRecord) -> bool:
    return (moment.kind is MomentKind.KEYFRAME) == (space.input is Input.IMAGE)


def _item(space: Space, moment: MomentRecord, media: Path) -> str | Image:
    if space.input is Input.TEXT:
        return moment.text or ""
    return read_image(media / Path(moment.image_path or "").name)
