"""Scenes and other spans of a recording: intervals of its time, and which of them lies where."""

import math
from bisect import bisect_left, bisect_right
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


def scenes_at_pauses(whole: Span, speech: Sequence[Timed]) -> list[Scene]:
    """The scenes of a time in which no picture changes: cut in the middle of the longest pauses of
    what is said, which comes in the order in which it begins.

    None is longer than MAX_SCENE_S; somebody who speaks on without a pause is cut there.
    """
    lengths, middles = _pauses(speech)
    scenes: list[Scene] = []
    start_s = whole.start_s
    while whole.end_s - start_s > MAX_SCENE_S:
        first = bisect_right(middles, start_s + MAX_SCENE_S / 4)
        end = bisect_right(middles, start_s + MAX_SCENE_S, lo=first)
        cut_s = start_s + MAX_SCENE_S
        if first < end:
            cut_s = max(zip(lengths[first:end], middles[first:end], strict=True))[1]
        scenes.append(Scene(start_s, cut_s))
        start_s = cut_s
    scenes.append(Scene(start_s, whole.end_s))
    return scenes


def _pauses(speech: Sequence[Timed]) -> tuple[list[float], list[float]]:
    """The lengths and middles of the pauses in which nobody speaks, on whatever track."""
    lengths, middles = [], []
    end_s = math.inf
    for said in speech:
        if said.start_s >= end_s:
            lengths.append(said.start_s - end_s)
            middles.append((end_s + said.start_s) / 2)
        end_s = said.end_s if end_s == math.inf else max(end_s, said.end_s)
    return lengths, middles


def scene_at(scenes: Sequence[Scene], time_s: float) -> int:
    """The position of the scene in which a time lies, of those that follow each other; the nearest
    if it lies in none.
    """
    return max(0, bisect_right(scenes, time_s, key=lambda scene: scene.start_s) - 1)


def scenes_over(scenes: Sequence[Scene], start_s: float, end_s: float) -> range:
    """The positions of the scenes that [start_s, end_s) touches, the ones before and after it where
    it only meets them, of those that follow each other; the nearest if it touches none.
    """
    first = bisect_left(scenes, start_s, key=lambda scene: scene.end_s)
    return range(min(first, len(scenes) - 1), scene_at(scenes, end_s) + 1)


def scene_of(scenes: Sequence[Scene], start_s: float, end_s: float) -> int:
    """The position of the scene that [start_s, end_s) overlaps most; the nearest if none does."""

    def overlap_s(position: int) -> float:
        scene = scenes[position]
        return min(end_s, scene.end_s) - max(start_s, scene.start_s)

    touched = scenes_over(scenes, start_s, end_s)
    return max(touched, key=lambda position: (overlap_s(position), -position))
