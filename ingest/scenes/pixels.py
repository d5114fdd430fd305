"""The pixels of a decoded frame as RGB: whatever its format, range, transparency and fields."""

import threading

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from ingest.scenes.tones import HIGH_RANGE, tone_mapped

Pixels = npt.NDArray[np.uint8]
"""[h, w, 3]."""

SMALL_WIDTH_PX = 192
_MATRICES = frozenset((0, 1, 2, 4, 5, 6, 7, 9))
"""Of AVColorSpace, those that the scaler takes; it refuses frames marked with others, which are
reserved, or which nobody uses with a film."""
_WITH_LUMA_PLANE = frozenset(
    f"yuv{j}{form}p" for j in ("", "j") for form in (410, 411, 420, 422, 440, 444)
) | {"nv12", "nv21", "gray"}
_UNKNOWN_MATRIX = 2
_GREY = 128
"""The ground of transparent pictures that are only compared: black and white text differ from it,
and it is the same for each picture."""
_COMB = 15
"""A line differs from both lines beside it by this much, of 255, where the fields of two times
lie in one frame."""
_COMB_LINES = 5
"""So many lines in a row do; the strokes of small letters are fewer."""


class _Scaler(threading.local):
    """One for each thread. A frame that is scaled by itself keeps a scaler of its own, with
    megabytes, for as long as it lives.
    """

    def __init__(self) -> None:
        self.of_thread = VideoReformatter()


_scaler = _Scaler()


def rgb_pixels(frame: av.VideoFrame, width: int, height: int) -> Pixels:
    """A frame scaled to this size, RGB uint8 [height, width, 3], as an ordinary screen shows it.

    What is transparent lies on white or black, whichever shows more of the picture; high dynamic
    range is tone-mapped; what moves between two fields is shown as the first one has it.
    """
    if frame.interlaced_frame and (combed := _combed(frame)).any():
        whole = _first_field_where(combed, _progressive(frame, frame.width, frame.height))
        return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
    return _progressive(frame, width, height)


def small_picture(frame: av.VideoFrame) -> Pixels:
    """A frame as BGR uint8 [h, w, 3], about SMALL_WIDTH_PX wide, to be compared with others.

    8-bit 4:2:0, by far the most common format, is read from its planes without conversion.
    """
    step = max(1, frame.width // SMALL_WIDTH_PX) // 2 * 2
    if frame.format.name in ("yuv420p", "yuvj420p") and step >= 2:
        luma, blue, red = (plane_pixels(frame, index) for index in range(3))
        rows = (frame.height // 2 * 2) // step
        columns = (frame.width // 2 * 2) // step
        planes = [
            luma[: rows * step : step, : columns * step : step],
            red[: rows * step // 2 : step // 2, : columns * step // 2 : step // 2],
            blue[: rows * step // 2 : step // 2, : columns * step // 2 : step // 2],
        ]
        if rows and columns:
            return np.asarray(cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR), np.uint8)
    height = min(max(2, round(frame.height * SMALL_WIDTH_PX / frame.width)), 4096)
    if may_be_transparent(frame):
        image = converted(frame, "bgra", SMALL_WIDTH_PX, height, "FAST_BILINEAR").to_ndarray()
        return _laid_on(_GREY, np.asarray(image, np.uint8))
    small = converted(frame, "bgr24", SMALL_WIDTH_PX, height, "FAST_BILINEAR")
    return np.asarray(small.to_ndarray(), np.uint8)


def grey_picture(frame: av.VideoFrame, longest_px: int) -> npt.NDArray[np.uint8]:
    """A frame in grey, uint8 [h, w], its longer side of at most `longest_px`. Where it has the
    lightness of its pixels as a plane with eight bits, that is taken without conversion.
    """
    scale = min(1.0, longest_px / max(frame.width, frame.height))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    if frame.format.name not in _WITH_LUMA_PLANE:
        if not may_be_transparent(frame):
            grey = converted(frame, "gray", *size, "FAST_BILINEAR").to_ndarray()
            return np.asarray(grey, np.uint8)
        return np.asarray(cv2.cvtColor(rgb_pixels(frame, *size), cv2.COLOR_RGB2GRAY), np.uint8)
    grey = plane_pixels(frame, 0)
    # Halving is ten times as quick as any other mean over areas.
    while min(grey.shape) > 1 and max(grey.shape) >= 2 * longest_px:
        rows, columns = (side // 2 for side in grey.shape)
        half = grey[: 2 * rows, : 2 * columns]
        grey = np.asarray(cv2.resize(half, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def may_be_transparent(frame: av.VideoFrame) -> bool:
    """Whether the format of a frame has transparency; a palette may have it."""
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def converted(
    frame: av.VideoFrame, pixel_format: str, width: int, height: int, interpolation: str = "AREA"
) -> av.VideoFrame:
    """A frame in another format and size; colours by its own matrix and range, where these are
    known to the scaler.
    """
    matrix = _matrix_of(frame)
    return _scaler.of_thread.reformat(
        frame,
        width=width,
        height=height,
        format=pixel_format,
        interpolation=interpolation,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        # More threads cost more than one picture is worth, and make a wrong pixel now and then.
        threads=1,
    )


def screen_frame(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """A frame scaled to this size, in even numbers, that looks as `rgb_pixels` does, as encoders
    take it: 8-bit 4:2:0 by BT.709 in limited range.
    """
    is_plain = not (
        frame.interlaced_frame or frame.color_trc in HIGH_RANGE or may_be_transparent(frame)
    )
    if not is_plain:
        frame = av.VideoFrame.from_ndarray(rgb_pixels(frame, width, height), format="rgb24")
    return _scaler.of_thread.reformat(
        frame,
        width=width,
        height=height,
        format="yuv420p",
        interpolation="AREA",
        src_colorspace=_matrix_of(frame),
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )


def _matrix_of(frame: av.VideoFrame) -> Colorspace | None:
    """The matrix of a frame's colours where it does not say one that the scaler knows."""
    if frame.color_trc in HIGH_RANGE and frame.colorspace == _UNKNOWN_MATRIX:
        return Colorspace.BT2020
    return None if frame.colorspace in _MATRICES else Colorspace.DEFAULT


def _progressive(frame: av.VideoFrame, width: int, height: int) -> Pixels:
    if may_be_transparent(frame):
        whole = np.asarray(
            converted(frame, "rgba", frame.width, frame.height).to_ndarray(), np.uint8
        )
        if whole[:, :, 3].min() < 255:
            return _on_the_better_ground(whole, width, height)
    if frame.color_trc in HIGH_RANGE:
        deep = np.asarray(converted(frame, "rgb48le", width, height).to_ndarray(), np.uint16)
        return tone_mapped(deep, frame.color_trc, frame.color_primaries)
    return np.asarray(converted(frame, "rgb24", width, height).to_ndarray(), np.uint8)


def _on_the_better_ground(whole: Pixels, width: int, height: int) -> Pixels:
    """An RGBA picture scaled and laid on black or white: on the one on which it has more contours.

    Colours are weighted with their opacity first: what is hidden behind transparent pixels does
    not shine through at their edges.
    """
    opacity = np.ascontiguousarray(whole[:, :, 3])
    weighted = cv2.multiply(whole[:, :, :3], cv2.merge([opacity] * 3), scale=1 / 255)
    on_black = cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA)
    clear = 255 - cv2.resize(opacity, (width, height), interpolation=cv2.INTER_AREA)
    on_white = cv2.add(on_black, cv2.merge([clear] * 3))
    return np.asarray(max(on_black, on_white, key=_contours), np.uint8)


def _contours(picture: Pixels) -> float:
    """The mean strength of the contours of an RGB picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_16S)).mean())


def _laid_on(level: int, picture: Pixels) -> Pixels:
    """A picture with opacity in its fourth channel, on a ground of one grey."""
    opacity = picture[:, :, 3:].astype(np.uint16)
    mixed = (picture[:, :, :3] * opacity + level * (255 - opacity)) // 255
    return np.asarray(mixed, np.uint8)


def _combed(frame: av.VideoFrame) -> npt.NDArray[np.bool_]:
    """Where something has moved between the two fields of a frame, bool [h, w]: lines differ in
    turn from those above and below them.
    """
    grey = converted(frame, "gray", frame.width, frame.height).to_ndarray().astype(np.int16)
    comb = np.zeros(grey.shape, np.uint8)
    up, down = grey[1:-1] - grey[:-2], grey[1:-1] - grey[2:]
    comb[1:-1] = ((up > _COMB) & (down > _COMB)) | ((up < -_COMB) & (down < -_COMB))
    certain = cv2.erode(comb, np.ones((_COMB_LINES, 1), np.uint8))
    around = np.ones((2 * _COMB_LINES + 1, 2 * _COMB_LINES + 1), np.uint8)
    return np.asarray(cv2.dilate(certain, around), np.bool_)


def _first_field_where(combed: npt.NDArray[np.bool_], picture: Pixels) -> Pixels:
    """A picture of two fields in which every other line is made from its neighbours, there."""
    between = cv2.addWeighted(picture[:-2:2], 0.5, picture[2::2], 0.5, 0)
    lines = picture[1:-1:2]
    lines[combed[1:-1:2]] = between[combed[1:-1:2]]
    return picture


def plane_pixels(frame: av.VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    """A view of a decoded plane, uint8 [h, w], without the padding of its lines."""
    plane = frame.planes[index]
    buffer = np.frombuffer(memoryview(plane), np.uint8)
    return buffer.reshape(plane.height, plane.line_size)[:, : plane.width]
