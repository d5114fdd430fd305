"""What a line says: as it stands, upside down, or in another script, whichever is read surely."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from embeddings.encoder import Image
from embeddings.registry.pins import TEXT_RECOGNISER, TEXT_TURN
from embeddings.weights.packages import verified_path
from ingest.perception.ocr.legibility import is_greek, is_read
from ingest.perception.ocr.recogniser import Recogniser
from ingest.perception.ocr.right_to_left import logical_order
from ingest.perception.ocr.upside_down import TurnClassifier

_TURNED = 0.9
"""The confidence that a line needs to be read upside down, which is rare: of other scripts the
classifier takes every other line for turned."""


@dataclass(frozen=True)
class Reading:
    """What a recogniser makes of a line."""

    text: str
    score: float
    """The mean of its confidence in the characters, of 1."""
    is_sure: bool
    """Whether that is what is written."""
    is_turned: bool = False
    """Whether the line was read upside down."""


class LineReader:
    """The bundled recogniser and those of further scripts, loaded when they are first needed;
    threads may share it.
    """

    def __init__(self, num_threads: int, further: Sequence[Path]) -> None:
        self._num_threads = num_threads
        self._further = further
        """The recognisers of other scripts, in ONNX form."""

    def read(self, line: Image, *, stood_on_its_side: bool = False) -> Reading:
        """A line, RGB uint8 [H, W, 3], that runs from left to right or is upside down, as every
        other is that stood on its side.
        """
        first = self._read_by_bundled(line)
        if first.is_sure:
            return first
        readings = self._read_by_others(line)
        if stood_on_its_side or self._turn.is_upside_down(line):
            turned = np.rot90(line, 2)
            both = [self._read_by_bundled(turned), *self._read_by_others(turned)]
            readings += [replace(each, is_turned=True) for each in both if each.score >= _TURNED]
        sure = (reading for reading in readings if reading.is_sure)
        return max(sure, key=lambda reading: reading.score, default=first)

    def _read_by_bundled(self, line: Image) -> Reading:
        """It has the letters of Greek formulas, but not those with accents: words are not read."""
        text, score = self._bundled.read(line)
        return Reading(text, score, is_read(text, score) and not is_greek(text))

    def _read_by_others(self, line: Image) -> list[Reading]:
        found = (other.read(line) for other in self._others)
        return [Reading(logical_order(text), score, is_read(text, score)) for text, score in found]

    @cached_property
    def _bundled(self) -> Recogniser:
        return Recogniser(verified_path(TEXT_RECOGNISER), self._num_threads)

    @cached_property
    def _turn(self) -> TurnClassifier:
        return TurnClassifier(verified_path(TEXT_TURN), self._num_threads)

    @cached_property
    def _others(self) -> list[Recogniser]:
        return [Recogniser(graph, self._num_threads) for graph in self._further]
