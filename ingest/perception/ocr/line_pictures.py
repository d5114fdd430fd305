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
"""Of a line's contrast, the greatest difference of any pixel in two pictures of one line. Of 2,560
pairs of lines 8 to 40 pixels high that differ in one character (1.2 and 1.3, 5 and 6, O and 0, a
stop and a comma) 16 passed for the same, mostly stops in letters of 8 pixels; 94 % of the lines
that moved were known again.
"""


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
    if max(np.abs(np.subtract(first.shape, second.shape))) > _SHIFT_PX:
        return False
    height, width = np.maximum(first.shape, second.shape)
    template = _widened(first, height, width, 0)
    around = _widened(second, height, width, _SHIFT_PX)
    _, _, (left, top), _ = cv2.minMaxLoc(cv2.matchTemplate(around, template, cv2.TM_SQDIFF))
    unlike = cv2.absdiff(template, around[top : top + height, left : left + width])
    return bool(unlike.max() <= _SAME * np.ptp(first))


def _widened(picture: LinePicture, height: int, width: int, margin: int) -> LinePicture:
    """A picture with its edges repeated, up to a size and a margin all around that."""
    lower, right = height - picture.shape[0] + margin, width - picture.shape[1] + margin
    widened: LinePicture = cv2.copyMakeBorder(
        picture, margin, lower, margin, right, cv2.BORDER_REPLICATE
    )
    return widened
