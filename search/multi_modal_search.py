"""MultiModalSearchEngine: what is said, written and shown, fused with tunable weights.

A query runs as one leg per space and one over words (retrieve), each scene's best moment in each
leg becomes evidence against chance (calibrate), the evidence is fused with the mode's weights
(fusion), and the best scenes are put into the shape that was asked for (shape) and answered with
the moments that put them there (hit).
"""

import dataclasses
from collections.abc import Sequence

from database.queries.filters import Filters
from embeddings.encoder import Image
from embeddings.space import Input, Modality
from search.engine import SearchEngine
from search.errors import InvalidQuery
from search.query.query import Shape, Weights, make_query
from search.ranking.rank import Scope
from search.results.hits import SearchAnswer
from search.retrieval.query_vectors import Examples

_ONLY_TEXT = Scope((Modality.TEXT,))
_ONLY_PICTURES = Scope((Modality.VISION,), (Input.IMAGE,))


class MultiModalSearchEngine(SearchEngine):
    """Searches everything that a library has. Safe to call from several threads."""

    def search(
        self,
        text: str,
        *,
        mode: str | None = None,
        weights: tuple[float, float] | None = None,
        use_vision: bool = True,
        filters: Filters | None = None,
        spaces: Sequence[str] | None = None,
        shape: Shape | None = None,
        like: Sequence[int] = (),
        unlike: Sequence[int] = (),
    ) -> SearchAnswer:
        """The best scenes in a mode ("balanced" by default), or with (text, vision) weights.

        Without `use_vision` only texts are searched, whatever the weights; with `spaces`, only
        these. Scenes by their ids, `like` and `unlike`, bend the query towards and away from
        them; they are not answered themselves. Raises InvalidQuery, DatabaseError.
        """
        if set(like) & set(unlike):
            raise InvalidQuery("a scene cannot be both right and wrong")
        query = make_query(
            text, mode=mode, weights=weights, filters=filters, spaces=spaces, shape=shape
        )
        examples = Examples(like=tuple(like), unlike=tuple(unlike))
        if use_vision:
            return self.answer(query, examples=examples)
        query = dataclasses.replace(query, weights=Weights(text=1.0, vision=0.0), mode=None)
        return self.answer(query, _ONLY_TEXT, examples)

    def search_image(
        self,
        image: Image,
        text: str = "",
        *,
        filters: Filters | None = None,
        spaces: Sequence[str] | None = None,
        shape: Shape | None = None,
    ) -> SearchAnswer:
        """Scenes that show what an RGB image shows; a text beside it says what else they should
        show. Raises InvalidQuery, DatabaseError."""
        query = make_query(
            text,
            weights=(0, 1),
            filters=filters,
            spaces=spaces,
            shape=shape,
            with_examples=True,
        )
        return self.answer(query, _ONLY_PICTURES, Examples(images=(image,)))
