"""The picture of a query, or a part of it."""

import math
from dataclasses import dataclass

import numpy as np

from embeddings.encoder import Image
from embeddings.errors import PictureUnreadable
from embeddings.pictures import FORMATS, read_picture
from search.errors import InvalidQuery

QUERY_FORMATS = (*FORMATS, "BMP")


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


def read_query_picture(data: bytes, crop: Crop | None = None) -> Image:
    """A JPEG, PNG, WebP or BMP as RGB uint8 [H, W, 3], turned upright. Raises InvalidQuery."""
    try:
        picture = read_picture(data, QUERY_FORMATS)
    except PictureUnreadable as error:
        raise InvalidQuery(str(error)) from None
    if crop is None:
        return picture
    height, width, _ = picture.shape
    left = min(int(crop.left * width), width - 1)
    top = min(int(crop.top * height), height - 1)
    right = max(left + 1, round((crop.left + crop.width) * width))
    bottom = max(top + 1, round((crop.top + crop.height) * height))
    return np.ascontiguousarray(picture[top:bottom, left:right])
