"""After an ingest: how background queries score against the library, in every space.

These statistics are what search calibrates with; they are fixed until the library has grown or
shrunk by a tenth.
"""

import numpy as np

from database.library import Library
from embeddings.background import background_queries
from embeddings.service import EmbeddingService
from embeddings.space import Space

SAMPLE = 4000
_TAIL = 0.99
_TAIL_Z = 2.3263
"""The normal distribution's 99th percentile, in standard deviations."""
_GROWTH = 0.1


def refresh_null_statistics(
    library: Library, spaces: tuple[Space, ...], service: EmbeddingService
) -> None:
    """Computes and stores the statistics of every space whose size has changed by a tenth."""
    stored = library.null_statistics()
    for space in spaces:
        count = library.num_embeddings(space.key)
        known = (stored.get(space.key) or {}).get("count", 0)
        if count == 0 or abs(count - known) <= _GROWTH * known:
            continue
        queries = np.stack([service.encode_query(space, q) for q in background_queries()])
        scores = queries @ library.sample_vectors(space.key, SAMPLE).T
        # Fitted to the upper tail, where scores that matter lie and which is heavier than the
        # middle would let expect: some background query is always about something in a library.
        median, tail = (float(np.quantile(scores, q)) for q in (0.5, _TAIL))
        library.save_null_statistics(
            space.key,
            {"count": count, "mean": median, "std": (tail - median) / _TAIL_Z},
        )
