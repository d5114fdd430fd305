"""Sequences: one thing, then another, within a video.

Each step is a search of its own. Of all ways to take one scene for each step, in the order of
time and none further from the one before than asked, the best for each last scene is found by
dynamic programming over the scenes of a video, twice: among the sure ones, and among all.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from pydantic import Field

from database.forms import Form
from database.metrics import count_search
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import MAX_LIMIT, Limit, Score, SearchQuery
from search.ranking.confidence import WEAK, scored
from search.ranking.rank import Ranking
from search.results.hits import SearchHit, SequenceAnswer, SequenceHit, make_hits
from search.retrieval.candidates import Candidate

MAX_STEPS = 5
MAX_WITHIN_S = 3600.0
_DEPTH = 300
"""Moments that each leg of each step brings in."""


class SequenceShape(Form):
    """The shape of an answer whose hits are sequences."""

    limit: Limit = 10
    min_score: Score = Field(
        default=0.0, description="Only sequences whose every step is so sure, from 0 to 1"
    )


@dataclass(frozen=True)
class Chain:
    """A sequence up to one of its steps: a scene for each step so far."""

    scenes: tuple[Candidate, ...]
    log_score: float
    """The sum of the logarithms of the scores."""
    weak: bool
    """Whether any of its steps may well be wrong."""


def search_sequence(
    engine: MultiModalSearchEngine,
    steps: Sequence[SearchQuery],
    within_s: float,
    limit: int,
) -> SequenceAnswer:
    """Where the steps follow each other, each beginning after the one before it begins and at most
    `within_s` after that one ends. Of a step's shape only `min_score` counts: no scene that is
    less sure is taken for it. Raises InvalidQuery."""
    started = time.perf_counter()
    if not 2 <= len(steps) <= MAX_STEPS:
        raise InvalidQuery(f"a sequence has between 2 and {MAX_STEPS} steps")
    if not 0 <= within_s <= MAX_WITHIN_S:
        raise InvalidQuery(f"within_s must be between 0 and {MAX_WITHIN_S:.0f} seconds")
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit must be between 1 and {MAX_LIMIT}")
    rankings = [engine.ranker.rank(step, _DEPTH) for step in steps]
    every = best_chains([_scored(*pair) for pair in zip(steps, rankings, strict=True)], within_s)
    num_weak = sum(chain.weak for chain in every)
    hits = _hits(engine, rankings, every[:limit])
    reasons = dict.fromkeys(reason for r in rankings for reason in r.encoded.reasons)
    took_ms = (time.perf_counter() - started) * 1000
    count_search(took_ms / 1000, len(hits))
    return SequenceAnswer(
        tuple(steps), within_s, hits, len(every), num_weak, tuple(reasons), took_ms
    )


def _scored(step: SearchQuery, ranking: Ranking) -> list[Candidate]:
    least = step.shape.min_score
    return [scene for scene in scored(ranking.scenes, ranking.confidence) if scene.score >= least]


def _hits(
    engine: MultiModalSearchEngine, rankings: Sequence[Ranking], chains: Sequence[Chain]
) -> tuple[SequenceHit, ...]:
    """The chains whose videos are still there, as hits."""
    by_step: list[dict[int, SearchHit]] = []
    for step, ranking in enumerate(rankings):
        scenes = [chain.scenes[step] for chain in chains]
        hits = make_hits(scenes, ranking, engine.reader, judged=True, explain=False)
        by_step.append({hit.scene.scene_id: hit for hit in hits})
    found: list[SequenceHit] = []
    for chain in chains:
        steps = [hits.get(s.scene_id) for hits, s in zip(by_step, chain.scenes, strict=True)]
        present = tuple(step for step in steps if step is not None)
        if len(present) == len(steps):
            found.append(SequenceHit(len(found) + 1, math.exp(chain.log_score), present))
    return tuple(found)


def best_chains(steps: Sequence[Sequence[Candidate]], within_s: float) -> list[Chain]:
    """For each scene that may be the last step, the best chain that ends there; best first.

    The best without a weak step and the best of any are searched for apart, since the best way
    to one scene need not be the best to go on from: where a later step is weak in any case, a
    sure beginning counts no more than its scores.
    """
    by_video: list[dict[int, list[Candidate]]] = []
    for step in steps:
        videos: dict[int, list[Candidate]] = defaultdict(list)
        for scene in step:
            videos[scene.video_id].append(scene)
        by_video.append(videos)
    chains: list[Chain] = []
    for video_id in set.intersection(*(set(videos) for videos in by_video)):
        of_video = [videos[video_id] for videos in by_video]
        sure = [[scene for scene in scenes if scene.score >= WEAK] for scenes in of_video]
        ends = {chain.scenes[-1].scene_id: chain for chain in _highest(of_video, within_s)}
        ends |= {chain.scenes[-1].scene_id: chain for chain in _highest(sure, within_s)}
        chains += ends.values()
    return sorted(chains, key=_place)


def _highest(steps: Sequence[Sequence[Candidate]], within_s: float) -> list[Chain]:
    """For each last scene of one video, the chain of the highest score, weak or not."""
    ends = [Chain((s,), math.log(s.score), s.score < WEAK) for s in steps[0]]
    for scenes in steps[1:]:
        ends = _extended(ends, scenes, within_s)
    return ends


def _extended(chains: Sequence[Chain], scenes: Sequence[Candidate], within_s: float) -> list[Chain]:
    """Each scene after the highest of the chains that it may follow: those whose last scene begins
    before it and ends at most `within_s` before it. In the order of time, what is over stays over,
    so that the highest one that is not is always on top of the heap."""
    waiting = sorted(chains, key=lambda chain: chain.scenes[-1].start_s, reverse=True)
    open_ones: list[tuple[tuple[float, ...], Chain]] = []
    extended = []
    for scene in sorted(scenes, key=lambda scene: scene.start_s):
        while waiting and waiting[-1].scenes[-1].start_s < scene.start_s:
            chain = waiting.pop()
            heappush(open_ones, (_height(chain), chain))
        while open_ones and open_ones[0][1].scenes[-1].end_s + within_s < scene.start_s:
            heappop(open_ones)
        if open_ones:
            best = open_ones[0][1]
            log_score = best.log_score + math.log(scene.score)
            weak = best.weak or scene.score < WEAK
            extended.append(Chain((*best.scenes, scene), log_score, weak))
    return extended


def _height(chain: Chain) -> tuple[float, ...]:
    """Higher scores come first, and equal ones in the order of their scenes."""
    return (-chain.log_score, *(scene.scene_id for scene in chain.scenes))


def _place(chain: Chain) -> tuple[float, ...]:
    """Better chains come first, weak ones last."""
    return (chain.weak, *_height(chain))
