"""Gradual transitions: dissolves, wipes and fades, over many frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2

from ingest.scenes.thumbnails import MIN_SHOT_S, Motion, Picture, difference, gain

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


@dataclass
class _Sample:
    """A thumbnail that is _STEP_S or more after the one before."""

    time_s: float
    picture: Picture
    contrast: float
    """Standard deviation of the grey picture."""
    step: tuple[float, float] | None = None
    """Residual and plain difference from the sample before (Motion); None until it is needed."""


@dataclass(frozen=True)
class _Transition:
    """A transition that may be real: of those that overlap, the strongest is told."""

    strength: float
    """Change from end to end beyond what both sides change by themselves."""
    middle_s: float
    end_s: float
    seen_s: float
    """When it was found: _CALM_S or more after its end."""


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
        self._motion = Motion()

    def cut_at(self, cut_s: float) -> list[float]:
        """The transition that a hard cut interrupts, if any: its middle in seconds.

        Nothing before the cut is compared with anything after it.
        """
        found = self.finish()
        self._forget_before(cut_s)
        return [middle_s for middle_s in found if middle_s < cut_s - MIN_SHOT_S]

    def finish(self) -> list[float]:
        """The transition that was not yet over when the last thumbnail was fed, if any."""
        best, self._best = self._best, None
        return [] if best is None else [best.middle_s]

    def feed(self, time_s: float, picture: Picture) -> list[float]:
        """Takes the next thumbnail; the middle of a transition that is over by now, if any."""
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
        """Transitions that end at the sample of _CALM_S ago, each stronger than the one before."""
        now_s = self._samples[-1].time_s
        end = self._calm_from(len(self._samples) - 1)
        last = self._samples[end]
        if last.contrast < _FLAT or now_s - last.time_s < 0.9 * _CALM_S:
            return
        unrest_after = max(difference(last.picture, s.picture) for s in self._samples[end + 1 :])
        strongest = 0.0
        for start in range(end - 2, 0, -1):
            first = self._samples[start]
            if last.time_s - first.time_s > _LONGEST_S:
                return
            change = difference(first.picture, last.picture)
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
        """The position of the newest sample _CALM_S before the one at `position`, or 0."""
        limit_s = self._samples[position].time_s - 0.95 * _CALM_S
        return next((i for i in range(position, -1, -1) if self._samples[i].time_s <= limit_s), 0)

    def _unrest_before(self, position: int) -> float:
        picture = self._samples[position].picture
        calm = self._samples[self._calm_from(position) : position]
        return max(difference(sample.picture, picture) for sample in calm)

    def _middle(self, start: int, end: int, change: float, unrest: float) -> float | None:
        """When the change from one sample to another is half done; None if it is no transition."""
        first, last = self._samples[start], self._samples[end]
        between = self._samples[start + 1 : end]
        if not is_other_picture(first.picture, last.picture, unrest):
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
                if difference(sample.picture, last.picture)
                < difference(sample.picture, first.picture)
            ),
            last.time_s,
        )

    def _straightness(self, start: int, end: int, change: float) -> float:
        """The change from end to end as part of the way in _LEGS legs, in (0, 1]."""
        stops = [start + (end - start) * leg // _LEGS for leg in range(_LEGS + 1)]
        pictures = [self._samples[stop].picture for stop in stops]
        return change / sum(difference(*leg) for leg in pairwise(pictures))

    def _unmoved(self, start: int, end: int) -> float:
        """The part of the steps from sample to sample that no motion explains, in [0, 1]."""
        rest, total = 0.0, 1e-6
        for before, after in pairwise(self._samples[start : end + 1]):
            if after.step is None:
                after.step = self._motion.residual(before.picture, after.picture)
            rest += after.step[0]
            total += after.step[1]
        return rest / total


def is_other_picture(first: Picture, last: Picture, unrest: float = 0.0) -> bool:
    """Whether two thumbnails are of two shots: not one in another light, not changed in parts.
    `unrest` is what either side changes by itself, in [0, 255].
    """
    changed = cv2.absdiff(first, last).max(axis=2) > max(_MIN_CHANGE, 2 * unrest)
    return float(changed.mean()) >= _MIN_COVERAGE and gain(first, last)[0] <= _MAX_LIKENESS
