"""The null distributions of the spaces of a library: how what is unrelated scores in each.

Search calibrates with them (search/retrieval/calibrate.py), and leaves out a space that has none.
They are fixed until a space has grown or shrunk by a tenth, so that the same search scores the same
from one ingest to the next.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from database.spaces.spaces import Spaces
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.space import Space

SAMPLE = 4000
"""Vectors of a space that the background queries are scored against."""
_PAIRED = 500
"""Vectors of a space that are scored against each other."""
_TAIL = 0.99
_TAIL_Z = 2.3263
"""The normal distribution's quantile _TAIL, in standard deviations."""
_GROWTH = 0.1


@cache
def background_queries() -> tuple[str, ...]:
    """Short and diverse queries, about everything and nothing in particular; written for this
    project.
    """
    path = Path(__file__).with_name("background_queries.txt")
    return tuple(path.read_text(encoding="utf-8").splitlines())


class Growth:
    """How much a library has grown during a run, and whether statistics are due before its end:
    with the first vectors of a space, so that a search finds them while the rest is worked on, and
    each time that there are twice as many moments.
    """

    def __init__(self, library: Spaces) -> None:
        self._library = library
        known = (space.null_statistics or {} for space in library.all().values())
        # A moment has vectors in several spaces: their sum would count it as often.
        self._known = max((statistics.get("count", 0) for statistics in known), default=0)
        self._new = 0

    def is_due(self, num_moments: int, spaces: Iterable[Space]) -> bool:
        """Whether the statistics of `spaces` are due, after so many new moments."""
        self._new += num_moments
        due = self._new > self._known or self._has_unknown(spaces)
        if due:
            self._known += self._new
            self._new = 0
        return due

    def _has_unknown(self, spaces: Iterable[Space]) -> bool:
        """Whether a space holds vectors and has no statistics."""
        stored = self._library.all()
        lacking = (space.key for space in spaces if stored[space.key].null_statistics is None)
        return any(not self._library.is_empty(key) for key in lacking)


def refresh_null_statistics(library: Spaces, spaces: Iterable[Space], encoders: Encoders) -> None:
    """Computes and stores the statistics of every space whose size has changed by a tenth.

    `alike` tells how the vectors score against each other, the rest how background queries score
    against them; a space of features, which answers no text, has `alike` alone.
    """
    stored = library.all()
    queries: dict[str, Vectors] = {}
    for space in spaces:
        count = library.coverage(space.key).embedded
        known = _count_known(stored[space.key].null_statistics or {}, space)
        if count == 0 or abs(count - known) <= _GROWTH * known:
            continue
        vectors = library.sample_vectors(space.key, SAMPLE)
        statistics = {"count": count, "alike": _fitted(_among_themselves(vectors))}
        if space.answers_text:
            text_space = encoders.text_space(space)
            if text_space.key not in queries:
                queries[text_space.key] = encoders.encode_queries(text_space, background_queries())
            statistics |= _fitted(queries[text_space.key] @ vectors.T)
        library.save_null_statistics(space.key, statistics)


def _count_known(statistics: dict[str, Any], space: Space) -> int:
    """Of how many vectors the statistics are; 0 for what is not all that a space needs."""
    if space.answers_text and not {"mean", "std"} <= statistics.keys():
        return 0
    return int(statistics.get("count", 0))


def _among_themselves(vectors: Vectors) -> npt.NDArray[np.float32]:
    """The scores of pairs of different vectors, float32 [n]; 1.0 where there is only one."""
    some = vectors[:: max(1, len(vectors) // _PAIRED)]
    if len(some) == 1:
        return np.ones(1, np.float32)
    return np.asarray((some @ some.T)[np.triu_indices(len(some), k=1)], np.float32)


def _fitted(scores: npt.NDArray[np.float32]) -> dict[str, float]:
    """The normal distribution through the median and the quantile _TAIL of scores, float32 [n].

    The scores that matter lie in the upper tail, which is heavier than the middle would let expect:
    some background query is always about something in a library.
    """
    median, tail = (float(np.quantile(scores, q)) for q in (0.5, _TAIL))
    return {"mean": median, "std": (tail - median) / _TAIL_Z}
