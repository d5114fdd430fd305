"""SemanticSearchEngine: what is said and written, by meaning and by words."""

from database.legs import Filters
from embeddings.space import Modality
from search.engine import SearchEngine
from search.hit import SearchAnswer
from search.query import make_query


class SemanticSearchEngine(SearchEngine):
    """Searches the texts of a library. Safe to call from several threads."""

    def search(self, text: str, *, limit: int = 10, filters: Filters | None = None) -> SearchAnswer:
        """The best scenes by their texts alone. Raises InvalidQuery, DatabaseError."""
        query = make_query(text, weights=(1, 0), limit=limit, filters=filters)
        return self.answer(query, (Modality.TEXT,))
