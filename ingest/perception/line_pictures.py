"""Lines of writing known again by their pictures, so that none is recognised twice.

A line that a terminal scrolled, or that stands on a slide shown again, has the same pixels at
another place, but for what compression does to them.
"""

import cv2
import numpy as np
import numpy.typing as npt

LinePicture = npt.NDArray[np.uint8]
"""A line in grey, cut close around its ink: uint8 [H, W]."""

_INK = 0.4
"""Of the greatest difference from the ground, what is ink: the place that was detected is a pixel
wider or narrower each time, its ink is not."""
_SHIFT_PX = 1
"""How far the ink's edges may be off."""
_SAME = 0.25
"""Of a line's contrast, the greatest difference of two pictures of it in any square of 3 pixels."""


def line_picture(upright: npt.NDArray[np.uint8]) -> LinePicture:
    """The picture by which an upright cut of a line, RGB uint8 [H, W, 3], is known again."""
    grey: LinePicture = cv2.cvtColor(upright, cv2.COLOR_RGB2GRAY)
    unlike = np.abs(grey.astype(np.int16) - int(np.median(grey)))
    ink = unlike > _INK * unlike.max()
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return grey
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()


def same_line(first: LinePicture, second: LinePicture) -> bool:
    """Whether two pictures are of the same line: no part of any letter differs."""
    height = min(first.shape[0], second.shape[0])
    width = min(first.shape[1], second.shape[1])
    if max(np.abs(np.subtract(first.shape, second.shape))) > _SHIFT_PX:
        return False
    allowed = _SAME * float(np.ptp(first))
    inner = np.s_[_SHIFT_PX : height - _SHIFT_PX, _SHIFT_PX : width - _SHIFT_PX]
    template = first[inner]
    if not template.size:
        return False
    at = cv2.matchTemplate(second[:height, :width], template, cv2.TM_SQDIFF)
    _, _, (left, top), _ = cv2.minMaxLoc(at)
    found = second[top : top + template.shape[0], left : left + template.shape[1]]
    unlike = cv2.boxFilter(cv2.absdiff(template, found), cv2.CV_32F, (3, 3))
    return bool(unlike.max() <= allowed)
