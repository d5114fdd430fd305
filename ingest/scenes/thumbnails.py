"""Thumbnails of decoded frames, and how two of them differ: what both detectors compare."""

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""BGR [h, w, 3]."""

MIN_SHOT_S = 0.3
"""What is shown for less is a flash, not a shot."""

HELD_S = 1.5
"""A picture that nothing follows for so long is held: a slide, or a screen on which nothing moves.
Cameras that send few pictures send one a second, and what they show between two may be one move."""

_SAME, _SAME_IN_DETAIL = 16.0, 32.0
"""Of 255: less than this in every cell is noise or compression; a line of text is more. Measured:
compression 4 and 14 in 99 of 100 steps of a still picture; a digit on a page 21 and 78."""

_THUMBNAIL, _DETAIL = (48, 27), (96, 54)
"""Cells are averaged, so neither noise nor the hue of a dark picture looks like a change."""


def thumbnail(image: Picture) -> Picture:
    """A frame's cells, averaged: BGR uint8 [27, 48, 3]."""
    return np.asarray(cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)


def difference(first: Picture, second: Picture) -> float:
    """The mean absolute difference of two thumbnails, in [0, 255]."""
    return float(cv2.norm(first, second, cv2.NORM_L1)) / first.size


def is_still(first: Picture, second: Picture) -> bool:
    """Whether two thumbnails show one picture that stands still: no cell has changed much."""
    return cv2.norm(first, second, cv2.NORM_INF) < _SAME


def is_same(first: Picture, second: Picture) -> bool:
    """Whether two frames, small, show the same, to a digit: as is_still, in smaller cells."""
    before, after = (cv2.resize(p, _DETAIL, interpolation=cv2.INTER_AREA) for p in (first, second))
    return cv2.norm(before, after, cv2.NORM_INF) < _SAME_IN_DETAIL


def gain(first: Picture, second: Picture) -> tuple[float, float]:
    """(correlation, rest) of two thumbnails in grey: how alike their shapes are, in [-1, 1], and
    the part of their difference that is left when a least-squares gain and offset have made the
    first as light and as contrasting as the second.
    """
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


class Motion:
    """Dense optical flow between thumbnails (Kroeger et al., Fast Optical Flow using Dense Inverse
    Search, ECCV 2016).
    """

    def __init__(self) -> None:
        width, height = _THUMBNAIL
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        self._places = np.stack([columns, rows], axis=-1).astype(np.float32)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def residual(self, first: Picture, second: Picture) -> tuple[float, float]:
        """(compensated, plain): the difference in grey after the flow has moved the first onto the
        second, and without that, each in [0, 255].
        """
        before, after = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (first, second))
        source = self._places + self._flow.calc(after, before, None)
        moved = cv2.remap(before, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return difference(moved, after), difference(before, after)
