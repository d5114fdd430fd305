"""Pictures from outside as RGB: size checked before pixels are decoded, turned upright.

One rule for files, PIL images and arrays: colours are what is stored, and how transparent they are
is left out, as in `convert("RGB")` and so in what models were trained on. Only a picture that
people search with is laid over white, as they see it. Of an animation it is the first picture.
"""

import binascii
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from embeddings.encoder import Image
from embeddings.errors import PictureUnreadable
from embeddings.pixels import MAX_PIXELS, WHOLE, Part, no_warnings, to_rgb

Picture = Pillow.Image | npt.NDArray[np.uint8] | bytes
"""What Python programs have: a PIL image, an array of pixels, or a file's bytes."""
MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_SCANNED_PIXELS = 100 * MAX_PIXELS
"""Pixels times scans of a JPEG. Programs make about 10 scans; a file of 1 MB may hold 30,000, each
of which takes the time of the whole picture."""
FORMATS = ("JPEG", "PNG", "WEBP")
_DATA_URI = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE | re.ASCII)
_MAX_CHARACTERS = 4 * ((MAX_PICTURE_BYTES + 2) // 3)
_LOOKED_AT = 4096


def read_picture(
    data: bytes,
    formats: tuple[str, ...] = FORMATS,
    part: Part = WHOLE,
    *,
    over_white: bool = False,
) -> Image:
    """A part of a file as RGB uint8 [H, W, 3], turned upright; large ones smaller than they are.

    What is transparent is white where it is to be `over_white`. Raises PictureUnreadable.
    """
    with _damage_told():
        return _rgb(_opened(data, formats), part, over_white=over_white)


def check_picture(data: bytes, formats: tuple[str, ...] = FORMATS) -> tuple[int, int]:
    """Width and height of a file, in pixels, as its header says: before it is turned upright.

    No pixel is decoded. Raises PictureUnreadable where `read_picture` would, by the header.
    """
    with _damage_told():
        return _opened(data, formats).size


def rgb_of(picture: Picture) -> Image:
    """A picture of a Python program as RGB uint8 [H, W, 3], which the program may not alter later.

    A file's bytes as in `read_picture`; a PIL image, turned upright; an array of RGB [H, W, 3],
    RGBA [H, W, 4] or grey [H, W], of uint8: values of other types have no range that is certain.
    Raises PictureUnreadable.
    """
    if isinstance(picture, bytes):
        return read_picture(picture)
    if isinstance(picture, np.ndarray):
        return _rgb_of_array(picture)
    if not isinstance(picture, Pillow.Image):
        raise PictureUnreadable(
            "a picture is a file's bytes, a PIL image or an array of uint8, not "
            f"{type(picture).__name__}; a path is not opened: read the file"
        )
    _check_size(*picture.size)
    with _damage_told():
        return _rgb(picture)


def decode_picture_text(text: str) -> bytes:
    """The file that a request holds as base64, or as a data URI of base64.

    The clients of OpenAI, Jina and Cohere send the standard alphabet, padded, on one line; all else
    is refused, since it was mostly meant otherwise. A data URI may be of any media type: the
    file's own header counts. Paths and URLs are never opened. Raises PictureUnreadable.
    """
    start = _DATA_URI.match(text)
    if start is None and text[:5].lower() == "data:":
        raise PictureUnreadable("a data URI begins like this here: data:image/png;base64,")
    encoded = text[start.end() :] if start else text
    if len(encoded) > _MAX_CHARACTERS:
        raise _too_large()
    if not encoded:
        raise PictureUnreadable("the picture is empty")
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        raise PictureUnreadable(_fault_of(encoded)) from None


def _fault_of(encoded: str) -> str:
    """Why a text is no base64, as far as its beginning tells."""
    whole, encoded = encoded, encoded[:_LOOKED_AT]
    if re.search(r"\s", encoded):
        return "the picture's base64 must be on one line, without spaces (base64 -w0)"
    if re.fullmatch(r"[\w-]+=*", encoded, re.ASCII) and re.search(r"[-_]", encoded):
        return "the picture's base64 must be of the standard alphabet, with + and /, not - and _"
    if re.fullmatch(r"[\w+/]+", encoded, re.ASCII) and len(whole) % 4:
        return "the picture's base64 lacks its end: padded with =, its length is a multiple of 4"
    return "the picture is no base64: send the file's bytes as base64 or as a data URI"


def _opened(data: bytes, formats: tuple[str, ...]) -> Pillow.Image:
    """A file whose header was read and is within the limits."""
    if len(data) > MAX_PICTURE_BYTES:
        raise _too_large()
    try:
        with no_warnings():
            picture = Pillow.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError:
        raise PictureUnreadable(
            f"this is no picture that can be read: send {', '.join(formats)}"
        ) from None
    except Pillow.DecompressionBombError:
        raise _too_many_pixels() from None
    _check_size(*picture.size)
    num_scans = data.count(b"\xff\xda") if picture.format in ("JPEG", "MPO") else 1
    if picture.width * picture.height * num_scans > MAX_SCANNED_PIXELS:
        raise PictureUnreadable("the picture is in too many scans: save it anew")
    return picture


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    if width * height == 0:
        raise PictureUnreadable("the picture has no pixels")


def _rgb(picture: Pillow.Image, part: Part = WHOLE, *, over_white: bool = False) -> Image:
    if picture.mode in ("F", "I"):
        raise PictureUnreadable(
            f"the values of a picture of mode {picture.mode} have no range that is certain: "
            "make it RGB"
        )
    return to_rgb(picture, part, over_white=over_white)


def _rgb_of_array(array: npt.NDArray[Any]) -> Image:
    is_grey = array.ndim == 2
    if array.dtype != np.uint8 or not (is_grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PictureUnreadable(
            "an array of a picture is uint8 [height, width, 3 or 4] or [height, width], not "
            f"{array.dtype} {list(array.shape)}"
        )
    _check_size(array.shape[1], array.shape[0])
    if is_grey:
        return np.repeat(array[:, :, None], 3, axis=2)
    return np.array(array[:, :, :3], order="C")


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turns what Pillow raises for damaged files into PictureUnreadable."""
    try:
        yield
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureUnreadable(f"the picture is damaged: {error}") from None


def _too_large() -> PictureUnreadable:
    return PictureUnreadable(f"the picture is larger than {MAX_PICTURE_BYTES // 2**20} MiB")


def _too_many_pixels() -> PictureUnreadable:
    return PictureUnreadable(f"the picture has more than {MAX_PIXELS:,} pixels")
