"""A checked query to the ranking of all scenes that it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from database.errors import SpaceGone
from database.queries.filters import Conditions, Scan, choose_scan
from database.queries.hits import HitReader
from database.queries.statement import WordLeg
from database.queries.terms import Term, WordReader
from database.server.connection import Database
from database.spaces.spaces import SpaceInfo
from database.videos.read import Library
from embeddings.errors import WeightsMissing
from embeddings.loaded import Encoders
from embeddings.space import Input, Modality, Space
from search.errors import InvalidQuery
from search.query.auto import choose_weights
from search.query.query import SearchQuery, Weights
from search.ranking.fusion import FUSIONS, Fused
from search.ranking.rerank import TOP, rerank, text_moments
from search.retrieval.calibrate import NullDistribution
from search.retrieval.candidates import retrieve
from search.retrieval.query_vectors import NO_EXAMPLES, Examples, Probe, make_probe
from search.retrieval.spaces import Likeness, SpaceChoice

Result = TypeVar("Result")


@dataclass(frozen=True)
class Scope:
    """What a search may look at: what is said and written, what is shown, or both; and of what is
    shown, perhaps only pictures, or only clips."""

    modalities: tuple[Modality, ...] = tuple(Modality)
    inputs: tuple[Input, ...] = tuple(Input)


EVERYTHING = Scope()


@dataclass(frozen=True)
class Asked:
    """What is compared, and why some spaces take no part."""

    probes: tuple[Probe, ...]
    text: str
    """Whose words are matched; empty for none."""
    num_vectors: int
    """Of the spaces of the probes."""
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """All scenes that a query has found, best first, and how."""

    fused: Sequence[Fused]
    num_candidates: int
    weights: Weights
    asked: Asked
    scan: Scan
    depth: int
    """Moments that each leg has brought in."""
    terms: tuple[Term, ...]


class Ranker:
    """Ranks the scenes of a library. Safe to call from several threads."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self._database = database
        self._library = Library(database)
        self._encoders = encoders
        self._words = WordReader(database)
        self._reader = HitReader(database)
        self.choice = SpaceChoice(database, encoders)

    def rank(
        self,
        query: SearchQuery,
        depth: int,
        scope: Scope = EVERYTHING,
        examples: Examples = NO_EXAMPLES,
    ) -> Ranking:
        """Every scene that a query finds over the spaces it names, or else the active ones within
        the scope; not the scenes that are given as examples. Raises InvalidQuery, NotFound."""
        if examples.like or examples.unlike:
            self._library.require_scenes({*examples.like, *examples.unlike})
        if query.filters.video_ids:
            self._library.require_videos(query.filters.video_ids)
        return self._with_spaces_there(
            lambda: self._ranked(query, depth, self._asked(query, scope, examples), examples)
        )

    def rank_alike(
        self,
        query: SearchQuery,
        depth: int,
        scene_id: int,
        by: Likeness | None,
        space: str | None,
    ) -> Ranking:
        """Every scene like this one, by its vectors in one space. Raises NotFound, InvalidQuery."""
        examples = Examples(like=(scene_id,))

        def rank() -> Ranking:
            chosen, info = self.choice.for_similar(scene_id, by, space)
            return self._ranked(query, depth, self._asked_alike(chosen, info, examples), examples)

        return self._with_spaces_there(rank)

    def _with_spaces_there(self, read: Callable[[], Result]) -> Result:
        """What `read` finds; once more if a space was dropped since the library was read."""
        try:
            return read()
        except SpaceGone:
            self.choice.forget()
            return read()

    def _ranked(self, query: SearchQuery, depth: int, asked: Asked, examples: Examples) -> Ranking:
        terms = self._words.terms(asked.text) if asked.text else ()
        conditions = self._conditions(query)
        scan = choose_scan(self._database, conditions)
        words = WordLeg(terms, asked.text) if terms else None
        found, scan = retrieve(self._database, asked.probes, words, conditions, scan, depth)
        left_out = {*examples.like, *examples.unlike}
        candidates = [scene for scene in found if scene.scene_id not in left_out]
        present = {score.modality for scene in candidates for score in scene.scores.values()}
        weights = query.weights or choose_weights(query.text, present)
        fused = FUSIONS[query.shape.fusion].rank(candidates, weights)
        ranking = Ranking(fused, len(fused), weights, asked, scan, depth, terms)
        return self._reranked(query, ranking) if query.shape.rerank else ranking

    def _reranked(self, query: SearchQuery, ranking: Ranking) -> Ranking:
        """With its first hits read again, if the model for it is here; else it says that not."""
        first = [text_moments(one.candidate) for one in ranking.fused[:TOP]]
        try:
            fused = rerank(
                query.words.meaning,
                ranking.fused,
                self._reader.moments({moment for moments in first for moment in moments}),
                FUSIONS[query.shape.fusion],
                ranking.weights,
                self._encoders,
            )
        except WeightsMissing as error:
            reasons = (*ranking.asked.reasons, f"nothing was reranked: {error}")
            return replace(ranking, asked=replace(ranking.asked, reasons=reasons))
        return replace(ranking, fused=fused)

    def _asked(self, query: SearchQuery, scope: Scope, examples: Examples) -> Asked:
        searched = self.choice.choose(scope.modalities, query.spaces)
        reasons, probes = list(searched.reasons), []
        for space in searched.spaces:
            if space.input in scope.inputs:
                try:
                    probe = self._probe(
                        space, searched.infos[space.key], query.words.meaning, examples
                    )
                except WeightsMissing as error:
                    reasons.append(f"{space.key} took no part: {error}")
                else:
                    probes += [probe] if probe is not None else []
        if examples and not probes:
            reasons.append("nothing is known yet to compare with: run python -m ingest FOLDER")
        text = query.words.meaning if searched.with_words else ""
        infos = [searched.infos[probe.space.key] for probe in probes]
        return Asked(tuple(probes), text, _num_vectors(infos), tuple(reasons))

    def _asked_alike(self, space: Space, info: SpaceInfo, examples: Examples) -> Asked:
        probe = self._probe(space, info, "", examples)
        if probe is None:
            reason = f"nothing is known of {space.key} yet: run python -m ingest FOLDER"
            return Asked((), "", 0, (reason,))
        return Asked((probe,), "", _num_vectors([info]), ())

    def _probe(self, space: Space, info: SpaceInfo, text: str, examples: Examples) -> Probe | None:
        statistics = info.null_statistics or {}
        nulls = (
            NullDistribution.from_statistics(statistics, space.modality),
            NullDistribution.among_items(statistics),
        )
        read = self._library.vectors_of
        return make_probe(space, text, examples, nulls, self._encoders, read)

    def _conditions(self, query: SearchQuery) -> Conditions:
        """Raises InvalidQuery for a phrase of words that are not indexed."""
        words = query.words
        asked = (*words.phrases, *words.excluded)
        if not asked:
            return Conditions(query.filters)
        found = self._words.phrases(asked)
        for phrase, matches in zip(asked, found, strict=True):
            if not matches:
                raise InvalidQuery(f"“{phrase}” has only words that are too common to be looked up")
        required, excluded = found[: len(words.phrases)], found[len(words.phrases) :]
        return Conditions(query.filters, tuple(required), tuple(excluded))


def _num_vectors(infos: Sequence[SpaceInfo]) -> int:
    """As counted when the statistics of these spaces were made."""
    return sum(int((info.null_statistics or {}).get("count", 0)) for info in infos)
