"""Tiles of a picture, a few letters large, and those in which strokes may be writing."""

import cv2
import numpy as np
import numpy.typing as npt

from ingest.scenes.strokes import Mask, Signs

_TILE_PX = (12, 6)
"""Width and height of a tile in pictures of WIDTH_PX (ingest/scenes/strokes.py)."""
MIN_CHANGED = 15
"""Part of a tile's pixels, of 255, that are strokes which came or went: else it is noise."""
_MIN_CROSSED = 51
"""Part of a tile's pixels, of 255, that have another sign than the pixel to their left: a fifth.
Letters are crossed by a line of pixels again and again; contours of things once or twice."""
_IN_A_ROW = 3
"""So many tiles beside each other are, in a word."""


def tiles(mask: Mask) -> npt.NDArray[np.uint8]:
    """The part of each tile's pixels that are set, of 255: [rows, columns]."""
    height, width = mask.shape
    columns, rows = max(1, width // _TILE_PX[0]), max(1, height // _TILE_PX[1])
    if not mask.any():
        return np.zeros((rows, columns), np.uint8)
    share = mask.view(np.uint8) * np.uint8(255)
    return np.asarray(cv2.resize(share, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def pixels(tiles: Mask, shape: tuple[int, ...]) -> Mask:
    """The pixels of tiles, bool [h, w]."""
    size = shape[1], shape[0]
    whole = cv2.resize(tiles.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole, np.bool_)


def writing(signs: Signs) -> Mask:
    """The tiles in which strokes may be writing, bool [rows, columns]."""
    crossed = np.zeros(signs.shape, np.bool_)
    crossed[:, 1:] = signs[:, 1:] != signs[:, :-1]
    dense = (tiles(crossed) >= _MIN_CROSSED).view(np.uint8)
    opened = cv2.morphologyEx(dense, cv2.MORPH_OPEN, np.ones((1, _IN_A_ROW), np.uint8))
    return np.asarray(opened, np.bool_)
