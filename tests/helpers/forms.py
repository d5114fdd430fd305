"""Films whose pictures take a form of their own: pixels, turns, transparency, range, fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from ingest.library.embed import read_image
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from tests.helpers.media import Picture

MAX_PIXELS = 8192 * 4352
FPS = 25
ONE = 1 << 16
"""In a display matrix."""
_LAST_ONE = 1 << 30
LAYS = {
    "as coded": ((ONE, 0, 0, ONE), "rgbw"),
    "mirrored": ((-ONE, 0, 0, ONE), "grwb"),
    "upside down": ((-ONE, 0, 0, -ONE), "bwrg"),
    "mirrored top to bottom": ((ONE, 0, 0, -ONE), "wbgr"),
    "turned right": ((0, ONE, -ONE, 0), "wrgb"),
    "turned left": ((0, -ONE, ONE, 0), "gbwr"),
    "turned right and mirrored": ((0, ONE, ONE, 0), "rwbg"),
    "turned left and mirrored": ((0, -ONE, -ONE, 0), "bgrw"),
}
"""a, b, c, d of a display matrix, and the corners of `corners()` as they are to be shown."""


@dataclass(frozen=True)
class Form:
    """How a film is coded and marked."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    pixel_aspect: Fraction | None = None
    matrix: Sequence[int] | None = None
    """a, b, c, d of the display matrix."""
    options: tuple[tuple[str, str], ...] = ()


def write_formed(path: Path, frames: Sequence[av.VideoFrame], form: Form) -> Path:
    """A film of frames at FPS; all are of the size of the first."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(form.codec, FPS)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = form.pixel_format
        stream.options = {"preset": "ultrafast", "threads": "1"} | dict(form.options)
        if form.pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = form.pixel_aspect
        if form.matrix is not None:
            a, b, c, d = form.matrix
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, _LAST_ONE])
        for number, frame in enumerate(frames):
            coded = frame.reformat(format=form.pixel_format)
            coded.pts, coded.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    return path


def repeated(picture: Picture, times: int = 10) -> list[av.VideoFrame]:
    """Frames that all show one RGB picture."""
    return [av.VideoFrame.from_ndarray(picture, "rgb24") for _ in range(times)]


def joined(path: Path, parts: Sequence[Path]) -> Path:
    """Transport streams one after the other."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def corners(width: int = 320, height: int = 180) -> Picture:
    """A picture whose corners are told apart: red, green, blue, white, clockwise from the left."""
    picture = np.full((height, width, 3), 90, np.uint8)
    down, across = height // 3, width // 3
    picture[:down, :across] = (220, 30, 30)
    picture[:down, -across:] = (30, 200, 30)
    picture[-down:, -across:] = (30, 30, 220)
    picture[-down:, :across] = (240, 240, 240)
    return picture


def names_of_corners(picture: npt.NDArray[np.uint8]) -> str:
    """The corners of such a picture, clockwise from the left above, by their first letters."""
    height, width = picture.shape[0] // 10, picture.shape[1] // 10
    found = ""
    for row, column in ((height, width), (height, -width), (-height, -width), (-height, width)):
        red, green, blue = (int(part) for part in picture[row, column])
        brightest = max((red, "r"), (green, "g"), (blue, "b"))[1]
        found += "w" if min(red, green, blue) > 180 else brightest
    return found


def text_on_transparent(
    level: int, hidden: int = 0, text: str = "lower third"
) -> npt.NDArray[np.uint8]:
    """Grey text on nothing, RGBA [180, 320, 4]; `hidden` is the colour of what is transparent."""
    picture = np.full((180, 320, 4), hidden, np.uint8)
    opacity = np.zeros((180, 320), np.uint8)
    cv2.putText(opacity, text, (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 4, cv2.LINE_AA)
    picture[opacity > 0, :3] = level
    picture[:, :, 3] = opacity
    return picture


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def as_found(path: Path, folder: Path) -> tuple[Decoded, list[Picture]]:
    """What a decode pass finds of a film, and its keyframes."""
    found = decode_file(path, folder / "out", DecodeOptions(MAX_PIXELS, 3600.0), ignore)
    return found, [read_image(folder / "out" / keyframe.name) for keyframe in found.keyframes]
