"""Where two pictures of one screen differ, so that only that is read."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from embeddings.encoder import Image
from ingest.scenes.picture import Box

SmallPicture = npt.NDArray[np.uint8]
"""Grey [h, w], a cell for some pixels."""

_SIDE_PX = 160
"""Of the longer side: a cell is half as high as letters that can be read."""
_UNLIKE = 20
"""Of 255: compression changes no cell so much, a letter does."""
_MOST = 0.5
"""Where so much differs, it is another picture."""


def small_picture(image: Image) -> SmallPicture:
    """A picture, RGB uint8 [H, W, 3], as it is compared."""
    scale = _SIDE_PX / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def differing_places(first: SmallPicture | None, second: SmallPicture) -> list[Box] | None:
    """Where the second picture differs from the first; None if it is another picture."""
    if first is None or first.shape != second.shape:
        return None
    unlike = (cv2.absdiff(first, second) > _UNLIKE).astype(np.uint8)
    if cv2.countNonZero(unlike) > _MOST * unlike.size:
        return None
    height, width = unlike.shape
    near = cv2.dilate(unlike, np.ones((3, 5), np.uint8))
    num_places, _, places, _ = cv2.connectedComponentsWithStats(near)
    return [
        (left / width, top / height, (left + across) / width, (top + down) / height)
        for left, top, across, down, _ in places[1:num_places].tolist()
    ]


def without(image: Image, boxes: Sequence[Box]) -> Image:
    """A picture with the ground around some lines in their place."""
    rest = image.copy()
    height, width = image.shape[:2]
    for left, top, right, bottom in boxes:
        rows = slice(max(0, round(top * height) - 2), round(bottom * height) + 2)
        columns = slice(max(0, round(left * width) - 2), round(right * width) + 2)
        place = rest[rows, columns]
        if place.size:
            place[:] = np.median(place, axis=(0, 1))
    return rest
