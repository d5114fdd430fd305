"""Strokes of a picture, of which writing is made, and for how long each has stood still."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
"""A picture [h, w]."""
Mask = npt.NDArray[np.bool_]
"""Pixels, or tiles, of a picture: [h, w]."""
Signs = npt.NDArray[np.int8]
"""The strokes of a picture, [h, w]: 1 in light ones, -1 in dark ones, 0 elsewhere."""

WIDTH_PX = 480
"""The longer side of the pictures in which strokes are looked for: letters that can be read at all
are 5 pixels high in them."""
_AROUND_PX = 11
_CONTRAST, _KEPT_CONTRAST = 14, 8
"""How much lighter or darker than what surrounds it a pixel of a stroke is, of 255; less is enough
to stay one, so that compression does not make strokes flicker."""


@dataclass(frozen=True)
class Strokes:
    """The strokes of one picture."""

    time_s: float
    signs: Signs
    since_s: npt.NDArray[np.float32]
    """[h, w]: when each pixel took the sign that it has."""

    def settled(self, for_s: float) -> Mask:
        """Pixels that have been what they are for so long, strokes or none."""
        return self.since_s <= np.float32(self.time_s - for_s)

    def standing(self, for_s: float) -> Mask:
        """Pixels of strokes that have been there for so long."""
        standing: Mask = (self.signs != 0) & self.settled(for_s)
        return standing

    def moving(self, for_s: float) -> float:
        """The part of the strokes that have not been there for so long, in [0, 1]."""
        num_strokes = cv2.countNonZero(self.signs)
        num_standing = cv2.countNonZero(self.standing(for_s).view(np.uint8))
        return 1 - num_standing / max(1, num_strokes)


def first_strokes(time_s: float, grey: Grey) -> Strokes:
    """The strokes of the first picture."""
    signs = _signs(grey, np.zeros(grey.shape, np.int8))
    return Strokes(time_s, signs, np.full(grey.shape, time_s, np.float32))


def next_strokes(before: Strokes, time_s: float, grey: Grey) -> Strokes:
    """The strokes of a picture that follows another of its size."""
    signs = _signs(grey, before.signs)
    other = signs != before.signs
    if not other.any():
        return Strokes(time_s, before.signs, before.since_s)
    since_s = before.since_s.copy()
    np.copyto(since_s, np.float32(time_s), where=other)
    return Strokes(time_s, signs, since_s)


def _signs(grey: Grey, before: Signs) -> Signs:
    around = cv2.blur(grey, (_AROUND_PX, _AROUND_PX), borderType=cv2.BORDER_REPLICATE)
    lighter, darker = cv2.subtract(grey, around), cv2.subtract(around, grey)
    light = (lighter > _CONTRAST) | ((lighter > _KEPT_CONTRAST) & (before > 0))
    dark = (darker > _CONTRAST) | ((darker > _KEPT_CONTRAST) & (before < 0))
    signs: Signs = light.view(np.int8) - dark.view(np.int8)
    return signs
