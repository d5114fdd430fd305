"""The picture of a query, or a part of it."""

import math
from dataclasses import dataclass

from embeddings.encoder import Image
from embeddings.errors import PictureUnreadable
from embeddings.pictures import FORMATS, read_picture
from embeddings.pixels import WHOLE, Part
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

    @property
    def part(self) -> Part:
        """Its edges."""
        return self.left, self.top, self.left + self.width, self.top + self.height


def read_query_picture(data: bytes, crop: Crop | None = None) -> Image:
    """A JPEG, PNG, WebP or BMP, or a part of it, as RGB uint8 [H, W, 3], turned upright and laid
    over white. Raises InvalidQuery."""
    part = crop.part if crop is not None else WHOLE
    try:
        return read_picture(data, QUERY_FORMATS, part, over_white=True)
    except PictureUnreadable as error:
        raise InvalidQuery(str(error)) from None
