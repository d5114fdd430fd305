"""The characters of one line of writing, by a recogniser of PaddleOCR's in ONNX form."""

from pathlib import Path

import cv2
import numpy as np

from embeddings.backends.onnx import open_session
from embeddings.encoder import Image

_HEIGHT_PX = 48
"""The height of lines that these models were trained on."""
_BESIDE_PX = 16
"""Even ground right of a line, without which the last character is misread now and then. Padding
to the width of 320 that the model was trained on costs short lines three times as much and reads
no better (1,051 drawn lines).
"""


class Recogniser:
    """A model that gives for each column of a line a character or none (CTC), and the list of its
    characters, which its file holds. Threads may share it.
    """

    def __init__(self, graph: Path, num_threads: int) -> None:
        self._session = open_session(graph, num_threads)
        characters = self._session.get_modelmeta().custom_metadata_map["character"]
        self._characters = ["", *characters.splitlines(), " "]

    def read(self, line: Image) -> tuple[str, float]:
        """The text of an upright line, RGB, and the mean confidence in its characters, of 1."""
        height, width = line.shape[:2]
        width = max(1, round(width * _HEIGHT_PX / height))
        method = cv2.INTER_AREA if height > _HEIGHT_PX else cv2.INTER_LINEAR
        small = cv2.resize(line, (width, _HEIGHT_PX), interpolation=method)
        blob = np.zeros((1, 3, _HEIGHT_PX, width + _BESIDE_PX), np.float32)
        blob[0, :, :, :width] = small[:, :, ::-1].transpose(2, 0, 1) / np.float32(127.5) - 1
        (likely,) = self._session.run(None, {"x": blob})
        return self._decoded(likely[0])

    def _decoded(self, likely: np.ndarray) -> tuple[str, float]:
        """The text of float32 [columns, characters]: what repeats itself is one character, and the
        first of all is none.
        """
        best = likely.argmax(axis=1)
        begins = np.concatenate(([True], best[1:] != best[:-1])) & (best != 0)
        if not begins.any():
            return "", 0.0
        text = "".join(self._characters[index] for index in best[begins])
        return text.strip().replace("\x00", ""), float(likely[begins, best[begins]].mean())
