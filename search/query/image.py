"""The picture of a query: its size is checked before it is decoded; turned upright, cropped."""

import io
import math
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from embeddings.encoder import Image
from search.errors import InvalidQuery

MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
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


@dataclass(frozen=True)
class Crop:
    """A part of a picture: its left top corner and its size, as parts of width and height."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """LEFT,TOP,WIDTH,HEIGHT. Raises InvalidQuery."""
        try:
            crop = cls(*map(float, text.split(",")))
        except (ValueError, TypeError):
            raise InvalidQuery(
                "a crop is LEFT,TOP,WIDTH,HEIGHT, each a part of the picture, such as 0.25,0,0.5,1"
            ) from None
        edges = (crop.left, crop.top, crop.width, crop.height)
        inside = crop.left + crop.width <= 1 + 1e-6 and crop.top + crop.height <= 1 + 1e-6
        positive = min(crop.left, crop.top) >= 0 and min(crop.width, crop.height) > 0
        if not (all(map(math.isfinite, edges)) and inside and positive):
            raise InvalidQuery("the crop must lie within the picture, whose sides are 1")
        return crop


def _upright(picture: Pillow.Image) -> Pillow.Image:
    """Turned as its EXIF says; what cannot be made out there is left as it is."""
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except (AttributeError, KeyError, SyntaxError, TypeError, ValueError, struct.error):
        return picture
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return picture.transpose(turn) if turn is not None else picture


def read_picture(data: bytes, crop: Crop | None = None) -> Image:
    """A JPEG, PNG, WebP or BMP as RGB uint8 [H, W, 3], turned upright. Raises InvalidQuery."""
    if len(data) > MAX_PICTURE_BYTES:
        raise InvalidQuery(f"the picture is larger than {MAX_PICTURE_BYTES // 2**20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked here
            picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidQuery(f"the picture has more than {MAX_PIXELS:,} pixels")
            upright = _upright(picture).convert("RGB")
    except UnidentifiedImageError:
        raise InvalidQuery(
            f"this is no picture that can be read: send {', '.join(FORMATS)}"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombError) as error:
        raise InvalidQuery(f"the picture is damaged: {error}") from None
    if crop is not None:
        width, height = upright.size
        left = min(int(crop.left * width), width - 1)
        top = min(int(crop.top * height), height - 1)
        right = max(left + 1, round((crop.left + crop.width) * width))
        bottom = max(top + 1, round((crop.top + crop.height) * height))
        upright = upright.crop((left, top, min(right, width), min(bottom, height)))
    return np.asarray(upright, np.uint8)
