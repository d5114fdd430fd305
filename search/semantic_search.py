"""SemanticSearchEngine: what is said and written, by meaning and by words."""

from database.queries.filters import Filters
from search.multi_modal_search import ONLY_TEXT, MultiModalSearchEngine
from search.query.query import Shape, make_query
from search.results.hits import SearchAnswer


class SemanticSearchEngine:
    """Searches the texts of a library. Safe to call from several threads."""

    def __init__(self, engine: MultiModalSearchEngine) -> None:
        self._engine = engine

    def search(
        self, query: str, *, filters: Filters | None = None, shape: Shape | None = None
    ) -> SearchAnswer:
        """The best scenes by their texts alone. Raises InvalidQuery, DatabaseError."""
        checked = make_query(query, weights=(1, 0), filters=filters, shape=shape)
        return self._engine.answer(checked, ONLY_TEXT)
