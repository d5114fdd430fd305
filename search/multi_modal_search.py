"""MultiModalSearchEngine: what is said, written and shown, fused with tunable weights.

The story of a search: the query is ranked (ranking/rank.py: encoded, retrieved in one leg per
space and one over words, calibrated, fused), it is judged how sure the ranking is
(ranking/confidence.py), a page is cut from it (results/pages.py), and its scenes become hits with
the moments that put them there (results/hits.py).
"""

import dataclasses
import time
from collections.abc import Sequence
from typing import Self

from database.metrics import count_search
from database.queries.filters import Filters
from database.queries.hits import HitReader
from database.server.connection import Database
from embeddings.encoder import Image
from embeddings.loaded import Encoders
from embeddings.space import Input, Modality
from search.errors import InvalidQuery
from search.library import OpenLibrary, open_library
from search.query.examples import NO_EXAMPLES, Examples
from search.query.query import AUTO, SearchQuery, Shape, Weights, check_weights, make_query
from search.ranking.rank import Ranker, Ranking
from search.results.cache import AnswerCache
from search.results.cursors import Cursor, fingerprint
from search.results.hits import SearchAnswer, make_hits
from search.results.pages import cut_page
from search.retrieval.spaces import EVERYTHING, Likeness, Scope

DEPTH, _DEPTH_PER_HIT = 60, 5
"""Moments that each leg brings in, for an answer of ten hits and for more."""
_CUT_OFF = (
    "the database that takes writes does not answer: this is from a standby, and what was changed "
    "last may be missing"
)
ONLY_TEXT = Scope((Modality.TEXT,))
ONLY_PICTURES = Scope((Modality.VISION,), (Input.IMAGE,))


class MultiModalSearchEngine:
    """Searches everything that a library has. Safe to call from several threads.

    Without a database and its encoders, it opens the library that the environment names
    (search/library.py), which `close`, or the end of a `with` block, closes again.
    """

    def __init__(
        self,
        database: Database | None = None,
        encoders: Encoders | None = None,
        *,
        text_weight: float | None = None,
        vision_weight: float | None = None,
    ) -> None:
        """The two weights are those of searches that name neither a mode nor weights of their own.

        Raises InvalidQuery for weights that cannot be used, and what `open_library` raises.
        """
        self._weights = _weights(text_weight, vision_weight)
        self._opened: OpenLibrary | None = None
        if database is None or encoders is None:
            if database is not None or encoders is not None:
                raise TypeError("give a database with its encoders, or neither")
            self._opened = open_library()
            database, encoders = self._opened.database, self._opened.encoders
        self._database = database = database.from_anywhere()
        self._cache = AnswerCache()
        self.ranker = Ranker(database, encoders)
        self.reader = HitReader(database)

    def close(self) -> None:
        """Closes the library, if the engine has opened it; one that it was given stays open."""
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def search(
        self,
        query: str,
        *,
        mode: str | None = None,
        weights: tuple[float, float] | None = None,
        use_vision: bool = True,
        filters: Filters | None = None,
        spaces: Sequence[str] | None = None,
        shape: Shape | None = None,
        most: int | None = None,
        like: Sequence[int] = (),
        unlike: Sequence[int] = (),
    ) -> SearchAnswer:
        """The best scenes in a mode, or with (text, vision) weights; with neither, by the weights
        of the engine, or balanced.

        Without `use_vision` only texts are searched, whatever the weights; with `spaces`, only
        these. `most` gives more hits at once than the shape's limit, from a search as deep as
        that limit has it. Scenes by their ids, `like` and `unlike`, bend the query towards and
        away from them; they are not answered themselves. Raises InvalidQuery, DatabaseError.
        """
        if set(like) & set(unlike):
            raise InvalidQuery("a scene cannot be both like and unlike what is meant")
        if mode is None and weights is None:
            weights = self._weights
        checked = make_query(
            query,
            mode=mode,
            weights=weights,
            filters=filters,
            spaces=spaces,
            shape=shape,
            most=most,
        )
        examples = Examples(like=tuple(like), unlike=tuple(unlike))
        if use_vision:
            return self.answer(checked, EVERYTHING, examples)
        checked = dataclasses.replace(checked, weights=Weights(text=1.0, vision=0.0), mode=None)
        return self.answer(checked, ONLY_TEXT, examples)

    def search_image(
        self,
        image: Image,
        query: str = "",
        *,
        filters: Filters | None = None,
        spaces: Sequence[str] | None = None,
        shape: Shape | None = None,
        most: int | None = None,
    ) -> SearchAnswer:
        """Scenes that show what an RGB image shows; a text beside it says what else they should
        show. Raises InvalidQuery, DatabaseError."""
        checked = make_query(
            query,
            weights=(0, 1),
            filters=filters,
            spaces=spaces,
            shape=shape,
            most=most,
            with_examples=True,
        )
        return self.answer(checked, ONLY_PICTURES, Examples(images=(image,)))

    def similar(
        self,
        scene_id: int,
        *,
        by: Likeness | None = None,
        space: str | None = None,
        filters: Filters | None = None,
        shape: Shape | None = None,
        most: int | None = None,
    ) -> SearchAnswer:
        """Scenes that are like a scene: by look, action, words or description, or in a space by its
        key; else by its look, and one without pictures by its words. Raises NotFound,
        InvalidQuery."""
        started = time.perf_counter()
        query = make_query(
            "", mode=AUTO, filters=filters, shape=shape, most=most, with_examples=True
        )
        cursor = _cursor(query, 1, scene_id, by, space)

        def answer() -> SearchAnswer:
            ranking = self.ranker.rank_alike(query, cursor.depth, scene_id, by, space)
            return self._make_answer(query, ranking, cursor, started)

        return _counted(self._database.read(answer))

    def answer(
        self, query: SearchQuery, scope: Scope = EVERYTHING, examples: Examples = NO_EXAMPLES
    ) -> SearchAnswer:
        """The answer to a checked query, from the cache if nothing has changed since. Raises
        InvalidQuery, NotFound, DatabaseError."""
        started = time.perf_counter()
        # One connection for all that is read.
        return _counted(self._database.read(lambda: self._answer(query, scope, examples, started)))

    def _answer(
        self, query: SearchQuery, scope: Scope, examples: Examples, started: float
    ) -> SearchAnswer:
        cursor = _cursor(query, len(examples.scene_ids), scope, examples.key)
        key = (query, scope, examples.key)
        state = self.ranker.state()
        cached = self._cache.find(key, state)
        if cached is not None and not self._database.is_cut_off:
            return dataclasses.replace(cached, took_ms=_ms_since(started))
        ranking = self.ranker.rank(query, cursor.depth, scope, examples)
        if self._database.is_cut_off:
            ranking = ranking.with_reason(_CUT_OFF)
        answer = self._make_answer(query, ranking, cursor, started)
        without_scenes = dataclasses.replace(ranking, scenes=())  # the hits have theirs
        self._cache.put(key, state, dataclasses.replace(answer, ranking=without_scenes))
        return answer

    def _make_answer(
        self, query: SearchQuery, ranking: Ranking, cursor: Cursor, started: float
    ) -> SearchAnswer:
        """A ranking as one page of hits."""
        confidence = cursor.confidence
        if confidence is None and query.shape.fusion.is_calibrated:
            confidence = ranking.confidence
        page = cut_page(ranking.scenes, query.shape, cursor, self.reader, confidence, query.most)
        hits = make_hits(
            page.scenes,
            ranking,
            self.reader,
            first_rank=cursor.shown + 1,
            judged=confidence is not None,
            explain=query.shape.explain,
        )
        took_ms = _ms_since(started)
        return SearchAnswer(
            query, hits, confidence, ranking, page.next, page.total, page.num_weak, took_ms
        )


def _weights(text: float | None, vision: float | None) -> tuple[float, float] | None:
    """Both weights, if they were given. Raises InvalidQuery."""
    if text is None and vision is None:
        return None
    if text is None or vision is None:
        raise InvalidQuery("give text_weight and vision_weight, or neither")
    check_weights((text, vision))
    return text, vision


def _cursor(query: SearchQuery, num_examples: int, *what: object) -> Cursor:
    """The beginning of the page asked for. Scenes given as examples are found, too, and left out,
    so that each leg has to bring in more."""
    depth = max(DEPTH, _DEPTH_PER_HIT * query.shape.limit) + _DEPTH_PER_HIT * num_examples
    return Cursor.of(query.shape.cursor, fingerprint(query, what), depth)


def _counted(answer: SearchAnswer) -> SearchAnswer:
    count_search(answer.took_ms / 1000, len(answer.hits))
    return answer


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
