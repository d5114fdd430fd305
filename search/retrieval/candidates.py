"""Legs: the candidates of a query, with what each leg says of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from database.queries.filters import Conditions, Scan
from database.queries.statement import FULL_TEXT, LegMatch, VectorLeg, WordLeg, search_legs
from database.server.connection import Database
from embeddings.space import Modality
from search.retrieval.calibrate import NullDistribution, full_text_evidence
from search.retrieval.query_vectors import Probe


class LegScore(NamedTuple):
    """What a leg says of a scene, by the scene's best moment in it."""

    leg: str
    modality: Modality
    """What the leg speaks of."""
    rank: int
    """Of the scene among the candidates of this leg, from 1."""
    raw: float
    """As the leg gives it: a cosine, or the part of the words matched."""
    nats: float
    """Calibrated: -ln of the chance that an unrelated query does as well."""
    moment_id: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scene that some leg has found, [start_s, end_s) of its video."""

    scene_id: int
    video_id: int
    start_s: float
    end_s: float
    scores: Mapping[str, LegScore]
    """By leg; a leg that has no moment of the scene is left out."""


def retrieve(
    database: Database,
    probes: Sequence[Probe],
    words: WordLeg | None,
    conditions: Conditions,
    scan: Scan,
    depth: int,
) -> tuple[list[Candidate], Scan]:
    """The candidates of all legs: one for each probe, and one for the words, unless None; and how
    they were found."""
    legs = [VectorLeg(probe.space.key, probe.vector) for probe in probes]
    matches, scan = search_legs(database, legs, words, conditions, scan, depth)
    nulls = {probe.space.key: probe.null for probe in probes}
    modalities = {probe.space.key: probe.space.modality for probe in probes}
    return by_scene(matches, nulls, modalities | {FULL_TEXT: Modality.TEXT}), scan


def by_scene(
    matches: Sequence[LegMatch],
    nulls: Mapping[str, NullDistribution],
    modalities: Mapping[str, Modality],
) -> list[Candidate]:
    """Matches of moments as candidates, by scene: the best moment of each leg counts."""
    best: dict[str, dict[int, LegMatch]] = defaultdict(dict)
    for match in matches:
        known = best[match.leg].get(match.scene_id)
        if known is None or (match.raw, -match.moment_id) > (known.raw, -known.moment_id):
            best[match.leg][match.scene_id] = match
    scores: dict[int, dict[str, LegScore]] = defaultdict(dict)
    for leg in sorted(best):
        ranked = sorted(best[leg].values(), key=lambda match: (-match.raw, match.scene_id))
        for rank, match in enumerate(ranked, start=1):
            if leg == FULL_TEXT:
                nats = full_text_evidence(match.raw)
            else:
                nats = nulls[leg].evidence(match.raw)
            scores[match.scene_id][leg] = LegScore(
                leg, modalities[leg], rank, match.raw, nats, match.moment_id
            )
    scenes = {match.scene_id: match for match in matches}
    return [
        Candidate(scene_id, m.video_id, m.scene_start_s, m.scene_end_s, scores[scene_id])
        for scene_id, m in sorted(scenes.items())
    ]
