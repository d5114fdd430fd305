"""What the shards of a library have found, as one database would have found it."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from math import comb

from database.queries.filters import Scan
from database.queries.statement import WORD_LEGS, LegMatch

_MORE = 0.005
"""The chance that some part has more of the best of a leg than it is asked for: then the last of
them are lacking, which hardly ever are of the first ten."""


@lru_cache
def depth_of_each(depth: int, num_parts: int) -> int:
    """How many of the `depth` best are asked of each part, where each lies in any by chance."""
    ways = 0
    for most in range(depth):
        ways += comb(depth, most) * (num_parts - 1) ** (depth - most)
        if num_parts * (1 - ways / num_parts**depth) <= _MORE:
            return most
    return depth


def merged_legs(
    answers: Sequence[tuple[list[LegMatch], Scan]], depth: int
) -> tuple[list[LegMatch], Scan]:
    """The matches of the scenes of the `depth` best moments of each leg, of those of several
    databases, each with the candidates of its own; and an index as their scan, if one has used it.

    A video that moves is in two for a moment, under the same ids: it counts once.
    """
    if len(answers) == 1:
        return answers[0]
    best: dict[str, dict[int, LegMatch]] = defaultdict(dict)
    for match in (match for matches, _ in answers for match in matches):
        known = best[match.leg].get(match.moment_id)
        if known is None or match.raw > known.raw:
            best[match.leg][match.moment_id] = match
    scenes = {scene for leg, own in best.items() for scene in _candidates(leg, own, depth)}
    found = [m for own in best.values() for m in own.values() if m.scene_id in scenes]
    scans = {scan for _, scan in answers}
    return found, scans.pop() if len(scans) == 1 else Scan.INDEX


def _candidates(leg: str, matches: dict[int, LegMatch], depth: int) -> set[int]:
    """The scenes that a leg brings in: those of its nearest vectors, or with the best words."""
    if leg not in WORD_LEGS:
        nearest = heapq.nlargest(depth, matches.values(), key=lambda m: (m.raw, -m.moment_id))
        return {match.scene_id for match in nearest}
    of_scene: dict[int, tuple[float, int]] = {}
    for match in matches.values():
        if match.raw > 0:
            place = (match.raw, -match.moment_id)
            of_scene[match.scene_id] = max(place, of_scene.get(match.scene_id, place))
    return set(heapq.nlargest(depth, of_scene, key=of_scene.__getitem__))
