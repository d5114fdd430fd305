"""The rate of a film as an exact fraction: what is declared is believed only as far as the stamps
of frames agree, which containers round to milliseconds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

_COMMON = tuple(
    Fraction(whole * 1000, per)
    for whole in (24, 25, 30, 48, 50, 60, 100, 120, 240, 15, 12, 10, 20, 5)
    for per in (1000, 1001)
    if per == 1000 or whole in (15, 24, 30, 48, 60, 120, 240)
)
"""What cameras, editors and screen recorders make."""
_NEAR = 0.12
"""A rate is looked for so near to the measured one: frames may be missing."""
_SAME = 0.01
"""What is declared tells 30 from 29.97 for a short film, if it is so near to what is measured."""
_ROUNDED_S = 0.00105
"""Containers that count milliseconds round twice, at both ends of a step."""
_SHAKEN = 0.25
"""Of a frame: cameras that stamp frames when they have them are no more off than this."""
_ON_TIME, _FOLLOWING = 0.98, 0.9
"""Parts of the frames that have to lie where the rate says, and right behind another."""

_FEW = 5
"""A run so many times shorter than the longest says nothing: after a seek the first frames lack
others that they were shown between."""


@dataclass(frozen=True)
class Run:
    """The stamps of frames that follow each other, in any order."""

    stamps: Sequence[int]
    time_base: Fraction

    @property
    def times_s(self) -> list[float]:
        """In order of time."""
        return [float(stamp * self.time_base) for stamp in sorted(self.stamps)]


def rate_of(runs: Iterable[Run], declared: Sequence[Fraction]) -> Fraction | None:
    """Frames per second; None if they vary so much that there is no one rate."""
    known = [(run.times_s, run.time_base) for run in runs if len(run.stamps) > 2]
    known = [(times, base) for times, base in known if times[-1] > times[0]]
    if not known:
        return None
    longest = max(len(times) for times, _ in known)
    known = [(times, base) for times, base in known if len(times) * _FEW > longest]
    measured = median((len(times) - 1) / (times[-1] - times[0]) for times, _ in known)
    told = (float(rate) for rate in declared if abs(rate / measured - 1) < _SAME)
    expected = next(told, measured)
    common = [rate for rate in _COMMON if abs(rate / measured - 1) < _NEAR]
    common.sort(key=lambda rate: abs(float(rate) - expected))
    runs_s = [times for times, _ in known]
    rounded_s = max(_ROUNDED_S, *(1.05 * float(base) for _, base in known))
    for rate in (*common, *declared):
        if _fits(runs_s, rate, rounded_s):
            return rate
    return next((rate for rate in common if _fits(runs_s, rate, float(_SHAKEN / rate))), None)


def _fits(runs_s: Sequence[Sequence[float]], rate: Fraction, off_s: float) -> bool:
    """Whether frames lie where a rate has them, and none is missing but now and then, as at the
    ends of runs."""
    most = min(off_s * float(rate), _SHAKEN)
    num_frames = num_on_time = num_following = 0
    for times_s in runs_s:
        frames = [(time_s - times_s[0]) * float(rate) for time_s in times_s]
        phase = median(frame - round(frame) for frame in frames)
        numbers = [round(frame - phase) for frame in frames]
        both = zip(frames, numbers, strict=True)
        num_on_time += sum(abs(frame - phase - number) <= most for frame, number in both)
        num_following += sum(after - before == 1 for before, after in pairwise(numbers))
        num_frames += len(frames)
    num_steps = num_frames - len(runs_s)
    return num_on_time >= _ON_TIME * num_frames and num_following >= _FOLLOWING * num_steps
