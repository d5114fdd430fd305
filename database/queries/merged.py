"""What the shards of a library have found, as one database would have found it."""

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence

from database.queries.filters import Scan
from database.queries.statement import WORD_LEGS, LegMatch


def depth_of_each(depth: int, num_parts: int) -> int:
    """How many of the `depth` best lie in one of so many parts at most, if they are anywhere by
    chance: the mean and four standard deviations of it."""
    if num_parts == 1:
        return depth
    mean = depth / num_parts
    deviation = math.sqrt(mean * (1 - 1 / num_parts))  # of a binomial distribution
    return min(depth, math.ceil(mean + 4 * deviation))


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
