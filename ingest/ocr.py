"""What is written on screen: rapidocr on keyframes, near-identical frames only once."""

import logging
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

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


class TextReader:
    """On-screen text; one call at a time, loaded on the first."""

    def __init__(self, num_threads: int) -> None:
        self._num_threads = num_threads
        self._engine: Any = None
        self._lock = threading.Lock()

    def read(self, images: Iterable[Image], on_progress: Callable[[int], None]) -> list[str | None]:
        """The text on each RGB image of one video, lines as they stand; None if there is none.

        `on_progress` is told how many images are done.
        """
        seen: deque[tuple[Any, str | None]] = deque(maxlen=_REMEMBERED)
        texts: list[str | None] = []
        for image in images:
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            small = cv2.resize(grey, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
            same = [text for picture, text in seen if np.abs(picture - small).mean() < _SAME]
            text = same[-1] if same else self._read_one(image)
            seen.append((small, text))
            texts.append(text)
            on_progress(len(texts))
        return texts

    def _read_one(self, image: Image) -> str | None:
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            result = self._engine(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        lines = [
            line.strip().replace("\x00", "")
            for line, score in zip(result.txts or (), result.scores or (), strict=True)
            if _is_text(line, score)
        ]
        return "\n".join(lines) or None

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


def _is_text(line: str, score: float) -> bool:
    num_letters = sum(character.isalnum() for character in line)
    if num_letters <= _SHORT:
        return num_letters > 1 and score >= _MIN_SHORT_SCORE
    return score >= MIN_SCORE
