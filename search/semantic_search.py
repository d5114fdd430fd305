"""SemanticSearchEngine: what is said and written, by meaning and by words."""

from database.queries.filters import Filters
from embeddings.space import Modality
from search.engine import SearchEngine
from search.query.query import Shape, make_query
from search.ranking.rank import Scope
from search.results.hits import SearchAnswer


class SemanticSearchEngine(SearchEngine):
    """Searches the texts of a library. Safe to call from several threads."""

    def search(
        self, text: str, *, filters: Filters | None = None, shape: Shape | None = None
    ) -> SearchAnswer:
        """The best scenes by their texts alone. Raises InvalidQuery, DatabaseError."""
        query = make_query(text, weights=(1, 0), filters=filters, shape=shape)
        return self.answer(query, Scope((Modality.TEXT,)))
