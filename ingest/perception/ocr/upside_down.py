"""Lines that are upside down, told without reading them."""

from pathlib import Path

import cv2
import numpy as np

from embeddings.backends.onnx import open_session
from embeddings.encoder import Image

_WIDTH_PX, _HEIGHT_PX = 192, 48


class TurnClassifier:
    """PaddleOCR's classifier of lines in ONNX form: a millisecond each, a twentieth of a reading.
    Threads may share it.

    Of 137 lines that were upside down it found all; of 467 upright ones it took 6 % for turned.
    """

    def __init__(self, graph: Path, num_threads: int) -> None:
        self._session = open_session(graph, num_threads)

    def is_upside_down(self, line: Image) -> bool:
        """Whether a line, RGB uint8 [H, W, 3], is more likely turned by half than upright."""
        height, width = line.shape[:2]
        width = max(1, min(_WIDTH_PX, round(width * _HEIGHT_PX / height)))
        small = cv2.resize(line, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
        blob = np.zeros((1, 3, _HEIGHT_PX, _WIDTH_PX), np.float32)
        blob[0, :, :, :width] = small[:, :, ::-1].transpose(2, 0, 1) / np.float32(127.5) - 1
        (likely,) = self._session.run(None, {"x": blob})
        upright, turned = likely[0]
        return bool(turned > upright)
