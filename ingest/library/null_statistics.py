"""After an ingest: how what is unrelated scores in every space of the library.

These statistics are what search calibrates with; they are fixed until the library has grown or
shrunk by a tenth.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from database.spaces.spaces import Spaces
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.space import Space
from ingest.library.background import background_queries

SAMPLE = 4000
_PAIRED = 500
_TAIL = 0.99
_TAIL_Z = 2.3263
"""The normal distribution's 99th percentile, in standard deviations."""
_GROWTH = 0.1


def refresh_null_statistics(library: Spaces, spaces: Iterable[Space], encoders: Encoders) -> None:
    """Computes and stores the statistics of every space whose size has changed by a tenth: how
    background queries score against its vectors, and how its vectors score against each other."""
    stored = library.all()
    for space in spaces:
        count = library.coverage(space.key).embedded
        known = (stored[space.key].null_statistics or {}).get("count", 0)
        if count == 0 or abs(count - known) <= _GROWTH * known:
            continue
        vectors = library.sample_vectors(space.key, SAMPLE)
        statistics = {"count": count, "alike": _fitted(_among_themselves(vectors))}
        if space.answers_text:
            queries = encoders.encode_queries(space, background_queries())
            statistics |= _fitted(queries @ vectors.T)
        library.save_null_statistics(space.key, statistics)


def _among_themselves(vectors: Vectors) -> npt.NDArray[np.float32]:
    """The scores of pairs of different vectors; of one alone, that it is like itself."""
    some = vectors[:: max(1, len(vectors) // _PAIRED)]
    if len(some) == 1:
        return np.ones(1, np.float32)
    return np.asarray((some @ some.T)[np.triu_indices(len(some), k=1)], np.float32)


def _fitted(scores: npt.NDArray[np.float32]) -> dict[str, float]:
    """A normal distribution fitted to the upper tail, where scores that matter lie and which is
    heavier than the middle would let expect: some background query is always about something in
    a library."""
    median, tail = (float(np.quantile(scores, q)) for q in (0.5, _TAIL))
    return {"mean": median, "std": (tail - median) / _TAIL_Z}
