"""Each moment has the vectors of what it is made of, whatever a run that was cut off has kept."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.models import MomentKind
from database.videos.records import MomentRecord
from embeddings.encoder import Clip, Image, Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Space
from ingest.checkpoint import Checkpoint
from ingest.library.embed import Embeddable, Keep, Lists, Source, embed_moments
from ingest.scenes.scene import Span

CLIPS, IMAGES = SPACES["videomae-b"], SPACES["imagenet-concepts"]


class Counted:
    """Encoders and a video whose clips and keyframes are their times, and vectors likewise."""

    def __init__(self) -> None:
        self.num_items = 0
        self.num_readings = 0

    @property
    def source(self) -> Source:
        """What the moments are read from."""
        return Source(self._image, self._clips)

    def encode_items(self, _space: Space, items: Sequence[Any]) -> Vectors:
        self.num_items += len(items)
        return np.array([[float(item.flat[0])] for item in items], np.float32)

    def _image(self, moment: Embeddable) -> Image:
        return np.full((1, 1, 3), int(moment.image_path or 0), np.uint8)

    def _clips(self, spans: Sequence[Span]) -> Iterator[Clip]:
        self.num_readings += 1
        for span in spans:
            yield np.full((1, 1, 1, 3), span.start_s, np.uint8)


def spans(number: int) -> list[MomentRecord]:
    return [MomentRecord(n, MomentKind.SPAN, float(n), n + 1.0) for n in range(number)]


def vectors_of(
    moments: Sequence[MomentRecord],
    space: Space,
    counted: Counted,
    keep: Keep,
) -> list[float]:
    encoders = cast(Encoders, counted)
    embedded = embed_moments(moments, [space], encoders, counted.source, keep)
    return [float(moment.vectors[space.key][0]) for moment in embedded]


@given(st.sets(st.integers(0, 5)))
def test_clips_between_those_that_were_kept_are_their_own(lost: set[int]) -> None:
    kept: dict[str, Lists] = {}

    def keep(name: str, _inputs: object, compute: Callable[[], Lists]) -> Lists:
        return kept[name] if name in kept else kept.setdefault(name, compute())

    moments = spans(45)
    starts = [moment.start_s for moment in moments]
    assert vectors_of(moments, CLIPS, Counted(), keep) == starts
    names = list(kept)
    assert len(names) == 6
    for number in lost:
        del kept[names[number]]
    again = Counted()
    assert vectors_of(moments, CLIPS, again, keep) == starts
    assert again.num_readings <= len(lost)
    assert again.num_items == sum(8 if number < 5 else 5 for number in lost)


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    checkpoint = Checkpoint(tmp_path, "a-b-c")
    return lambda name, inputs, compute: checkpoint.stage(name, Lists, compute, inputs=inputs)


def test_clips_that_were_kept_of_other_times_are_read_again(
    keep: Keep,
) -> None:
    first = spans(20)
    vectors_of(first, CLIPS, Counted(), keep)
    counted = Counted()
    vectors_of(first, CLIPS, counted, keep)
    assert counted.num_items == 0
    later = [dataclasses.replace(m, start_s=m.start_s + 1, end_s=m.end_s + 1) for m in first]
    assert vectors_of(later, CLIPS, counted, keep) == [m.start_s for m in later]


def test_clips_that_another_model_has_embedded_are_embedded_again(
    keep: Keep,
) -> None:
    vectors_of(spans(5), CLIPS, Counted(), keep)
    weights = dataclasses.replace(CLIPS.weights, revision="another")
    counted = Counted()
    vectors_of(spans(5), dataclasses.replace(CLIPS, weights=weights), counted, keep)
    assert counted.num_items == 5


def test_a_keyframe_of_many_scenes_is_embedded_once(
    keep: Keep,
) -> None:
    shown = [0, 1, 1, 1, 2, 1, *range(3, 90)]
    moments = [
        MomentRecord(n, MomentKind.KEYFRAME, float(n), n + 1.0, image_path=str(image))
        for n, image in enumerate(shown)
    ]
    counted = Counted()
    assert vectors_of(moments, IMAGES, counted, keep) == shown
    assert counted.num_items == 90
