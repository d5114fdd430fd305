"""Scenes and other spans of a recording: intervals of its time, and which of them lies where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, Self

import numpy as np

MAX_SCENE_S = 30.0
"""A take that reaches this length is split; its pieces are at least half as long."""


class Timed(Protocol):
    """Anything that begins and ends, in seconds of the recording."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


@dataclass(frozen=True)
class Span:
    """[start_s, end_s) in seconds of the recording; it may be empty.

    Raises ValueError for times that are not finite, and for an end before the start.
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not -math.inf < self.start_s <= self.end_s < math.inf:
            raise ValueError(f"[{self.start_s}, {self.end_s}) is no span of time")

    def parts(self, longest_s: float) -> list[Self]:
        """The span in equal parts of at most `longest_s`, each beginning where the last ends."""
        num_parts = max(1, int(np.ceil((self.end_s - self.start_s) / longest_s)))
        edges = np.linspace(self.start_s, self.end_s, num_parts + 1).tolist()
        return [type(self)(start_s, end_s) for start_s, end_s in pairwise(edges)]


class Scene(Span):
    """The span between two cuts, or a part of a long take."""


def scenes_at_pauses(duration_s: float, speech: Sequence[Timed]) -> list[Scene]:
    """The scenes of a recording without pictures: cut in the middle of the longest pauses.

    None is longer than MAX_SCENE_S; somebody who speaks on without a pause is cut there.
    """
    scenes: list[Scene] = []
    pauses = [
        (later.start_s - earlier.end_s, (earlier.end_s + later.start_s) / 2)
        for earlier, later in pairwise(speech)
    ]
    start_s = 0.0
    while duration_s - start_s > MAX_SCENE_S:
        allowed = [p for p in pauses if start_s + MAX_SCENE_S / 4 < p[1] <= start_s + MAX_SCENE_S]
        cut_s = max(allowed)[1] if allowed else start_s + MAX_SCENE_S
        scenes.append(Scene(start_s, cut_s))
        start_s = cut_s
    scenes.append(Scene(start_s, duration_s))
    return scenes


def scene_of(scenes: Sequence[Scene], start_s: float, end_s: float) -> int:
    """The position of the scene that [start_s, end_s) overlaps most; the nearest if none does."""

    def overlap_s(position: int) -> float:
        scene = scenes[position]
        return min(end_s, scene.end_s) - max(start_s, scene.start_s)

    return max(range(len(scenes)), key=lambda position: (overlap_s(position), -position))
