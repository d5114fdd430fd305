"""The vectors of moments, in every space that takes them."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from database.spaces.coverage import KINDS
from database.videos.records import MomentRecord
from embeddings.encoder import Clip, Image, Vectors
from embeddings.loaded import Encoders
from embeddings.space import Input, Space
from ingest.scenes.scene import Span, Timed

ITEMS_AT_ONCE = {Input.TEXT: 32, Input.IMAGE: 32, Input.CLIP: 8}
"""Bounds the memory; clips are read from the video as many at a time."""

Lists = dict[str, list[list[float]]]
"""Vectors of some moments by space key, as a checkpoint keeps them."""


class Embeddable(Timed, Protocol):
    """A moment, stored or to be stored, with what its vectors are made of."""

    @property
    def text(self) -> str | None: ...
    @property
    def image_path(self) -> str | None: ...


@dataclass(frozen=True)
class Source:
    """Where the pictures of one video's moments are read from."""

    read_keyframe: Callable[[Embeddable], Image]
    read_clips: Callable[[Sequence[Span]], list[Clip]]

    def items(self, takes: Input, moments: Sequence[Embeddable]) -> list[Any]:
        """The input of an encoder for each moment: texts, RGB images or clips. Raises
        VideoUnreadable, and FileNotFoundError for a keyframe of which nothing can be read.
        """
        if takes is Input.TEXT:
            return [moment.text or "" for moment in moments]
        if takes is Input.IMAGE:
            return [self.read_keyframe(moment) for moment in moments]
        return self.read_clips([Span(moment.start_s, moment.end_s) for moment in moments])


def read_image(path: Path) -> Image:
    """A keyframe as RGB uint8 [H, W, 3]. Raises FileNotFoundError if it is gone or damaged."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"the keyframe {path} is gone or damaged")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def by_input(spaces: Iterable[Space]) -> dict[Input, list[Space]]:
    """Spaces grouped by what they take, so that what is read once serves all of a group."""
    groups: dict[Input, list[Space]] = defaultdict(list)
    for space in spaces:
        groups[space.input].append(space)
    return dict(groups)


def encode(
    encoders: Encoders, spaces: Sequence[Space], source: Source, moments: Sequence[Embeddable]
) -> dict[str, Vectors]:
    """The vectors of moments in spaces of one input, float32 [n, dim] by space key."""
    items = source.items(spaces[0].input, moments)
    return {space.key: encoders.encode_items(space, items) for space in spaces}


def embed_moments(
    moments: Sequence[MomentRecord],
    spaces: Sequence[Space],
    encoders: Encoders,
    source: Source,
    keep: Callable[[str, Callable[[], Lists]], Lists],
) -> list[MomentRecord]:
    """The moments of a video, each with its vectors in the spaces that take its kind.

    Clips take long: `keep(name, compute)` gives what was kept under the name by a run that was cut
    off, or computes and keeps it.
    """
    vectors: list[dict[str, Vectors]] = [{} for _ in moments]
    for takes, group in by_input(spaces).items():
        chosen = [i for i, moment in enumerate(moments) if moment.kind in KINDS[takes]]
        for start in range(0, len(chosen), ITEMS_AT_ONCE[takes]):
            batch = chosen[start : start + ITEMS_AT_ONCE[takes]]
            compute = partial(encode, encoders, group, source, [moments[i] for i in batch])
            if takes is Input.CLIP:
                name = "-".join(["clips", str(start), *(space.key for space in group)])
                found = _kept(keep, name, compute)
            else:
                found = compute()
            for key, rows in found.items():
                for i, row in zip(batch, rows, strict=True):
                    vectors[i][key] = row
    return [
        dataclasses.replace(moment, vectors=own)
        for moment, own in zip(moments, vectors, strict=True)
    ]


def _kept(
    keep: Callable[[str, Callable[[], Lists]], Lists],
    name: str,
    compute: Callable[[], dict[str, Vectors]],
) -> dict[str, Vectors]:
    lists = keep(name, lambda: {key: rows.tolist() for key, rows in compute().items()})
    return {key: np.asarray(rows, np.float32) for key, rows in lists.items()}
