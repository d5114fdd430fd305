"""On-screen text of keyframes, read by rapidocr; keyframes that look the same are read once."""

import logging
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from embeddings.encoder import Image

MIN_SCORE = 0.6
"""The recogniser's confidence in a line, of 1."""
_SHORT = 4
_MIN_SHORT_SCORE = 0.9
"""Lines of up to _SHORT letters need more: on photographs the recogniser sees letters in edges,
short ones, and never surely.
"""
_DETECT_SIDE_PX = 800
"""The longer side of what lines are looked for in; keyframes are larger."""
_MAX_SIDE_PX = 1280
_SAME = 2.0
"""Mean difference, of 255, of two frames that show the same text."""
_SAME_IN_EACH_CELL = 12.0
"""The same of each cell of a 96 by 54 grid: another word on the same ground changes few of them,
but those by 28 and more (measured on slides); noise changes each by little."""
_REMEMBERED = 8
"""Keyframes that the next one is compared with: a slide comes back after a look at the speaker."""


@dataclass(frozen=True)
class Writing:
    """The text of a picture, its lines joined by line feeds, and where each of them stands."""

    text: str
    boxes: list[list[float]]
    """[left, top, right, bottom] of each line, in [0, 1] of the picture's width and height."""


class TextReader:
    """The OCR engine, loaded on the first picture; safe to share between threads, which take turns
    picture by picture.
    """

    def __init__(self, num_threads: int) -> None:
        self._num_threads = num_threads
        self._engine: Any = None
        self._lock = threading.Lock()

    def read(
        self, images: Iterable[Image], on_progress: Callable[[int], None]
    ) -> list[Writing | None]:
        """The text of each picture of one video, RGB uint8 [H, W, 3]; None where there is none.

        `on_progress` is told how many pictures are done; what it raises ends the reading.
        """
        seen: deque[tuple[Any, Writing | None]] = deque(maxlen=_REMEMBERED)
        written: list[Writing | None] = []
        for image in images:
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            small = cv2.resize(grey, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
            same = [found for picture, found in seen if _shows_the_same(picture, small)]
            writing = same[-1] if same else self._read_one(image)
            seen.append((small, writing))
            written.append(writing)
            on_progress(len(written))
        return written

    def _read_one(self, image: Image) -> Writing | None:
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            result = self._engine(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if result.txts is None:
            return None
        height, width = image.shape[:2]
        lines = [
            (line.strip().replace("\x00", ""), _box(corners, width, height))
            for line, score, corners in zip(result.txts, result.scores, result.boxes, strict=True)
            if _is_text(line, score)
        ]
        if not lines:
            return None
        return Writing("\n".join(line for line, _ in lines), [box for _, box in lines])

    def _load(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from rapidocr import RapidOCR

            engine = RapidOCR(
                params={
                    "EngineConfig.onnxruntime.intra_op_num_threads": self._num_threads,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                    "Global.log_level": "critical",
                    "Global.use_cls": False,
                    "Global.max_side_len": _MAX_SIDE_PX,
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _DETECT_SIDE_PX,
                }
            )
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        return engine


def _shows_the_same(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> bool:
    """Whether two small grey pictures, float32 [54, 96], are of the same text."""
    change = np.abs(first - second)
    return bool(change.mean() < _SAME and change.max() < _SAME_IN_EACH_CELL)


def _box(corners: npt.NDArray[np.float32], width: int, height: int) -> list[float]:
    """The upright box around four corners in pixels, float32 [4, 2], as Writing has it."""
    placed = np.clip(corners / (width, height), 0, 1)
    left_top, right_bottom = placed.min(axis=0), placed.max(axis=0)
    return [round(float(value), 4) for value in (*left_top, *right_bottom)]


def _is_text(line: str, score: float) -> bool:
    """Whether a line was read surely enough for its length, and has two letters at least."""
    num_letters = sum(character.isalnum() for character in line)
    if num_letters <= _SHORT:
        return num_letters > 1 and score >= _MIN_SHORT_SCORE
    return score >= MIN_SCORE
