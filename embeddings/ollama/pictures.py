"""Pictures as a vision model is sent them: checked, and encoded anew."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image as Pillow

from embeddings.errors import InputRefused
from embeddings.pictures import Picture, decode_picture_text, rgb_of
from embeddings.remote_pictures import PictureSource

MAX_SIDE_PX = 2048
"""More than vision models look at."""
_QUALITY = 92


@dataclass(frozen=True)
class ImageInput:
    """One picture, by https, as base64 or a data URI, or as a Python program has it; or none, only
    a description."""

    image_url: str | None = None
    image_base64: str | None = None
    image: Picture | None = None
    description: str | None = None

    async def read(self, source: PictureSource) -> Picture | None:
        """The picture, fetched from the hosts of `source` if it is a URL. Raises InputRefused,
        PictureUnreadable, PictureNotFetched."""
        given = [
            each for each in (self.image_url, self.image_base64, self.image) if each is not None
        ]
        if len(given) > 1 or not (given or self.description):
            raise InputRefused("give one of image_url, image_base64 and image, or a description")
        if self.image_url is not None:
            return await source.fetch(self.image_url)
        return self.image if self.image_base64 is None else decode_picture_text(self.image_base64)


@dataclass(frozen=True)
class CheckedPicture:
    """A picture that was decoded: what a model is shown is made of its pixels alone."""

    given: Picture
    file: bytes
    """A JPEG of its pixels, upright, without what else the file held."""
    digest: str
    """SHA-256 of `file`."""


def checked(picture: Picture) -> CheckedPicture:
    """A picture decoded and encoded anew. Raises PictureUnreadable."""
    shown = Pillow.fromarray(rgb_of(picture))
    shown.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=_QUALITY)
    return CheckedPicture(picture, out.getvalue(), hashlib.sha256(out.getvalue()).hexdigest())
