"""The text of a picture, line by line: a look for writing that costs little, then detection where
the look found some, then recognition of the lines that were not read before.

The models are rapidocr's, PP-OCRv6 small, run by ONNX Runtime.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from embeddings.backends.onnx import open_session
from embeddings.encoder import Image
from embeddings.registry.pins import TEXT_DETECTOR
from embeddings.weights.packages import verified_path
from ingest.perception.ocr.boxes import touch
from ingest.perception.ocr.line_pictures import line_picture, same_line
from ingest.perception.ocr.line_reader import LineReader
from ingest.perception.ocr.read_lines import ReadLine, in_order_as_turned, without_chance
from ingest.perception.ocr.text_places import (
    CELL_PX,
    Cells,
    Corners,
    Likely,
    Place,
    areas_of_writing,
    in_order,
    is_cut,
    places_in,
    strips_across,
)
from ingest.scenes.picture import Box

_LOOK_SIDE_PX = 416
"""The longer side of the small picture that is looked at for any writing, at a quarter of the cost
of looking for its lines. Of 2,112 drawn lines it sees nothing of 17, of 81 on photographs of 6; at
320 of 350 and 8, at 480 (a third of the cost) of 4 and 3."""
_LOOK_COST = 0.25
"""What the look costs, of looking for lines in the whole picture."""
_DETECT_SIDE_PX = 800
"""The longer side of what lines are looked for in; keyframes are larger."""
_WHOLE = (0.0, 0.0, 1.0, 1.0)
"""A picture as a place in itself."""
_DARK = 128
"""Of 255: a picture darker than this in its middle value is inverted before lines are looked for,
since of small light letters close together the detector finds every other word only, of the same
in dark all lines (terminals, measured)."""
_EACH = 4
"""Of the rows and columns, one in so many makes the middle value."""
_EVEN = 10
_MIN_GROUND = 0.4
"""What of a picture is within _EVEN of the middle value where its ground is even: terminals have
0.9, photographs in the dark up to 0.2, and these are read better as they are."""
_LEVEL = 0.1
"""A line that rises by less than this part of its height is cut out as it stands."""
_ON_ITS_SIDE = 1.5
"""A place that is so many times higher than wide is a line that runs upwards."""


class TextEngine:
    """The models, loaded when they are first needed; threads may share them."""

    def __init__(self, num_threads: int, further: Sequence[Path] = ()) -> None:
        """`further` are recognisers of scripts that the bundled one does not read."""
        self._num_threads = num_threads
        self.further = tuple(further)
        self._reader = LineReader(num_threads, further)

    def read(
        self,
        image: Image,
        places: Sequence[Box] | None = None,
        known: Sequence[ReadLine] = (),
    ) -> list[ReadLine]:
        """The lines of a picture, RGB uint8 [H, W, 3], in the order of reading; those that are not
        sure, too.

        Of `places`, lines that touch one of them are read, each of them whole. A line with the
        picture of a `known` one has its text.
        """
        found = self._found(image, places)
        if places is not None:
            found = [place for place in found if any(touch(place.box, box) for box in places)]
        lines = [self._line(image, place, known) for place in in_order(found)]
        return in_order_as_turned(without_chance(lines))

    def _found(self, image: Image, places: Sequence[Box] | None) -> list[Place]:
        """The lines in the areas where lines are looked for. If one of these cuts a line, the look
        did not see all that is there, and the whole width around `places` is looked through.
        """
        rows, columns = _cells(image, _DETECT_SIDE_PX)
        maps = self._maps(image, self._areas(image, rows, columns, places))
        if any(
            is_cut(likely, area, rows, columns, sides_only=places is not None)
            for area, likely in maps
        ):
            maps = self._maps(image, strips_across(places or [_WHOLE], rows, columns))
        return [place for area, likely in maps for place in places_in(likely, area, rows, columns)]

    def _maps(self, image: Image, areas: Sequence[Cells]) -> list[tuple[Cells, Likely]]:
        """Areas of the picture in which lines are looked for, each with its map."""
        if not areas:
            return []
        sized, maps = _sized(image, _DETECT_SIDE_PX), []
        for area in areas:
            left, top, right, bottom = (CELL_PX * edge for edge in area)
            maps.append((area, self._likely(sized[top:bottom, left:right])))
        return maps

    def _areas(
        self, image: Image, rows: int, columns: int, places: Sequence[Box] | None
    ) -> list[Cells]:
        """Where lines are looked for: at once, if that costs no more than a look."""
        if places is not None:
            strips = strips_across(places, rows, columns)
            if sum(bottom - top for _, top, _, bottom in strips) <= _LOOK_COST * rows:
                return strips
        glimpse = self._likely(_sized(image, _LOOK_SIDE_PX))
        return areas_of_writing(glimpse, rows, columns, places)

    def _line(self, image: Image, place: Place, known: Sequence[ReadLine]) -> ReadLine:
        upright, is_on_its_side = _upright(image, place.corners)
        picture = line_picture(upright)
        for line in known:
            if same_line(line.picture, picture):
                return replace(line, box=place.box, picture=picture)
        read = self._reader.read(upright, stood_on_its_side=is_on_its_side)
        height, width = upright.shape[:2]
        return ReadLine(
            read.text,
            place.box,
            read.score,
            read.is_sure,
            picture,
            length_px=width,
            height_px=height,
            is_from_the_end=read.is_turned != is_on_its_side,
        )

    def _likely(self, picture: Image) -> Likely:
        """How likely each pixel of a picture is text; its sides are multiples of CELL_PX."""
        blob = cv2.dnn.blobFromImage(
            _dark_on_light(picture), 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True
        )
        (likely,) = self._detector.run(None, {"x": blob})
        found: Likely = likely[0, 0]
        return found

    @cached_property
    def _detector(self) -> ort.InferenceSession:
        return open_session(verified_path(TEXT_DETECTOR), self._num_threads)


def _cells(image: Image, side_px: int) -> tuple[int, int]:
    """The rows and columns of a picture as the detector takes it, its longer side about `side_px`
    or what it was.
    """
    scale = min(1.0, side_px / max(image.shape[:2])) / CELL_PX
    rows, columns = (max(1, round(side * scale)) for side in image.shape[:2])
    return rows, columns


def _sized(image: Image, side_px: int) -> Image:
    """A picture as the detector takes it."""
    rows, columns = _cells(image, side_px)
    sized: Image = cv2.resize(image, (columns * CELL_PX, rows * CELL_PX))
    return sized


def _dark_on_light(picture: Image) -> Image:
    """A picture, inverted if its ground is dark and even."""
    green = picture[::_EACH, ::_EACH, 1].astype(np.int16)
    ground = np.median(green)
    is_even = np.mean(np.abs(green - ground) <= _EVEN) >= _MIN_GROUND
    return cv2.bitwise_not(picture) if ground < _DARK and is_even else picture


def _upright(image: Image, corners: Corners) -> tuple[Image, bool]:
    """A line cut out of a picture, and whether it stood on its side: then it is turned so that what
    ran downwards runs from left to right.
    """
    points = corners * np.array((image.shape[1], image.shape[0]), np.float32)
    left, top, width, height = cv2.boundingRect(np.round(points).astype(np.int32))
    if _is_level(points):  # not resampled, so that a line that moved has the same pixels
        line: Image = image[top : top + height, left : left + width]
    else:
        width = max(1, round(float(np.linalg.norm(points[1] - points[0]))))
        height = max(1, round(float(np.linalg.norm(points[3] - points[0]))))
        target = np.array([[0, 0], [width, 0], [0, height]], np.float32)
        turned = cv2.getAffineTransform(points[[0, 1, 3]], target)
        line = cv2.warpAffine(
            image, turned, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    is_on_its_side = height >= _ON_ITS_SIDE * width
    return np.rot90(line) if is_on_its_side else line, is_on_its_side


def _is_level(corners: Corners) -> bool:
    """Whether a line, by its corners in pixels, runs level."""
    (_, rise), (_, height) = np.abs(corners[1] - corners[0]), np.abs(corners[3] - corners[0])
    return bool(rise < _LEVEL * height)
