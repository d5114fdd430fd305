"""The ranking of a query: encoded, retrieved, fused and, if asked for, reranked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from database.errors import SpaceGone
from database.queries.filters import Conditions, Scan, choose_scan
from database.queries.hits import HitReader
from database.queries.terms import NO_WORDS, Term, WordReader
from database.server.connection import Database
from database.videos.read import Library
from embeddings.errors import EmbeddingError
from embeddings.loaded import Encoders
from search.errors import InvalidQuery
from search.query.auto import choose_weights
from search.query.examples import NO_EXAMPLES, Examples
from search.query.query import SearchQuery, Weights
from search.ranking.confidence import Confidence, confidence_of, with_words_found
from search.ranking.fusion import FUSIONS
from search.ranking.rerank import TOP, rerank, text_moments
from search.retrieval.candidates import Candidate, retrieve
from search.retrieval.query_vectors import EncodedQuery, QueryVectorizer, reason_of
from search.retrieval.spaces import EVERYTHING, Likeness, Scope


@dataclass(frozen=True)
class Ranking:
    """Every scene that a query has found, best first, and how it was found."""

    scenes: Sequence[Candidate]
    num_candidates: int
    weights: Weights
    encoded: EncodedQuery
    scan: Scan
    depth: int
    """Moments that each leg has brought in."""
    terms: tuple[Term, ...]
    """The words that were matched with what is said and written."""
    described: tuple[Term, ...] = ()
    """Those that were matched with descriptions."""

    def with_words_found(self) -> "Ranking":
        """Without a weak scene that has all words of the query."""
        return replace(self, scenes=with_words_found(*self._judged))

    def with_reason(self, reason: str) -> "Ranking":
        """With one more reason why it is not as good as it could be."""
        reasons = (*self.encoded.reasons, reason)
        return replace(self, encoded=replace(self.encoded, reasons=reasons))

    @property
    def confidence(self) -> Confidence:
        """How sure it is; only of a calibrated fusion."""
        return confidence_of(*self._judged)

    @property
    def _judged(
        self,
    ) -> tuple[Sequence[Candidate], Weights, int, str, tuple[Term, ...], tuple[Term, ...]]:
        num, text = self.encoded.num_vectors, self.encoded.text
        return self.scenes, self.weights, num, text, self.terms, self.described


class Ranker:
    """Ranks the scenes of a library. Safe to call from several threads."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self._database = database
        self._encoders = encoders
        self._library = Library(database)
        self._words = WordReader(database)
        self._reader = HitReader(database)
        self._vectorizer = QueryVectorizer(database, encoders)
        self.choice = self._vectorizer.choice

    def rank(
        self,
        query: SearchQuery,
        depth: int,
        scope: Scope = EVERYTHING,
        examples: Examples = NO_EXAMPLES,
    ) -> Ranking:
        """Every scene that a query finds over the spaces it names, or else the active ones within
        the scope; not the scenes that are given as examples. Raises InvalidQuery, NotFound."""
        if examples.scene_ids:
            self._library.require_scenes(examples.scene_ids)
        self._require_videos(query)

        def retrieve_and_fuse() -> Ranking:
            encoded = self._vectorizer.of_query(query, scope, examples)
            return self._retrieve_and_fuse(query, encoded, depth, examples)

        return self._with_spaces_there(retrieve_and_fuse)

    def rank_alike(
        self,
        query: SearchQuery,
        depth: int,
        scene_id: int,
        by: Likeness | None,
        space: str | None,
    ) -> Ranking:
        """Every scene like this one, by its vectors in one space. Raises NotFound, InvalidQuery."""
        self._require_videos(query)
        examples = Examples(like=(scene_id,))

        def retrieve_and_fuse() -> Ranking:
            encoded = self._vectorizer.of_scene(scene_id, by, space)
            return self._retrieve_and_fuse(query, encoded, depth, examples)

        return self._with_spaces_there(retrieve_and_fuse)

    def state(self) -> tuple[object, ...]:
        """What rankings depend on beside the query: equal as long as the same query ranks the
        same."""
        version = self._library.version()
        return version, self.choice.snapshot(version), self._words.statistics()

    def _require_videos(self, query: SearchQuery) -> None:
        if query.filters.video_ids:
            self._library.require_videos(query.filters.video_ids)

    def _with_spaces_there(self, retrieve_and_fuse: Callable[[], Ranking]) -> Ranking:
        """Tries once more if a space was dropped since the library was read."""
        try:
            return retrieve_and_fuse()
        except SpaceGone:
            self.choice.forget()
            return retrieve_and_fuse()

    def _retrieve_and_fuse(
        self, query: SearchQuery, encoded: EncodedQuery, depth: int, examples: Examples
    ) -> Ranking:
        words = self._words.leg(encoded.text) if encoded.text else NO_WORDS
        described, meaning = NO_WORDS, query.words.meaning
        if encoded.with_descriptions and meaning:
            described = self._words.described_leg(meaning)
        conditions = self._conditions(query, with_descriptions=encoded.with_descriptions)
        scan = choose_scan(self._database, conditions)
        found, scan = retrieve(
            self._database, encoded.vectors, words, conditions, scan, depth, described
        )
        given = examples.scene_ids
        candidates = [scene for scene in found if scene.scene_id not in given]
        present = {score.modality for scene in candidates for score in scene.scores.values()}
        weights = query.weights or choose_weights(query.text, present)
        ranked = FUSIONS[query.shape.fusion].rank(candidates, weights)
        ranking = Ranking(
            ranked, len(ranked), weights, encoded, scan, depth, words.terms, described.terms
        )
        if query.shape.rerank:
            ranking = self._reranked(query, ranking)
        return ranking.with_words_found() if query.shape.fusion.is_calibrated else ranking

    def _reranked(self, query: SearchQuery, ranking: Ranking) -> Ranking:
        """With its first scenes read again; without the model for it, a reason says so."""
        moments = {moment for scene in ranking.scenes[:TOP] for moment in text_moments(scene)}
        try:
            ranked = rerank(
                query.words.meaning,
                ranking.scenes,
                self._reader.moments(moments),
                FUSIONS[query.shape.fusion],
                ranking.weights,
                self._encoders,
            )
        except EmbeddingError as error:
            return ranking.with_reason(f"nothing was reranked: {reason_of(error)}")
        return replace(ranking, scenes=ranked)

    def _conditions(self, query: SearchQuery, *, with_descriptions: bool) -> Conditions:
        """Raises InvalidQuery for a phrase of words that are not indexed."""
        words = query.words
        phrases = (*words.phrases, *words.excluded)
        if not phrases:
            return Conditions(query.filters)
        found = self._words.phrases(phrases)
        for phrase, own in zip(phrases, found, strict=True):
            if not own.query and not (own.pattern and self._database.has_trigrams):
                raise InvalidQuery(f"“{phrase}” has no words that can be looked up")
        required, excluded = found[: len(words.phrases)], found[len(words.phrases) :]
        return Conditions(query.filters, tuple(required), tuple(excluded), with_descriptions)
