"""What is written on screen: rapidocr on keyframes, near-identical frames only once."""

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
_SHORT = 4
_MIN_SHORT_SCORE = 0.9
"""On photographs the recogniser sees letters in edges: short ones, and never surely."""
_DETECT_SIDE_PX = 800
_MAX_SIDE_PX = 1280
_SAME = 2.0
"""Mean difference, of 255, of two frames that show the same text."""
_REMEMBERED = 8


@dataclass(frozen=True)
class Writing:
    """What is written on a picture: lines, joined by line feeds, and where each stands."""

    text: str
    boxes: list[list[float]]
    """[left, top, right, bottom] of each line, parts of the picture's width and height."""


class TextReader:
    """On-screen text; one call at a time, loaded on the first."""

    def __init__(self, num_threads: int) -> None:
        self._num_threads = num_threads
        self._engine: Any = None
        self._lock = threading.Lock()

    def read(
        self, images: Iterable[Image], on_progress: Callable[[int], None]
    ) -> list[Writing | None]:
        """What is written on each RGB image of one video; None if nothing is.

        `on_progress` is told how many images are done.
        """
        seen: deque[tuple[Any, Writing | None]] = deque(maxlen=_REMEMBERED)
        written: list[Writing | None] = []
        for image in images:
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            small = cv2.resize(grey, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
            same = [found for picture, found in seen if np.abs(picture - small).mean() < _SAME]
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


def _box(corners: npt.NDArray[np.float32], width: int, height: int) -> list[float]:
    """The upright box around four corners in pixels, [4, 2]."""
    placed = np.clip(corners / (width, height), 0, 1)
    left_top, right_bottom = placed.min(axis=0), placed.max(axis=0)
    return [round(float(value), 4) for value in (*left_top, *right_bottom)]


def _is_text(line: str, score: float) -> bool:
    num_letters = sum(character.isalnum() for character in line)
    if num_letters <= _SHORT:
        return num_letters > 1 and score >= _MIN_SHORT_SCORE
    return score >= MIN_SCORE
