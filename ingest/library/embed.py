"""The vectors of moments, in every space that takes them."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
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
    read_clips: Callable[[Sequence[Span]], Iterator[Clip]]

    def items(self, takes: Input, moments: Sequence[Embeddable]) -> Iterator[Any]:
        """The input of an encoder for each moment, as it is asked for: texts, RGB images, or clips
        from one reading of the video. Raises VideoUnreadable, and FileNotFoundError for a keyframe
        of which nothing can be read.
        """
        if takes is Input.TEXT:
            return (moment.text or "" for moment in moments)
        if takes is Input.IMAGE:
            return (self.read_keyframe(moment) for moment in moments)
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


def encode(encoders: Encoders, spaces: Sequence[Space], items: Iterable[Any]) -> dict[str, Vectors]:
    """The vectors of items in spaces that take them, float32 [n, dim] by space key."""
    items = list(items)
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
    for group in by_input(spaces).values():
        kinds = KINDS[group[0].input]
        chosen = [i for i, moment in enumerate(moments) if moment.kind in kinds]
        batches = _embed_batches([moments[i] for i in chosen], group, encoders, source, keep)
        for batch, found in batches:
            for key, rows in found.items():
                for i, row in zip(chosen[batch], rows, strict=True):
                    vectors[i][key] = row
    return [
        dataclasses.replace(moment, vectors=own)
        for moment, own in zip(moments, vectors, strict=True)
    ]


def _embed_batches(
    moments: Sequence[MomentRecord],
    spaces: Sequence[Space],
    encoders: Encoders,
    source: Source,
    keep: Callable[[str, Callable[[], Lists]], Lists],
) -> Iterator[tuple[slice, dict[str, Vectors]]]:
    """The vectors of moments in spaces that take the same input, batch by batch."""
    takes = spaces[0].input
    coming: Iterator[Any] | None = None

    def compute(batch: slice) -> dict[str, Vectors]:
        nonlocal coming
        if coming is None:  # the first batch that was not kept
            coming = source.items(takes, moments[batch.start :])
        return encode(encoders, spaces, islice(coming, batch.stop - batch.start))

    for start in range(0, len(moments), ITEMS_AT_ONCE[takes]):
        batch = slice(start, min(start + ITEMS_AT_ONCE[takes], len(moments)))
        if takes is Input.CLIP:
            name = "-".join(["clips", str(start), *(space.key for space in spaces)])
            yield batch, _kept(keep, name, partial(compute, batch))
        else:
            yield batch, compute(batch)


def _kept(
    keep: Callable[[str, Callable[[], Lists]], Lists],
    name: str,
    compute: Callable[[], dict[str, Vectors]],
) -> dict[str, Vectors]:
    lists = keep(name, lambda: {key: rows.tolist() for key, rows in compute().items()})
    return {key: np.asarray(rows, np.float32) for key, rows in lists.items()}
