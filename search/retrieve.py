"""Legs: the candidates of a query, with the evidence that each leg has for them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from database.legs import FULL_TEXT, Filters, LegMatch, VectorLeg, search_legs
from database.session import Database
from embeddings.encoder import Vectors, normalise
from embeddings.space import Modality, Space
from search.calibrate import NullDistribution, full_text_evidence
from search.hit import Evidence
from search.query import SearchQuery

_MOMENTS_PER_LEG = 100
_MOMENTS_PER_HIT = 5


@dataclass(frozen=True)
class Candidate:
    """A scene that some leg has found, with what every leg says of it."""

    scene_id: int
    scene_start_s: float
    scene_end_s: float
    video_id: int
    evidence: dict[str, Evidence]
    """By leg; a leg that has no moment of the scene is left out."""


def retrieve(
    database: Database,
    vectors: Mapping[Space, Vectors],
    words: str | None,
    query: SearchQuery,
    null: dict[str, NullDistribution],
) -> list[Candidate]:
    """The candidates of all legs: one for the query's vector in each space, float32 [dim], and
    one for its `words`, unless they are None."""
    matches = search_legs(
        database,
        [VectorLeg(space.key, vector) for space, vector in vectors.items()],
        words,
        query.filters,
        max(_MOMENTS_PER_LEG, _MOMENTS_PER_HIT * query.limit),
    )
    return _by_scene(matches, null, vectors)


def retrieve_alike(
    database: Database,
    space: Space,
    scene_id: int,
    vectors: Vectors,
    null: NullDistribution,
    *,
    limit: int,
) -> list[Candidate]:
    """The candidates nearest to the mean of a scene's vectors, float32 [n, dim], in a space; not
    the scene itself."""
    leg = VectorLeg(space.key, normalise(vectors.mean(axis=0)))
    matches = search_legs(database, [leg], None, Filters(), _MOMENTS_PER_HIT * limit)
    others = [match for match in matches if match.scene_id != scene_id]
    return _by_scene(others, {space.key: null}, [space])


def _by_scene(
    matches: list[LegMatch], null: dict[str, NullDistribution], spaces: Iterable[Space]
) -> list[Candidate]:
    modality = {FULL_TEXT: Modality.TEXT} | {space.key: space.modality for space in spaces}
    by_leg: dict[str, list[LegMatch]] = defaultdict(list)
    for match in matches:
        by_leg[match.leg].append(match)
    evidence: dict[int, dict[str, Evidence]] = defaultdict(dict)
    for leg, found in by_leg.items():
        found.sort(key=lambda match: (-match.raw, match.scene_id))
        for rank, match in enumerate(found, start=1):
            evidence[match.scene_id][leg] = _evidence(match, modality[leg], rank, null)
    scenes = {match.scene_id: match for match in matches}
    return [
        Candidate(scene_id, m.scene_start_s, m.scene_end_s, m.video_id, evidence[scene_id])
        for scene_id, m in scenes.items()
    ]


def _evidence(
    match: LegMatch, modality: Modality, rank: int, null: dict[str, NullDistribution]
) -> Evidence:
    if match.leg == FULL_TEXT:
        nats = full_text_evidence(match.raw)
    else:
        nats = null[match.leg].evidence(match.raw)
    return Evidence(
        kind=match.kind,
        leg=match.leg,
        modality=modality,
        rank=rank,
        raw=match.raw,
        nats=nats,
        start_s=match.start_s,
        end_s=match.end_s,
        text=match.text,
    )
