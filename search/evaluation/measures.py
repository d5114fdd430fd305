"""Measures of rankings with labelled queries: when a hit is right, and what follows from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ir_measures
from ir_measures import R, Success, nDCG

from database.queries.statement import FULL_TEXT
from search.evaluation.boundaries import Boundaries, boundaries
from search.evaluation.labelled import LabelledQuery, QueryFile
from search.evaluation.matching import matches
from search.multi_modal_search import DEPTH, MultiModalSearchEngine
from search.query.query import AUTO, MODES, FusionName, Shape, make_query
from search.ranking.confidence import scored
from search.ranking.fusion import FUSIONS, SINGLE_LEG, Fusion
from search.results.hits import SearchHit, make_hits
from search.retrieval.candidates import Candidate

NUM_HITS = 10
"""Looked at of each answer."""
MEASURES = (Success @ 1, R @ 1, R @ 5, R @ 10, nDCG @ 10)

Answers = Mapping[str, Sequence[SearchHit]]
"""The hits of every labelled query, by its id."""


@dataclass(frozen=True)
class Method:
    """A way to rank, as a row of the table."""

    name: str
    fusion: Fusion
    mode: str
    only: str | None = None
    """The one leg that counts."""


@dataclass(frozen=True)
class Evaluation:
    """What labelled queries say of a library's rankings."""

    methods: dict[str, dict[str, dict[str, float]]]
    """Every measure, by method and class of query."""
    misled: dict[str, list[str]]
    """The ids of the queries that a wrong answer misleads, by mode."""
    auroc: dict[str, float | None]
    """By mode; None without queries that nothing answers."""
    boundaries: dict[str, dict[str, Boundaries]]
    """Of the first right hits, by mode and class of query."""


def evaluate(
    engine: MultiModalSearchEngine, queries: QueryFile, spaces: Sequence[str]
) -> Evaluation:
    """Every method over these spaces, measured. Raises InvalidQuery, DatabaseError."""
    answers = ask(engine, queries, all_methods(spaces), spaces)
    modes = [*MODES, AUTO]
    return Evaluation(
        methods={name: measure(queries, found) for name, found in answers.items()},
        misled={mode: misled(queries, answers[mode]) for mode in modes},
        auroc={mode: separation(engine, queries, mode, spaces) for mode in modes},
        boundaries={mode: boundaries(queries, answers[mode]) for mode in modes},
    )


def judge(
    query: LabelledQuery, hits: Sequence[SearchHit], tolerance_s: float
) -> tuple[dict[str, int], dict[str, float]]:
    """(relevance judgements, run) in the form of ir_measures.

    Where any target will do they are one document; a target counts where it is first found.
    """
    names = [
        "target" if query.match == "any" else f"target-{number}"
        for number in range(len(query.targets))
    ]
    run: dict[str, float] = {}
    for hit in hits:
        found = [
            name
            for name, target in zip(names, query.targets, strict=True)
            if name not in run and matches(hit, target, tolerance_s)
        ]
        for name in found[:1] or [f"other-{hit.rank}"]:
            run[name] = float(-hit.rank)
    return dict.fromkeys(names, 1), run


def is_misled(query: LabelledQuery, hits: Sequence[SearchHit], tolerance_s: float) -> bool:
    """Whether an answer that must not ranks above the first right one, be that found or not."""
    for hit in hits:
        if any(matches(hit, target, tolerance_s) for target in query.targets):
            return False
        if any(matches(hit, wrong, tolerance_s) for wrong in query.must_not):
            return True
    return False


def ask(
    engine: MultiModalSearchEngine,
    queries: QueryFile,
    methods: Sequence[Method],
    spaces: Sequence[str],
) -> Mapping[str, Answers]:
    """Every labelled query, answered by every method over these spaces; by the method's name."""
    answers: dict[str, dict[str, Sequence[SearchHit]]] = {method.name: {} for method in methods}
    for labelled in queries.queries:
        query = make_query(labelled.query, mode=AUTO, spaces=spaces)
        ranking = engine.ranker.rank(query, DEPTH)
        for method in methods:
            weights = MODES.get(method.mode, ranking.weights)
            candidates: Sequence[Candidate] = ranking.scenes
            if method.only is not None:
                candidates = _of_leg(candidates, method.only)
            fused = replace(ranking, scenes=method.fusion.rank(candidates, weights))
            if method.fusion is FUSIONS[FusionName.EVIDENCE]:
                fused = fused.with_words_found()
            best = scored(fused.scenes[:NUM_HITS], None)
            hits = make_hits(best, ranking, engine.reader, judged=False, explain=False)
            answers[method.name][labelled.id] = hits
    return answers


def _of_leg(candidates: Sequence[Candidate], leg: str) -> list[Candidate]:
    """What one leg has found, as if there were no other."""
    return [
        candidate._replace(scores={leg: candidate.scores[leg]})
        for candidate in candidates
        if leg in candidate.scores and candidate.scores[leg].raw > 0
    ]


def measure(queries: QueryFile, answers: Answers) -> dict[str, dict[str, float]]:
    """The mean of every measure, by class of query and for "all"."""
    qrels: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    runs: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for query in queries.queries:
        qrel, run = judge(query, answers[query.id], queries.tolerance_s(query.modality))
        for name in ("all", query.modality):
            qrels[name][query.id], runs[name][query.id] = qrel, run
    return {name: _measured(qrels[name], runs[name]) for name in qrels}


def misled(queries: QueryFile, answers: Answers) -> list[str]:
    """The ids of the queries that a wrong answer misleads."""
    return [
        query.id
        for query in queries.queries
        if is_misled(query, answers[query.id], queries.tolerance_s(query.modality))
    ]


def separation(
    engine: MultiModalSearchEngine, queries: QueryFile, mode: str, spaces: Sequence[str]
) -> float | None:
    """How well the first hit's score tells queries with an answer from those without one: the
    area under the ROC curve, 0.5 for chance; None without negatives."""

    def top_score(text: str) -> float:
        query = make_query(text, mode=mode, spaces=spaces, shape=Shape(limit=1))
        hits = engine.answer(query).hits
        return hits[0].score if hits else 0.0

    answered = [top_score(query.query) for query in queries.queries]
    unanswered = [top_score(query.query) for query in queries.negatives]
    pairs = [(a > b) + 0.5 * (a == b) for a in answered for b in unanswered]
    return sum(pairs) / len(pairs) if pairs else None


def _measured(
    qrels: dict[str, dict[str, int]], runs: dict[str, dict[str, float]]
) -> dict[str, float]:
    values = ir_measures.calc_aggregate(MEASURES, qrels, runs)
    return {str(measure): float(values[measure]) for measure in MEASURES}


def all_methods(spaces: Sequence[str]) -> list[Method]:
    """Every row of the table: the modes, each leg alone, the other ways to fuse."""
    evidence = FUSIONS[FusionName.EVIDENCE]
    others = {name: fusion for name, fusion in FUSIONS.items() if name is not FusionName.EVIDENCE}
    return [
        *(Method(mode, evidence, mode) for mode in (*MODES, AUTO)),
        *(Method(f"only {leg}", SINGLE_LEG, "balanced", leg) for leg in (*spaces, FULL_TEXT)),
        *(Method(f"fusion={name.value}", fusion, "balanced") for name, fusion in others.items()),
    ]
