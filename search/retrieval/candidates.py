"""The candidates of a query: every scene that a leg has found, with its best moment in each leg."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from database.queries.filters import Conditions, Scan
from database.queries.merged import depth_of_each, merged_legs
from database.queries.statement import (
    DESCRIPTION_WORDS,
    FULL_TEXT,
    LegMatch,
    VectorLeg,
    search_legs,
)
from database.queries.terms import WordLeg, rarity
from database.server.connection import Database
from embeddings.space import Modality
from search.retrieval.calibrate import full_text_evidence
from search.retrieval.query_vectors import QueryVector


class LegScore(NamedTuple):
    """The score of a scene in one leg, by the scene's best moment there."""

    leg: str
    modality: Modality
    rank: int
    """Of the scene among the candidates of this leg, from 1."""
    raw: float
    """As the leg gives it: a cosine, or the part of the words matched."""
    nats: float
    """Calibrated: -ln of the chance that an unrelated query does as well."""
    moment_id: int


class Candidate(NamedTuple):
    """A scene on its way to a hit, [start_s, end_s) of its video.

    The legs find it (`scores`), the fusion ranks it (`nats`, `value`), the reranker may read it
    (`logit`), and the page places it (`score`, `alike`, `others`).
    """

    scene_id: int
    video_id: int
    start_s: float
    end_s: float
    scores: Mapping[str, LegScore]
    """By leg; a leg that has no moment of the scene is left out."""
    nats: Mapping[Modality, float] = MappingProxyType({})
    """Evidence by modality, for those that the scene has."""
    value: float = 0.0
    """What it is ranked by; evidence in nats if the fusion is calibrated."""
    logit: float | None = None
    """A cross-encoder's, of its texts, if it was asked."""
    score: float = 0.0
    """How sure it is, in [0, 1), if the fusion is calibrated; else `value`."""
    alike: tuple[int, ...] = ()
    """Scenes that look nearly the same and come after it, when such are folded."""
    others: int = 0
    """Further scenes of its video, when each video is shown once."""


def retrieve(
    database: Database,
    vectors: Sequence[QueryVector],
    words: WordLeg,
    conditions: Conditions,
    scan: Scan,
    depth: int,
    described: WordLeg,
) -> tuple[list[Candidate], Scan]:
    """The candidates of one leg per vector, and of one each for words that are said or written and
    for those of descriptions, unless there are none; and the scan that found them in the end."""
    legs = [VectorLeg(v.space.key, v.vector, v.space.input, v.bit_candidates) for v in vectors]
    ask = partial(
        search_legs,
        vector_legs=legs,
        words=words,
        conditions=conditions,
        scan=scan,
        depth=depth_of_each(depth, len(database.parts)),
        described=described,
    )
    matches, scan = merged_legs(database.gather_steadily(ask), depth)
    measures = {
        FULL_TEXT: _of_words(Modality.TEXT, words),
        DESCRIPTION_WORDS: _of_words(Modality.VISION, described),
        **{v.space.key: _Measure(v.space.modality, v.null.evidence) for v in vectors},
    }
    return _by_scene(matches, measures), scan


class _Measure(NamedTuple):
    """What a leg speaks of, and the evidence of its raw scores, in nats."""

    modality: Modality
    evidence: Callable[[float], float]


def _of_words(modality: Modality, leg: WordLeg) -> _Measure:
    return _Measure(modality, partial(full_text_evidence, rarity=rarity(leg.terms)))


def _by_scene(matches: Sequence[LegMatch], measures: Mapping[str, _Measure]) -> list[Candidate]:
    """Matches of moments as candidates, by scene: the best moment of each leg counts."""
    best: dict[str, dict[int, LegMatch]] = defaultdict(dict)
    for match in matches:
        known = best[match.leg].get(match.scene_id)
        if known is None or (match.raw, -match.moment_id) > (known.raw, -known.moment_id):
            best[match.leg][match.scene_id] = match
    scores: dict[int, dict[str, LegScore]] = defaultdict(dict)
    for leg in sorted(best):
        modality, evidence = measures[leg]
        ranked = sorted(best[leg].values(), key=lambda match: (-match.raw, match.scene_id))
        for rank, match in enumerate(ranked, start=1):
            nats = evidence(match.raw)
            scores[match.scene_id][leg] = LegScore(
                leg, modality, rank, match.raw, nats, match.moment_id
            )
    scenes = {match.scene_id: match for match in matches}
    return [
        Candidate(scene_id, m.video_id, m.scene_start_s, m.scene_end_s, scores[scene_id])
        for scene_id, m in sorted(scenes.items())
    ]
