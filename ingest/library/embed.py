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
from ingest.media.clips import FRAMES_PER_CLIP
from ingest.scenes.scene import Span, Timed

ITEMS_AT_ONCE = {Input.TEXT: 32, Input.DESCRIPTION: 32, Input.IMAGE: 32, Input.CLIP: 8}
"""Bounds the memory; clips are read from the video as many at a time."""

_TEXTS = (Input.TEXT, Input.DESCRIPTION)
_SAMPLE_ITEMS = {
    Input.TEXT: "a word",
    Input.DESCRIPTION: "a word",
    Input.IMAGE: np.full((64, 64, 3), 128, np.uint8),
    Input.CLIP: np.full((FRAMES_PER_CLIP, 64, 64, 3), 128, np.uint8),
}
"""What every model of that input can compute."""

Lists = dict[str, list[list[float]]]
"""Vectors of some moments by space key, as a checkpoint keeps them."""
Keep = Callable[[str, object, Callable[[], Lists]], Lists]
"""`keep(name, inputs, compute)` gives what a run that was cut off kept under the name, if it was
made from the same inputs; else it computes and keeps it."""


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
        if takes in _TEXTS:
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


def prove(encoders: Encoders, spaces: Sequence[Space]) -> None:
    """Loads the models of spaces and computes one vector in each; what that raises is a fault of
    the model, not of a moment."""
    for space in spaces:
        encoders.encode_items(space, [_SAMPLE_ITEMS[space.input]])


def embed_moments(
    moments: Sequence[MomentRecord],
    spaces: Sequence[Space],
    encoders: Encoders,
    source: Source,
    keep: Keep,
) -> list[MomentRecord]:
    """The moments of a video, each with its vectors in the spaces that take its kind.

    Clips take long, so their vectors are kept, batch by batch.
    """
    vectors: list[dict[str, Vectors]] = [{} for _ in moments]
    for takes, group in by_input(spaces).items():
        alike = _alike(takes, moments)
        firsts = [moments[own[0]] for own in alike]
        for batch, found in _embed_batches(firsts, group, encoders, source, keep):
            for key, rows in found.items():
                for own, row in zip(alike[batch], rows, strict=True):
                    for i in own:
                        vectors[i][key] = row
    return [
        dataclasses.replace(moment, vectors=own)
        for moment, own in zip(moments, vectors, strict=True)
    ]


def _alike(takes: Input, moments: Sequence[MomentRecord]) -> list[list[int]]:
    """The positions of the moments that an input is made of, those with the same one together: all
    scenes of a picture that stands still have one keyframe.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for i, moment in enumerate(moments):
        if moment.kind in KINDS[takes]:
            alike[_made_of(takes, moment)].append(i)
    return list(alike.values())


def _made_of(takes: Input, moment: MomentRecord) -> object:
    if takes is Input.CLIP:
        return moment.start_s, moment.end_s
    return moment.text if takes in _TEXTS else moment.image_path


def _embed_batches(
    moments: Sequence[MomentRecord],
    spaces: Sequence[Space],
    encoders: Encoders,
    source: Source,
    keep: Keep,
) -> Iterator[tuple[slice, dict[str, Vectors]]]:
    """The vectors of moments in spaces that take the same input, batch by batch."""
    takes = spaces[0].input
    coming: Iterator[Any] = iter(())
    coming_at = -1
    """The position of the moment whose input comes next."""

    def compute(batch: slice) -> dict[str, Vectors]:
        nonlocal coming, coming_at
        if coming_at != batch.start:  # those before it were kept
            coming = source.items(takes, moments[batch.start :])
        coming_at = batch.stop
        return encode(encoders, spaces, islice(coming, batch.stop - batch.start))

    for start in range(0, len(moments), ITEMS_AT_ONCE[takes]):
        batch = slice(start, min(start + ITEMS_AT_ONCE[takes], len(moments)))
        if takes is Input.CLIP:
            spans = [(float(m.start_s), float(m.end_s)) for m in moments[batch]]
            yield batch, _kept(keep, f"clips-{start}", (spaces, spans), partial(compute, batch))
        else:
            yield batch, compute(batch)


def _kept(
    keep: Keep, name: str, inputs: object, compute: Callable[[], dict[str, Vectors]]
) -> dict[str, Vectors]:
    lists = keep(name, inputs, lambda: {key: rows.tolist() for key, rows in compute().items()})
    return {key: np.asarray(rows, np.float32) for key, rows in lists.items()}
