"""Writing that scrolls: rolling credits up or down the picture, tickers along a band of it."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.scenes.picture import Box
from ingest.scenes.strokes import Signs
from ingest.scenes.tiles import writing

_STEP_S = 0.4
"""Pictures so far apart are compared: what scrolls slowly moves by less than a pixel in a tenth."""
_MAX_SHIFT = 0.4
"""Part of the height, or width, by which it may move in that time."""
_NUM_BANDS = 12
"""Bands of the picture, one below the other, each of which may scroll sideways by itself."""
_MIN_STROKES = 0.02
"""Part of the pixels that are strokes, of what may be scrolling."""
_MIN_SAME = 0.45
"""Part of the strokes that are where others were before, all moved by as much."""
_MIN_BETTER = 0.15
"""By so much more than without having moved."""
_NUM_PEAKS = 6
"""Distances that are tried: those at which the rows have most strokes in common."""
_READ_EVERY = 0.25
"""It is read when it has moved by this part of the picture's height or width."""
_FORGOTTEN_S = 8.0
"""What was not read for so long is read as soon as it has moved twice."""
_READ_AGAIN_S = 1.0
"""It is read again after so long at the earliest: cameras that pan are no tickers."""


@dataclass(frozen=True)
class Scrolled:
    """A part of the picture that has moved on since it was read."""

    box: Box
    since_s: float
    """Half-way from when it was read, or stood still, to now."""


@dataclass
class _Band:
    """What may scroll as a whole."""

    moved: float = 0.0
    """Since it was read, as a part of the picture's side; 0 while it does not move."""
    read_s: float = -math.inf
    stood_s: float = -math.inf
    """When it did not move: a terminal stands between the lines that come."""

    def move(self, part: float, time_s: float) -> float | None:
        """When what it shows now came, if it is to be read. `part` is how far it moved just now."""
        if not part:
            self.stood_s = time_s
        begins = not self.moved or part * self.moved < 0
        self.moved = part if begins else self.moved + part
        waits = abs(self.moved) < _READ_EVERY and time_s - self.read_s < _FORGOTTEN_S
        if not part or begins or waits or time_s - self.read_s < _READ_AGAIN_S:
            return None
        since_s = max(time_s - _FORGOTTEN_S, (max(self.read_s, self.stood_s) + time_s) / 2)
        self.moved, self.read_s = math.copysign(1e-6, part), time_s
        return since_s


class Scrolling:
    """What scrolls in a film; the strokes of its pictures are fed in order of time."""

    def __init__(self) -> None:
        self._before: tuple[float, Signs] | None = None
        self._whole = _Band()
        self._bands = [_Band() for _ in range(_NUM_BANDS)]

    def feed(self, time_s: float, signs: Signs) -> list[Scrolled]:
        """Takes the strokes of a picture; the places that are to be read now."""
        if self._before is None or self._before[1].shape != signs.shape:
            self._before = time_s, signs
            return []
        before_s, before = self._before
        if time_s - before_s < _STEP_S:
            return []
        self._before = time_s, signs
        written = writing(signs)
        if not written.any():
            return []
        down = _shift(before, signs, 0)
        since_s = self._whole.move(down, time_s)
        if since_s is not None:
            return [Scrolled((0.0, 0.0, 1.0, 1.0), since_s)]
        if down:
            return []
        scrolled = []
        for number, band in enumerate(self._bands):
            rows = _rows(number, len(signs))
            is_writing = written[_rows(number, len(written))].any()
            moved = _shift(before[rows], signs[rows], 1) if is_writing else 0.0
            since_s = band.move(moved, time_s)
            if since_s is not None:
                top, bottom = (number - 0.5) / _NUM_BANDS, (number + 1.5) / _NUM_BANDS
                scrolled.append(Scrolled((0.0, max(0.0, top), 1.0, min(1.0, bottom)), since_s))
        return scrolled


def _rows(band: int, num_rows: int) -> slice:
    """The rows of a picture that are in a band."""
    return slice(band * num_rows // _NUM_BANDS, (band + 1) * num_rows // _NUM_BANDS)


def _shift(before: Signs, now: Signs, axis: int) -> float:
    """How far strokes have moved along an axis, as a part of its length; 0 if they have not moved
    as a whole.
    """
    length = now.shape[axis]
    if np.count_nonzero(now) < _MIN_STROKES * now.size:
        return 0.0
    least = max(_MIN_SAME, _same(before, now, 0, axis) + _MIN_BETTER)
    if least > 1:
        return 0.0
    first, second = (_profile(signs, axis) for signs in (before, now))
    products = np.correlate(second, first, "full")
    most = int(_MAX_SHIFT * length)
    near = products[length - 1 - most : length + most]
    # Lines are alike at every distance between two of them: the letters decide.
    peaks = 1 + np.flatnonzero((near[1:-1] > near[:-2]) & (near[1:-1] >= near[2:]))
    best = peaks[np.argsort(near[peaks])[-_NUM_PEAKS:]] - most
    moved = [int(shift) for shift in best if abs(shift) >= 2]
    tried = ((_same(before, now, shift, axis), shift) for shift in moved)
    same, shift = max(tried, default=(0.0, 0))
    return shift / length if same >= least else 0.0


def _profile(signs: Signs, axis: int) -> npt.NDArray[np.float32]:
    """How many strokes each row (axis 0) or column has more than the mean of all."""
    strokes = (signs != 0).view(np.uint8)
    profile = cv2.reduce(strokes, 1 - axis, cv2.REDUCE_SUM, dtype=cv2.CV_32F).ravel()
    return np.asarray(profile - profile.mean(), np.float32)


def _same(before: Signs, now: Signs, shift: int, axis: int) -> float:
    """The part of the strokes that are as those before were, `shift` rows or columns earlier."""
    length = now.shape[axis]
    earlier = slice(max(0, -shift), length - max(0, shift))
    later = slice(max(0, shift), length - max(0, -shift))
    if axis == 0:
        old, new = before[earlier], now[later]
    else:
        old, new = before[:, earlier], now[:, later]
    strokes = new != 0
    num_strokes = np.count_nonzero(strokes)
    strokes &= old == new
    return int(np.count_nonzero(strokes)) / max(1, int(num_strokes))
