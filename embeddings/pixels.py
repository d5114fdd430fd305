"""A picture's pixels as RGB, in bounded memory, however large it is.

Encoders look at a few hundred pixels a side: a large picture is made smaller as it is decoded,
where its format can (JPEG), or strip by strip right after. Large ones are decoded one by one.
"""

import math
import struct
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image as Pillow

from embeddings.encoder import Image
from embeddings.errors import PicturesWait

MAX_PIXELS = 50_000_000
ENOUGH_PX = 1024
"""Of a square's side, more than any encoder looks at; a picture of four times as many pixels as
that, or more, is reduced."""
Part = tuple[float, float, float, float]
"""Left, top, right and bottom, from 0 to 1, of a picture that is upright."""
WHOLE: Part = (0.0, 0.0, 1.0, 1.0)
_SCALABLE = ("JPEG", "MPO")
_STRIP_PIXELS = 1_000_000
_PATIENCE_S = 10.0
"""For room, as long as a person waits: a picture that waits holds a place where others would."""
_WHITE = (255, 255, 255)
_ORIENTATION = 0x0112
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the EXIF orientation."""
_LYING = (5, 6, 7, 8)
"""Orientations in which width and height are exchanged."""
_FROM_RIGHT, _FROM_BELOW = (2, 3, 7, 8), (3, 4, 6, 7)
"""Orientations in which what is stored goes from right to left, or upwards."""
_BY_WAY_OF = {"La": "LA", "RGBa": "RGBA", "P": "RGBA", "PA": "RGBA"}
"""Modes that cannot be made RGB at once, or not without a warning."""


class _Room:
    """The pixels that may be decoded at the same time; who needs more waits, and who comes later
    waits behind: large pictures would have no turn otherwise while small ones come."""

    def __init__(self, num_pixels: int) -> None:
        self._free = num_pixels
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def of(self, num_pixels: int) -> Iterator[None]:
        """Raises PicturesWait if there is no room within _PATIENCE_S."""
        with self._changed:
            self._take(num_pixels)
        try:
            yield
        finally:
            with self._changed:
                self._free += num_pixels
                self._changed.notify_all()

    def _take(self, num_pixels: int) -> None:
        ticket = object()
        self._waiting.append(ticket)
        try:
            if not self._changed.wait_for(
                lambda: self._waiting[0] is ticket and self._free >= num_pixels, _PATIENCE_S
            ):
                raise PicturesWait
            self._free -= num_pixels
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()


_ROOM = _Room(MAX_PIXELS)
_WARNINGS = threading.Lock()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silences Pillow, one thread at a time: the filters are those of the whole process."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def to_rgb(picture: Pillow.Image, part: Part = WHOLE, *, over_white: bool = False) -> Image:
    """A part of a picture within MAX_PIXELS, turned upright: uint8 [H, W, 3], about as large as a
    square of ENOUGH_PX if it is larger than a few of them.

    What is transparent shows the colour that is stored, as models were trained, or white, as people
    see it. Raises what Pillow raises for damaged files.
    """
    with _ROOM.of(picture.width * picture.height):
        if picture.format not in _SCALABLE:
            picture.load()  # a PNG may tell its orientation after its pixels
        orientation = _orientation(picture)
        part = _as_stored(part, orientation)
        _ask_for_less(picture, part)
        picture.load()
        small = _reduced(picture, _box(picture, part), over_white=over_white)
    turn = _TURNS.get(orientation)
    return np.asarray(small if turn is None else small.transpose(turn), np.uint8)


def _ask_for_less(picture: Pillow.Image, part: Part) -> None:
    """Has a JPEG decoded at a half, quarter or eighth of its size, if that is enough."""
    factor = _factor(_box(picture, part))
    if factor > 1 and picture.format in _SCALABLE:
        smaller = (max(1, picture.width // factor), max(1, picture.height // factor))
        picture.draft(None, smaller)


def _box(picture: Pillow.Image, part: Part) -> tuple[int, int, int, int]:
    """The pixels of a part, one at least."""
    left = min(int(part[0] * picture.width), picture.width - 1)
    top = min(int(part[1] * picture.height), picture.height - 1)
    right = min(max(left + 1, round(part[2] * picture.width)), picture.width)
    bottom = min(max(top + 1, round(part[3] * picture.height)), picture.height)
    return left, top, right, bottom


def _factor(box: tuple[int, int, int, int]) -> int:
    return max(1, math.isqrt((box[2] - box[0]) * (box[3] - box[1])) // ENOUGH_PX)


def _reduced(
    picture: Pillow.Image, box: tuple[int, int, int, int], *, over_white: bool
) -> Pillow.Image:
    """A box of a decoded picture as RGB, each pixel the mean of a square."""
    left, top, right, bottom = box
    factor = _factor(box)
    if factor == 1:
        return _strip(picture.crop(box), over_white=over_white)
    made = Pillow.new("RGB", (-(-(right - left) // factor), -(-(bottom - top) // factor)))
    rows = factor * max(1, _STRIP_PIXELS // (factor * (right - left)))
    for start in range(top, bottom, rows):
        strip = picture.crop((left, start, right, min(start + rows, bottom)))
        made.paste(
            _strip(strip, over_white=over_white).reduce(factor), (0, (start - top) // factor)
        )
    return made


def _strip(picture: Pillow.Image, *, over_white: bool) -> Pillow.Image:
    """A few rows as RGB."""
    if picture.mode.startswith("I;16"):
        return Pillow.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if over_white and picture.has_transparency_data:
        shown = picture.convert("RGBA")
        below = Pillow.new("RGBA", shown.size, (*_WHITE, 255))
        return Pillow.alpha_composite(below, shown).convert("RGB")
    if picture.mode in _BY_WAY_OF:
        picture = picture.convert(_BY_WAY_OF[picture.mode])
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _orientation(picture: Pillow.Image) -> int:
    """As the EXIF says; what cannot be made out there is upright."""
    try:
        with no_warnings():
            found = picture.getexif().get(_ORIENTATION)
    except (AttributeError, KeyError, SyntaxError, TypeError, ValueError, struct.error):
        return 1
    return found if isinstance(found, int) else 1


def _as_stored(part: Part, orientation: int) -> Part:
    """Where a part of the upright picture lies in what is stored."""
    left, top, right, bottom = part
    if orientation in _LYING:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _FROM_RIGHT:
        left, right = 1 - right, 1 - left
    if orientation in _FROM_BELOW:
        top, bottom = 1 - bottom, 1 - top
    return left, top, right, bottom
