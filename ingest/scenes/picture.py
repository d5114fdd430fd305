"""The picture as it is shown: the shape of its pixels, turns and mirrors of the display."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from ingest.scenes.pixels import (
    Pixels,
    converted,
    may_be_transparent,
    plane_pixels,
    rgb_pixels,
    screen_frame,
)
from ingest.scenes.tones import HIGH_RANGE

_LEAST_ASPECT, _MOST_ASPECT = Fraction(1, 4), Fraction(4)
"""Of a pixel: the longest that H.264 has a name for is 32:11 (table E-1), anamorphic film 2:1.
What claims more is a fault of the file."""
_SQUARE = Fraction(1)
_ROUNDED_PX = 2
"""Encoders round a side to an even number, and write the difference as an aspect such as 640:639.
It is not worth another scaling."""
_SKEW = 0.25
"""How far each cell of a display matrix may be from a turn by right angles, as a sine: 14°."""
LARGE_BYTES = 16 << 20
"""Frames that take more are not kept as they were decoded: those of 4K with 8 bits take 12 MB, but
18 of 8K take 0.9 to 1.8 GB."""
_QUARTER = np.array([[0.0, 1.0], [-1.0, 0.0]])
"""The display matrix of a quarter turn, clockwise."""


Box = tuple[float, float, float, float]
"""(left, top, right, bottom), in [0, 1] of a picture's width and height."""


@dataclass(frozen=True)
class _Form:
    """What the stream of a frame says of its shape; frames carry it with them."""

    told: Fraction
    """Width of a pixel for its height: what the container says counts, as in players."""
    coded: Fraction
    """What the codec says of it."""
    clockwise: int
    """Degrees; where the frame has a display matrix, that counts."""


@dataclass(frozen=True)
class _Turn:
    """One of the eight ways in which a picture lies: first its sides are exchanged, then the order
    of its rows and columns.
    """

    transposed: bool = False
    rows: int = 1
    columns: int = 1
    """1, or -1 for the reverse order."""

    def laid(self, pixels: Pixels) -> Pixels:
        """Pixels [h, w, …] that lie so."""
        upright = pixels.swapaxes(0, 1) if self.transposed else pixels
        return np.ascontiguousarray(upright[:: self.rows, :: self.columns])


class StreamForm:
    """The shape of the pictures of a stream, which may change on the way.

    To be made before the stream is decoded: what the decoder knows then is the header's.
    """

    def __init__(self, stream: Any, decoder: Any) -> None:
        header, coded = stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio
        self._decoder = decoder
        self._container = _plausible(header) if header != coded else None
        rotate = stream.metadata.get("rotate", stream.metadata.get("ROTATE", ""))
        self._clockwise = int(rotate) if re.fullmatch(r"-?\d{1,3}", rotate) else 0

    def note_on(self, frame: av.VideoFrame) -> None:
        """Lets a frame that was just decoded carry its form."""
        coded = _plausible(self._decoder.sample_aspect_ratio) or _SQUARE
        told = self._container or coded
        if told != _SQUARE or coded != _SQUARE or self._clockwise:
            # Each frame has an object of its own: PyAV forgets it with the first that has it.
            frame.opaque = _Form(told, coded, self._clockwise)


def shown_size(frame: av.VideoFrame) -> tuple[int, int]:
    """(width, height) of a frame as players show it: what is not square is made longer."""
    form, turn = _form_of(frame), _turn_of(frame)
    # FFmpeg takes an aspect from the lengths of a matrix, too: of a damaged one it is damaged.
    aspect = form.coded if turn is None else form.told
    width = _stretched(frame.width, aspect)
    height = _stretched(frame.height, 1 / aspect)
    return (height, width) if turn is not None and turn.transposed else (width, height)


def _stretched(side: int, aspect: Fraction) -> int:
    longer = round(side * aspect)
    return longer if longer > side + _ROUNDED_PX else side


def size_within(frame: av.VideoFrame, width: float, height: float) -> tuple[int, int]:
    """The size of a frame as it is shown, or less, so that it fits in this."""
    across, down = shown_size(frame)
    scale = min(1.0, width / across, height / down)
    return max(1, round(across * scale)), max(1, round(down * scale))


def shown(frame: av.VideoFrame, size: tuple[int, int]) -> Pixels:
    """A frame as it is shown, RGB uint8 [h, w, 3] of this (width, height)."""
    turn = _turn_of(frame) or _Turn()
    return turn.laid(rgb_pixels(frame, *(size[::-1] if turn.transposed else size)))


def shown_frame(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    """The same for an encoder: a new frame of this (width, height), in even numbers, 8-bit 4:2:0 by
    BT.709 in limited range, without a time.
    """
    turn = _turn_of(frame) or _Turn()
    image = screen_frame(frame, *(size[::-1] if turn.transposed else size))
    planes = [turn.laid(plane_pixels(image, index)).ravel() for index in range(3)]
    flat = np.concatenate(planes).reshape(size[1] * 3 // 2, size[0])
    return av.VideoFrame.from_ndarray(flat, format="yuv420p")


def shown_box(frame: av.VideoFrame, box: Box) -> Box:
    """Where a place of a frame is in the picture as it is shown."""
    turn = _turn_of(frame) or _Turn()
    left, top, right, bottom = box
    if turn.transposed:
        left, top, right, bottom = top, left, bottom, right
    if turn.rows < 0:
        top, bottom = 1 - bottom, 1 - top
    if turn.columns < 0:
        left, right = 1 - right, 1 - left
    return left, top, right, bottom


def reduced(frame: av.VideoFrame, longest_px: int) -> av.VideoFrame:
    """A frame of which a picture with sides of up to `longest_px` may be made later: itself, or,
    of a large one, a smaller one.
    """
    if sum(plane.buffer_size for plane in frame.planes) <= LARGE_BYTES:
        return frame
    scale = min(1.0, longest_px / max(shown_size(frame)))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    if frame.color_trc in HIGH_RANGE:
        return converted(frame, frame.format.name, width, height)
    return converted(frame, "rgba" if may_be_transparent(frame) else "rgb24", width, height)


def _form_of(frame: av.VideoFrame) -> _Form:
    form = frame.opaque
    return form if isinstance(form, _Form) else _Form(_SQUARE, _SQUARE, 0)


def _plausible(aspect: Fraction | None) -> Fraction | None:
    return aspect if aspect and _LEAST_ASPECT <= aspect <= _MOST_ASPECT else None


def _turn_of(frame: av.VideoFrame) -> _Turn | None:
    """How a frame is to be laid; None if its matrix is damaged, or no turn by right angles."""
    matrix = _matrix_of(frame)
    lengths = np.hypot(*matrix)
    if not lengths.all():
        return None
    lay = matrix / lengths
    near = np.rint(lay)
    if np.abs(lay - near).max() > _SKEW or abs(np.linalg.det(near)) != 1:
        return None
    transposed = near[0, 0] == 0
    rows, columns = (near[0, 1], near[1, 0]) if transposed else (near[1, 1], near[0, 0])
    return _Turn(bool(transposed), int(rows), int(columns))


def _matrix_of(frame: av.VideoFrame) -> npt.NDArray[np.float64]:
    """The cells of a frame's display matrix that turn and mirror, [[a, b], [c, d]]."""
    # PyAV's frame and its side data hold each other until garbage is collected: that may be long,
    # and is well for a frame that has no pixels to speak of.
    tiny = converted(frame, "gray", 2, 2, "POINT")
    try:
        data = tiny.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # Among data that PyAV has no name for, EXIF's for one: mirrors are not to be told then.
        return _turning(-frame.rotation if abs(frame.rotation) <= 180 else 0)
    if data is None:
        return _turning(_form_of(frame).clockwise)
    cells = np.frombuffer(data, np.int32)  # type: ignore[call-overload]  # it is a buffer
    return np.asarray(cells[[0, 1, 3, 4]].reshape(2, 2), np.float64)


def _turning(clockwise: int) -> npt.NDArray[np.float64]:
    return np.linalg.matrix_power(_QUARTER, round(clockwise / 90) % 4)
