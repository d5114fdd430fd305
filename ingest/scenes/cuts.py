"""Hard cuts: from one frame to the next, another picture."""

from collections import deque

from ingest.scenes.thumbnails import MIN_SHOT_S, Motion, Picture, difference, gain

_NEIGHBOURS = 2
_PEAK = 3.0
"""How far a cut stands out from the steps beside it; both as AdaptiveDetector of PySceneDetect."""
_MOST_RECENT = 256
"""Thumbnails kept; a bound that holds even where all times are the same, as in damaged files."""
_MIN_STEP = 10.0
"""Mean difference, of 255, across a cut."""
_RETURN = 0.5
"""A cut is none if a picture after it is this much nearer to one before it."""
_SAME_SHAPE = 0.9
_LIGHT = 0.4
"""A change of light keeps the shapes (correlation), and a gain explains all but this part."""
_MIN_UNMOVED = 0.4
"""Part of a cut's step that no motion explains; a camera that is knocked leaves less."""


class CutDetector:
    """Hard cuts: steps that stand out from their neighbours and are no flash, light or motion.

    A step is judged once MIN_SHOT_S have passed: after a flash the old picture comes back.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[float, Picture]] = deque(maxlen=_MOST_RECENT)
        self._steps: deque[tuple[float, float]] = deque(maxlen=2 * _NEIGHBOURS + 1)
        self._waiting: deque[float] = deque()
        self._motion = Motion()

    def feed(self, time_s: float, picture: Picture) -> list[float]:
        """Takes the next thumbnail; the times of the cuts that it makes certain, in order."""
        step = difference(self._recent[-1][1], picture) if self._recent else 0.0
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
        """The cuts that had still to be judged when the last thumbnail was fed."""
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
        nearest = min(difference(old, new) for old in before for new in after)
        if nearest < _RETURN * difference(before[-1], after[0]):
            return False
        correlation, rest = gain(before[0], after[-1])
        if correlation > _SAME_SHAPE and rest < _LIGHT:
            return False
        unmoved, step = self._motion.residual(before[-1], after[0])
        return unmoved >= _MIN_UNMOVED * step
