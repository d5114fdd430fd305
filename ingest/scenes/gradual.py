"""Cuts and gradual transitions between shots, in thumbnails of a video that is being decoded."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

MIN_SHOT_S = 0.3
"""What is shown for less is a flash, not a shot."""

_THUMBNAIL = (48, 27)
"""Cells are averaged, so neither noise nor the hue of a dark picture looks like a change."""
_NEIGHBOURS = 2
_PEAK = 3.0
"""How far a cut stands out from the steps beside it; both as AdaptiveDetector of PySceneDetect."""
_MOST_RECENT = 256
_MIN_STEP = 10.0
"""Mean difference, of 255, across a cut."""
_RETURN = 0.5
"""A cut is none if a picture after it is this much nearer to one before it."""
_SAME_SHAPE = 0.9
_LIGHT = 0.4
"""A change of light keeps the shapes (correlation), and a gain explains all but this part."""

_MIN_UNMOVED = 0.4
"""Part of a cut's step that no motion explains; a camera that is knocked leaves less."""

_STEP_S = 0.08
"""Between the thumbnails of which a gradual transition is looked for."""
_LONGEST_S = 3.0
_CALM_S = 0.4
"""A gradual transition is judged against how much each side changes by itself in this time."""
_MIN_CHANGE = 12.0
"""Mean difference, of 255, across a gradual transition; also of a cell that counts as changed."""
_MAX_UNREST = 0.5
"""What either side may change by itself, as part of the change across."""
_MAX_LIKENESS = 0.6
"""Correlation of two shots; two unrelated pictures seldom have more."""
_MIN_COVERAGE = 0.75
"""Part of the picture that is another afterwards. Things that move or appear leave more."""
_LEGS = 3
_MIN_STRAIGHT_AND_UNMOVED = 1.1
"""The way from end to end as part of the way in _LEGS legs, plus the part of the small steps
that no motion explains: each is 1 for a dissolve or wipe between stills."""
_FLAT = 4.0
"""Standard deviation of a picture of one colour: it belongs to a fade, not to a shot."""
_FLATTER = 0.25
"""So much of the contrast of both sides is left in the middle of a fade."""
_BETTER = 1.03
"""Of transitions of like strength the shorter and earlier one is meant."""
_SETTLED_S = 1.0
"""A transition is over when no stronger one has ended for this long."""


def thumbnail(image: Picture) -> Picture:
    """[27, 48, 3]"""
    return np.asarray(cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)


def _difference(first: Picture, second: Picture) -> float:
    """Mean absolute, of 255."""
    return float(cv2.norm(first, second, cv2.NORM_L1)) / first.size


def _gain(first: Picture, second: Picture) -> tuple[float, float]:
    """The correlation of two grey pictures, and the part of their difference that remains when
    the first has been made as light and as contrasting as the second."""
    before, after = (
        cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (first, second)
    )
    change = float(np.abs(after - before).mean())
    before -= before.mean()
    after -= after.mean()
    product, power = float((before * after).sum()), float((before * before).sum())
    correlation = product / max(1e-6, (power * float((after * after).sum())) ** 0.5)
    rest = float(np.abs(after - product / max(power, 1e-6) * before).mean())
    return correlation, rest / max(change, 1e-6)


class _Motion:
    """Dense optical flow between thumbnails (Kroeger et al., Fast Optical Flow using Dense Inverse
    Search, ECCV 2016)."""

    def __init__(self) -> None:
        width, height = _THUMBNAIL
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        self._places = np.stack([columns, rows], axis=-1).astype(np.float32)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def rest(self, first: Picture, second: Picture) -> tuple[float, float]:
        """How they differ after the first was moved to look like the second, and without that."""
        before, after = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (first, second))
        source = self._places + self._flow.calc(after, before, None)
        moved = cv2.remap(before, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return _difference(moved, after), _difference(before, after)


class CutDetector:
    """Hard cuts: steps that stand out from their neighbours and are no flash, light or motion.

    A step is judged once MIN_SHOT_S have passed: after a flash the old picture comes back.
    """

    def __init__(self) -> None:
        # Bounded even where all times are the same, as in damaged files.
        self._recent: deque[tuple[float, Picture]] = deque(maxlen=_MOST_RECENT)
        self._steps: deque[tuple[float, float]] = deque(maxlen=2 * _NEIGHBOURS + 1)
        self._waiting: deque[float] = deque()
        self._motion = _Motion()

    def feed(self, time_s: float, picture: Picture) -> list[float]:
        """The next thumbnail; the times of the cuts that are certain by now."""
        step = _difference(self._recent[-1][1], picture) if self._recent else 0.0
        self._recent.append((time_s, picture))
        self._steps.append((time_s, step))
        if len(self._steps) == self._steps.maxlen:
            middle_s, peak = self._steps[_NEIGHBOURS]
            beside = (sum(step for _, step in self._steps) - peak) / (2 * _NEIGHBOURS)
            if peak >= max(_MIN_STEP, _PEAK * beside):
                self._waiting.append(middle_s)
        cuts = self._judge(time_s - MIN_SHOT_S)
        while time_s - self._recent[0][0] > 3 * MIN_SHOT_S and len(self._recent) > 2:
            self._recent.popleft()
        return cuts

    def finish(self) -> list[float]:
        """The cuts that had still to be judged, after the last picture."""
        return self._judge(float("inf"))

    def _judge(self, until_s: float) -> list[float]:
        cuts = []
        while self._waiting and self._waiting[0] <= until_s:
            cut_s = self._waiting.popleft()
            if self._is_cut(cut_s):
                cuts.append(cut_s)
        return cuts

    def _is_cut(self, cut_s: float) -> bool:
        before = [p for t, p in self._recent if cut_s - MIN_SHOT_S <= t < cut_s]
        after = [p for t, p in self._recent if cut_s <= t < cut_s + MIN_SHOT_S]
        if not before or not after:
            return True
        nearest = min(_difference(old, new) for old in before for new in after)
        if nearest < _RETURN * _difference(before[-1], after[0]):
            return False
        correlation, rest = _gain(before[0], after[-1])
        if correlation > _SAME_SHAPE and rest < _LIGHT:
            return False
        unmoved, step = self._motion.rest(before[-1], after[0])
        return unmoved >= _MIN_UNMOVED * step


@dataclass
class _Sample:
    time_s: float
    picture: Picture
    contrast: float
    """Standard deviation of the grey picture."""
    step: tuple[float, float] | None = None
    """How it differs from the sample before, without motion and with it; when first needed."""


@dataclass(frozen=True)
class _Transition:
    strength: float
    """Change from end to end beyond what both sides change by themselves."""
    middle_s: float
    end_s: float
    seen_s: float


class GradualDetector:
    """Dissolves, wipes and fades, which change no two neighbouring frames much.

    Before and after a transition the picture is at rest, compared with the change across. The
    change covers the picture and takes the straight way: a pixel goes from its old value to its
    new one, at once (wipe) or by and by (dissolve), while a camera brings other values between
    by steps that motion explains. A fade goes by one flat colour.
    """

    def __init__(self) -> None:
        self._samples: list[_Sample] = []
        self._best: _Transition | None = None
        self._motion = _Motion()

    def cut_at(self, cut_s: float) -> list[float]:
        """A hard cut: nothing before it may be compared with anything after it. The transition
        that was going on before it."""
        found = self.finish()
        self._forget_before(cut_s)
        return [middle_s for middle_s in found if middle_s < cut_s - MIN_SHOT_S]

    def finish(self) -> list[float]:
        """The transition that was still going on at the end."""
        best, self._best = self._best, None
        return [] if best is None else [best.middle_s]

    def feed(self, time_s: float, picture: Picture) -> list[float]:
        """The next thumbnail; the time of a transition that is over, if any."""
        # A little early is near enough: times are rounded.
        if self._samples and time_s - self._samples[-1].time_s < 0.9 * _STEP_S:
            return []
        contrast = float(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).std())
        self._samples.append(_Sample(time_s, picture, contrast))
        self._forget_before(time_s - _LONGEST_S - 2 * _CALM_S - _STEP_S)
        for found in self._ending_now():
            if self._best is None or found.strength > _BETTER * self._best.strength:
                self._best = found
        if self._best is None or time_s - self._best.seen_s < _SETTLED_S:
            return []
        self._forget_before(self._best.end_s)
        return self.finish()

    def _forget_before(self, time_s: float) -> None:
        self._samples = [sample for sample in self._samples if sample.time_s >= time_s]

    def _ending_now(self) -> Iterator[_Transition]:
        """Transitions, each stronger than the one before, to the picture of _CALM_S ago."""
        now_s = self._samples[-1].time_s
        end = self._calm_from(len(self._samples) - 1)
        last = self._samples[end]
        if last.contrast < _FLAT or now_s - last.time_s < 0.9 * _CALM_S:
            return
        unrest_after = max(_difference(last.picture, s.picture) for s in self._samples[end + 1 :])
        strongest = 0.0
        for start in range(end - 2, 0, -1):
            first = self._samples[start]
            if last.time_s - first.time_s > _LONGEST_S:
                return
            change = _difference(first.picture, last.picture)
            if change < max(_MIN_CHANGE, unrest_after / _MAX_UNREST) or first.contrast < _FLAT:
                continue
            unrest = max(unrest_after, self._unrest_before(start))
            strength = change - unrest
            if unrest > _MAX_UNREST * change or strength <= _BETTER * strongest:
                continue
            middle_s = self._middle(start, end, change, unrest)
            if middle_s is not None:
                strongest = strength
                yield _Transition(strength, middle_s, last.time_s, now_s)

    def _calm_from(self, position: int) -> int:
        """The newest sample that is _CALM_S before the one at `position`, or the oldest."""
        limit_s = self._samples[position].time_s - 0.95 * _CALM_S
        return next((i for i in range(position, -1, -1) if self._samples[i].time_s <= limit_s), 0)

    def _unrest_before(self, position: int) -> float:
        picture = self._samples[position].picture
        calm = self._samples[self._calm_from(position) : position]
        return max(_difference(sample.picture, picture) for sample in calm)

    def _middle(self, start: int, end: int, change: float, unrest: float) -> float | None:
        """When one shot has half become the other; None if the change is no transition."""
        first, last = self._samples[start], self._samples[end]
        between = self._samples[start + 1 : end]
        if not _is_other_picture(first.picture, last.picture, unrest):
            return None
        limit = _FLATTER * min(first.contrast, last.contrast)
        flat = [sample.time_s for sample in between if sample.contrast < limit]
        if flat:
            return sum(flat) / len(flat)
        evidence = self._straightness(start, end, change) + self._unmoved(start, end)
        if evidence < _MIN_STRAIGHT_AND_UNMOVED:
            return None
        return next(
            (
                sample.time_s
                for sample in between
                if _difference(sample.picture, last.picture)
                < _difference(sample.picture, first.picture)
            ),
            last.time_s,
        )

    def _straightness(self, start: int, end: int, change: float) -> float:
        stops = [start + (end - start) * leg // _LEGS for leg in range(_LEGS + 1)]
        pictures = [self._samples[stop].picture for stop in stops]
        return change / sum(_difference(*leg) for leg in pairwise(pictures))

    def _unmoved(self, start: int, end: int) -> float:
        """The part of the steps from sample to sample that no motion explains."""
        rest, total = 0.0, 1e-6
        for before, after in pairwise(self._samples[start : end + 1]):
            if after.step is None:
                after.step = self._motion.rest(before.picture, after.picture)
            rest += after.step[0]
            total += after.step[1]
        return rest / total


def _is_other_picture(first: Picture, last: Picture, unrest: float) -> bool:
    """Neither the same in another light nor changed only in parts."""
    changed = cv2.absdiff(first, last).max(axis=2) > max(_MIN_CHANGE, 2 * unrest)
    return float(changed.mean()) >= _MIN_COVERAGE and _gain(first, last)[0] <= _MAX_LIKENESS
