"""Where scenes begin and end, from small frames, while the video is being decoded."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode
from scenedetect.common import Timecode

MIN_SCENE_S = 0.3
MAX_SCENE_S = 30.0
"""A take that reaches this length is split; its pieces are at least half as long."""

_SMALL_SPAN_S = 0.5
"""A gradual transition is looked for between the pictures this long before and after."""
_MIN_CHANGE = 25.0
"""Mean difference, of 255, between the two ends of a gradual transition."""
_MAX_RESIDUAL = 0.2
"""How far the middle of a dissolve may be from the mean of its ends, as a part of the change."""
_STEP_S = 0.08


class SceneDetector:
    """Cuts by PySceneDetect's AdaptiveDetector; dissolves and fades by their own shape.

    Feed frames in order; cuts are told as soon as they are certain. With `sparse` frames, seconds
    apart, any two neighbours that differ much have a cut between them (ContentDetector).
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction, *, sparse: bool = False) -> None:
        self._time_base = time_base
        self._frame_rate = frame_rate
        self._cuts = (
            ContentDetector(min_scene_len=MIN_SCENE_S)
            if sparse
            else AdaptiveDetector(min_scene_len=MIN_SCENE_S)
        )
        self._gradual = None if sparse else GradualDetector()
        self._last_cut_s = float("-inf")

    def feed(self, pts: int, image: npt.NDArray[np.uint8]) -> list[float]:
        """A small BGR frame [h, w, 3] at `pts`; the times of cuts known by now, in seconds of
        the stream's own clock."""
        timecode = FrameTimecode(Timecode(pts, self._time_base), fps=self._frame_rate)
        cuts = [float(cut.seconds) for cut in self._cuts.process_frame(timecode, image)]
        if self._gradual is not None:
            for cut in cuts:
                self._gradual.forget_before(cut)
            gradual = self._gradual.feed(float(pts * self._time_base), image)
            # A cut that was found inside a dissolve stands for the dissolve.
            cuts += [cut for cut in gradual if cut - self._last_cut_s > 2 * _SMALL_SPAN_S]
        certain = []
        for cut in sorted(cuts):
            if cut - self._last_cut_s >= MIN_SCENE_S:
                self._last_cut_s = cut
                certain.append(cut)
        return certain


@dataclass(frozen=True)
class _Sample:
    time_s: float
    picture: npt.NDArray[np.float32]


class GradualDetector:
    """Dissolves and fades, which change no two neighbouring frames much.

    Half-way through a dissolve the picture is the mean of what stands before and after it; a
    moving camera gives no such mean. Half-way through a fade it is one flat colour.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._best: tuple[float, float] | None = None
        """(change, time) of the transition that is going on."""

    def forget_before(self, cut_s: float) -> None:
        """A hard cut: nothing before it may be compared with anything after it."""
        while self._samples and self._samples[0].time_s < cut_s:
            self._samples.popleft()
        self._best = None

    def feed(self, time_s: float, image: npt.NDArray[np.uint8]) -> list[float]:
        """A small BGR frame; the time of a transition whose middle has passed, if any."""
        if self._samples and time_s - self._samples[-1].time_s < _STEP_S:
            return []
        rows = np.linspace(0, image.shape[0] - 1, 18).astype(int)
        columns = np.linspace(0, image.shape[1] - 1, 32).astype(int)
        self._samples.append(_Sample(time_s, image[rows][:, columns].astype(np.float32)))
        while time_s - self._samples[0].time_s > 2 * _SMALL_SPAN_S + _STEP_S:
            self._samples.popleft()
        if time_s - self._samples[0].time_s < 2 * _SMALL_SPAN_S - _STEP_S:
            return []
        change, middle_s = self._transition()
        if change > 0 and (self._best is None or change > self._best[0]):
            self._best = (change, middle_s)
        if self._best is not None and middle_s - self._best[1] > _SMALL_SPAN_S:
            found = self._best[1]
            self._best = None
            return [found]
        return []

    def _transition(self) -> tuple[float, float]:
        """(change, time) of the middle of the window; change 0 where there is no transition."""
        before, after = self._samples[0].picture, self._samples[-1].picture
        middle = self._samples[len(self._samples) // 2]
        change = float(np.abs(before - after).mean())
        residual = float(np.abs(middle.picture - (before + after) / 2).mean())
        flat = float(middle.picture.std()) < 0.25 * min(float(before.std()), float(after.std()))
        gradual = residual < _MAX_RESIDUAL * change or flat
        return (change if gradual and change > _MIN_CHANGE else 0.0), middle.time_s


def equal_parts(start_s: float, end_s: float, longest_s: float) -> list[tuple[float, float]]:
    """[start_s, end_s) in equal parts of at most `longest_s`."""
    pieces = max(1, int(np.ceil((end_s - start_s) / longest_s)))
    edges = np.linspace(start_s, end_s, pieces + 1).tolist()
    return list(pairwise(edges))


def scenes_at_pauses(
    duration_s: float, speech: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Scenes for a recording without pictures: cut in the longest pauses, so that none is longer
    than MAX_SCENE_S unless somebody speaks longer without one."""
    scenes: list[tuple[float, float]] = []
    start_s = 0.0
    while duration_s - start_s > MAX_SCENE_S:
        pauses = [
            (later[0] - earlier[1], (earlier[1] + later[0]) / 2)
            for earlier, later in pairwise(speech)
        ]
        allowed = [p for p in pauses if start_s + MAX_SCENE_S / 4 < p[1] <= start_s + MAX_SCENE_S]
        cut_s = max(allowed)[1] if allowed else start_s + MAX_SCENE_S
        scenes.append((start_s, cut_s))
        start_s = cut_s
    scenes.append((start_s, duration_s))
    return scenes


def scene_of(scenes: list[tuple[float, float]], start_s: float, end_s: float) -> int:
    """The scene that [start_s, end_s) overlaps most; the nearest one if it overlaps none."""

    def overlap(index: int) -> float:
        scene = scenes[index]
        return min(end_s, scene[1]) - max(start_s, scene[0])

    return max(range(len(scenes)), key=lambda index: (overlap(index), -index))
