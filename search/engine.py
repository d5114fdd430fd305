"""What every search shares: a checked query to an answer."""

import dataclasses
import time
from collections.abc import Collection, Sequence

from database.queries.hits import MomentInfo, VideoRef
from database.server.connection import Database
from embeddings.loaded import Encoders
from embeddings.space import Modality
from search.query.query import AUTO, SearchQuery, Shape, make_query
from search.ranking.confidence import WEAK, confidence_of
from search.ranking.fusion import FUSIONS
from search.ranking.rank import EVERYTHING, Ranker, Ranking, Scope
from search.results.cache import KeptAnswers
from search.results.cursors import Cursor, fingerprint
from search.results.hits import Evidence, SearchAnswer, SearchHit
from search.results.pages import Ranked, shaped
from search.retrieval.candidates import Candidate
from search.retrieval.query_vectors import NO_EXAMPLES, Examples
from search.retrieval.spaces import Likeness

SHOWN_NATS = 1.6
"""Evidence weaker than a chance of one in five is not shown as a reason for a hit."""
DEPTH, _DEPTH_PER_HIT = 60, 5
"""Moments that each leg brings in, for an answer of ten hits and for more."""


class SearchEngine(Ranker):
    """A library, opened for searching. Safe to call from several threads."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        super().__init__(database, encoders)
        self._kept = KeptAnswers()

    def answer(
        self, query: SearchQuery, scope: Scope = EVERYTHING, examples: Examples = NO_EXAMPLES
    ) -> SearchAnswer:
        """The answer to a checked query; a kept one, if nothing has changed since. Raises
        InvalidQuery."""
        started = time.perf_counter()
        cursor = self._cursor(query, len(examples.like) + len(examples.unlike), scope, examples.key)
        with self._database.reading():  # one connection for all that is read
            return self._answered(query, cursor, scope, examples, started)

    def _answered(
        self, query: SearchQuery, cursor: Cursor, scope: Scope, examples: Examples, started: float
    ) -> SearchAnswer:
        version = self._library.version()
        state = (version, self.choice.snapshot(version), self._words.statistics())
        asked = (query, scope, examples.key)
        kept = self._kept.find(asked, state)
        if kept is not None:
            return dataclasses.replace(kept, took_ms=(time.perf_counter() - started) * 1000)
        ranking = self.rank(query, cursor.depth, scope, examples)
        answer = self._answer(query, ranking, cursor, started)
        shown = dataclasses.replace(answer.ranking, fused=())  # the hits have theirs
        self._kept.keep(asked, state, dataclasses.replace(answer, ranking=shown))
        return answer

    def similar(
        self,
        scene_id: int,
        *,
        by: Likeness | None = None,
        space: str | None = None,
        shape: Shape | None = None,
    ) -> SearchAnswer:
        """Scenes that are like a scene: by look, action or words, or in a space by its key; else
        by its look, and one without pictures by its words. Raises NotFound, InvalidQuery."""
        started = time.perf_counter()
        query = make_query("", mode=AUTO, shape=shape, with_examples=True)
        cursor = self._cursor(query, 1, scene_id, by, space)
        ranking = self.rank_alike(query, cursor.depth, scene_id, by, space)
        return self._answer(query, ranking, cursor, started)

    def _cursor(self, query: SearchQuery, num_examples: int, *what: object) -> Cursor:
        """Where the page that is asked for begins; the examples are found, too, and left out."""
        depth = max(DEPTH, _DEPTH_PER_HIT * query.shape.limit) + _DEPTH_PER_HIT * num_examples
        return Cursor.of(query.shape.cursor, fingerprint(query, what), depth)

    def _answer(
        self, query: SearchQuery, ranking: Ranking, cursor: Cursor, started: float
    ) -> SearchAnswer:
        confidence = cursor.confidence
        if confidence is None and FUSIONS[query.shape.fusion].calibrated:
            num_vectors = ranking.asked.num_vectors
            confidence = confidence_of(ranking.fused, query.words.meaning, num_vectors)
        ranked = [
            Ranked(fused, confidence.score(fused.value) if confidence else fused.value)
            for fused in ranking.fused
        ]
        page = shaped(ranked, query.shape, cursor, self._reader, confidence=confidence)
        return SearchAnswer(
            query=query,
            hits=self.hits(
                page.hits,
                ranking,
                first_rank=cursor.shown + 1,
                judged=confidence is not None,
                explain=query.shape.explain,
            ),
            confidence=confidence,
            ranking=ranking,
            next=page.next,
            total=page.total,
            took_ms=(time.perf_counter() - started) * 1000,
        )

    def hits(
        self,
        page: Sequence[Ranked],
        ranking: Ranking,
        *,
        first_rank: int = 1,
        judged: bool,
        explain: bool,
    ) -> tuple[SearchHit, ...]:
        """These scenes of a ranking with their evidence: only what says something, unless they
        are to explain. Those that are not `judged` are never weak."""
        scenes = [ranked.fused.candidate for ranked in page]
        moments = self._reader.moments(
            {score.moment_id for scene in scenes for score in scene.scores.values()},
            sorted({term.lexeme for term in ranking.terms}),
        )
        videos = self._reader.videos({scene.video_id for scene in scenes})
        # A video may have gone between the reads.
        present = [r for r in page if r.fused.candidate.video_id in videos]
        return tuple(
            _hit(rank, ranked, moments, videos, judged=judged, explain=explain)
            for rank, ranked in enumerate(present, start=first_rank)
        )


def _hit(
    rank: int,
    ranked: Ranked,
    moments: dict[int, MomentInfo],
    videos: dict[int, VideoRef],
    *,
    judged: bool,
    explain: bool,
) -> SearchHit:
    scene = ranked.fused.candidate
    legs = sorted(scene.scores.values(), key=lambda score: -score.nats)
    evidence = [Evidence(leg, moments[leg.moment_id]) for leg in legs if leg.moment_id in moments]
    shown = [e for e in evidence if explain or e.found.nats >= SHOWN_NATS] or evidence[:1]
    start_s, end_s = _interval(scene, shown[:1])
    return SearchHit(
        rank=rank,
        ranked=ranked,
        weak=judged and ranked.score < WEAK,
        video=videos[scene.video_id],
        start_s=start_s,
        end_s=end_s,
        evidence=tuple(shown),
    )


def _interval(scene: Candidate, best: Collection[Evidence]) -> tuple[float, float]:
    """What to play: the words that were found, or the scene that shows it."""
    for evidence in best:
        moment = evidence.moment
        if evidence.found.modality is Modality.TEXT and moment.end_s > moment.start_s:
            return moment.start_s, moment.end_s
    return scene.start_s, scene.end_s
