"""MultiModalSearchEngine: what is said, written and shown, fused with tunable weights.

A query runs as one leg per space and one over words (retrieve), each scene's best moment in each
leg becomes evidence against chance (calibrate), the evidence is added up with the mode's weights
(fusion), and the best scenes are answered with the moments that put them there (hit).
"""

import dataclasses
from collections.abc import Sequence

from database.legs import Filters
from embeddings.space import Modality
from search.engine import SearchEngine
from search.hit import SearchAnswer
from search.query import Weights, make_query


class MultiModalSearchEngine(SearchEngine):
    """Searches everything that a library has. Safe to call from several threads."""

    def search(
        self,
        text: str,
        *,
        mode: str | None = None,
        weights: tuple[float, float] | None = None,
        use_vision: bool = True,
        limit: int = 10,
        filters: Filters | None = None,
        spaces: Sequence[str] | None = None,
    ) -> SearchAnswer:
        """The best scenes in a mode ("balanced" by default), or with (text, vision) weights.

        Without `use_vision` only texts are searched, whatever the weights; with `spaces`, only
        these. Raises InvalidQuery, DatabaseError.
        """
        query = make_query(
            text, mode=mode, weights=weights, limit=limit, filters=filters, spaces=spaces
        )
        if use_vision:
            return self.answer(query)
        query = dataclasses.replace(query, weights=Weights(text=1.0, vision=0.0), mode=None)
        return self.answer(query, (Modality.TEXT,))
