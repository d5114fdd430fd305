"""How well a hit begins and ends where the answer does: the overlap of the two over their union."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from search.evaluation.labelled import LabelledQuery, QueryFile
from search.evaluation.matching import matches
from search.results.hits import SearchHit

CLOSE, CLOSER = 0.5, 0.7
"""Overlaps over union from which boundaries count as found (as temporal grounding has it, R@1 at
IoU 0.5 and 0.7: Gao et al., "TALL", ICCV 2017)."""


@dataclass(frozen=True)
class Boundaries:
    """Of the first right hit of each query that has one."""

    num_found: int
    close: float
    """The part of them that overlap their target by CLOSE."""
    closer: float
    mean: float
    scene_close: float
    """The same, if each hit were its whole scene."""
    scene_closer: float
    scene_mean: float


def boundaries(
    queries: QueryFile, answers: Mapping[str, Sequence[SearchHit]]
) -> dict[str, Boundaries]:
    """By class of query and for "all"; classes in which nothing right is found are left out."""
    overlaps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for query in queries.queries:
        tolerance_s = queries.tolerance_s(query.modality)
        if (both := first_overlaps(query, answers[query.id], tolerance_s)) is not None:
            for name in ("all", query.modality):
                overlaps[name].append(both)
    return {name: _summed_up(both) for name, both in overlaps.items()}


def first_overlaps(
    query: LabelledQuery, hits: Sequence[SearchHit], tolerance_s: float
) -> tuple[float, float] | None:
    """Of the first right hit, with the target that it is nearest to: as it is, and as its whole
    scene. None if no hit is right."""
    for hit in hits:
        right = [target for target in query.targets if matches(hit, target, tolerance_s)]
        if right:
            scene = hit.scene.start_s, hit.scene.end_s
            return max(
                (
                    overlap((hit.start_s, hit.end_s), (target.start, target.end)),
                    overlap(scene, (target.start, target.end)),
                )
                for target in right
            )
    return None


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Of two intervals, the part of their union that both have."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    union = max(one[1], other[1]) - min(one[0], other[0])
    return max(common, 0.0) / union if union > 0 else 0.0


def _summed_up(overlaps: Sequence[tuple[float, float]]) -> Boundaries:
    def part(number: int, least: float) -> float:
        return _mean(overlaps, lambda both: float(both[number] >= least))

    return Boundaries(
        len(overlaps),
        part(0, CLOSE),
        part(0, CLOSER),
        _mean(overlaps, lambda both: both[0]),
        part(1, CLOSE),
        part(1, CLOSER),
        _mean(overlaps, lambda both: both[1]),
    )


def _mean(
    overlaps: Sequence[tuple[float, float]], value: Callable[[tuple[float, float]], float]
) -> float:
    return sum(map(value, overlaps)) / len(overlaps)
