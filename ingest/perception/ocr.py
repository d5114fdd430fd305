"""The text of a picture, line by line: a look for writing that costs little, then detection where
the look found some, then recognition of the lines that were not read before.

The models are rapidocr's, PP-OCRv6 small, run by ONNX Runtime.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from embeddings.backends.onnx import open_session
from embeddings.encoder import Image
from embeddings.registry.pins import TEXT_DETECTOR, TEXT_RECOGNISER
from embeddings.weights.packages import verified_path
from ingest.perception.line_pictures import LinePicture, line_picture, same_line
from ingest.perception.recogniser import Recogniser
from ingest.perception.text_places import (
    CELL_PX,
    Box,
    Cells,
    Corners,
    Likely,
    Place,
    areas_of_writing,
    in_order,
    places_in,
    touch,
)

_LOOK_SIDE_PX = 320
"""The longer side of the small picture that is looked at for any writing: a sixth of the cost of
_DETECT_SIDE_PX."""
_DETECT_SIDE_PX = 800
"""The longer side of what lines are looked for in; keyframes are larger."""
_ON_ITS_SIDE = 1.5
"""A place that is so many times higher than wide is a line that runs upwards."""
_MIN_SCORE = 0.6
_SHORT = 4
_MIN_SHORT_SCORE = 0.9
"""Lines of up to _SHORT letters need more: on photographs the recogniser sees letters in edges,
short ones, and never surely.
"""


@dataclass(frozen=True)
class ReadLine:
    """One line of writing in a picture."""

    text: str
    box: Box
    """[left, top, right, bottom] in [0, 1] of the whole picture."""
    score: float
    """The mean of the recogniser's confidence in its characters, of 1."""
    picture: LinePicture
    """The line in grey, by which it is known again."""

    @property
    def is_sure(self) -> bool:
        """Whether it was read surely enough for its length, and has two letters at least."""
        num_letters = sum(character.isalnum() for character in self.text)
        if num_letters <= _SHORT:
            return num_letters > 1 and self.score >= _MIN_SHORT_SCORE
        return self.score >= _MIN_SCORE


class TextEngine:
    """The models, loaded when they are first needed; threads may share them."""

    def __init__(self, num_threads: int) -> None:
        self._num_threads = num_threads
        self._loading = threading.Lock()

    def may_have_text(self, image: Image) -> bool:
        """Whether `read` might find a line: a sixth of the cost of looking for lines."""
        rows, columns = _grid(image, _DETECT_SIDE_PX)
        return bool(areas_of_writing(self._glimpse(image), rows, columns))

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
        rows, columns = _grid(image, _DETECT_SIDE_PX)
        areas = areas_of_writing(self._glimpse(image), rows, columns, places)
        if not areas:
            return []
        blob = _blob(image, rows, columns)
        found = [place for area in areas for place in self._places(blob, area)]
        if places is not None:
            found = [place for place in found if any(touch(place.box, box) for box in places)]
        return [self._line(image, place, known) for place in in_order(found)]

    def _glimpse(self, image: Image) -> Likely:
        """How likely each pixel of the small picture is text."""
        return self._likely(_blob(image, *_grid(image, _LOOK_SIDE_PX)))

    def _places(self, blob: npt.NDArray[np.float32], area: Cells) -> list[Place]:
        """The lines in an area of the picture in which lines are looked for."""
        left, top, right, bottom = (CELL_PX * edge for edge in area)
        likely = self._likely(np.ascontiguousarray(blob[:, :, top:bottom, left:right]))
        rows, columns = blob.shape[2] // CELL_PX, blob.shape[3] // CELL_PX
        return places_in(likely, area, rows, columns)

    def _line(self, image: Image, place: Place, known: Sequence[ReadLine]) -> ReadLine:
        upright = _upright(image, place.corners)
        picture = line_picture(upright)
        for line in known:
            if same_line(line.picture, picture):
                return ReadLine(line.text, place.box, line.score, picture)
        text, score = self._recogniser.read(upright)
        return ReadLine(text, place.box, score, picture)

    def _likely(self, blob: npt.NDArray[np.float32]) -> Likely:
        (likely,) = self._detector.run(None, {"x": blob})
        found: Likely = likely[0, 0]
        return found

    @cached_property
    def _detector(self) -> ort.InferenceSession:
        return open_session(verified_path(TEXT_DETECTOR), self._num_threads)

    @cached_property
    def _recogniser(self) -> Recogniser:
        return Recogniser(verified_path(TEXT_RECOGNISER), self._num_threads)


def _grid(image: Image, side_px: int) -> tuple[int, int]:
    """Rows and columns of cells of a picture whose longer side is `side_px`, or its own."""
    scale = min(1.0, side_px / max(image.shape[:2])) / CELL_PX
    return max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale))


def _blob(image: Image, rows: int, columns: int) -> npt.NDArray[np.float32]:
    """A picture as the detector takes it, of that many cells: float32 [1, 3, H, W], BGR."""
    size = (columns * CELL_PX, rows * CELL_PX)
    made: npt.NDArray[np.float32] = cv2.dnn.blobFromImage(
        image, 1 / 127.5, size, (127.5, 127.5, 127.5), swapRB=True
    )
    return made


def _upright(image: Image, corners: Corners) -> Image:
    """A line cut out of a picture and turned so that it runs from left to right."""
    points = corners * np.array((image.shape[1], image.shape[0]), np.float32)
    width = max(1, round(float(np.linalg.norm(points[1] - points[0]))))
    height = max(1, round(float(np.linalg.norm(points[3] - points[0]))))
    target = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    turned = cv2.getAffineTransform(points[[0, 1, 3]], target)
    line: Image = cv2.warpAffine(
        image, turned, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.rot90(line) if height >= _ON_ITS_SIDE * width else line
