"""Pictures as files."""

import functools
import io
import struct
import zlib
from typing import Any

from PIL import Image as Pillow

from tests.helpers.media import drawn


def png_of(width: int, height: int) -> bytes:
    """A PNG that only says how large it is."""
    return _png(width, height, b"")


def black_png(width: int, height: int) -> bytes:
    """A PNG of one colour, made quickly however large it is."""
    return _png(width, height, bytes((1 + 3 * width) * height))


def _png(width: int, height: int, rows: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(rows, 9), b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


@functools.cache
def encoded(kind: str = "PNG", size: tuple[int, int] = (40, 20), orientation: int = 1) -> bytes:
    """A drawn picture as a file that says how it is to be turned."""
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    more = {} if kind in ("BMP", "GIF") else {"exif": exif}
    return saved(Pillow.fromarray(drawn(3, size)), kind, **more)


def saved(picture: Pillow.Image, kind: str = "PNG", **more: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()
