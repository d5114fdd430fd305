"""One thing, then another: steps that follow each other within a video.

Each step is a search of its own. Of all ways to take one scene for each step, in the order of
time and none further from the one before than asked, the best for each last scene is found by
dynamic programming over the scenes of a video.
"""

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import MAX_LIMIT, SearchQuery
from search.ranking.confidence import WEAK, confidence_of
from search.ranking.fusion import Fused
from search.ranking.rank import Ranking
from search.results.hits import SearchHit
from search.results.pages import Ranked

MAX_STEPS = 5
MAX_WITHIN_S = 3600.0
_DEPTH = 300
"""Moments that each leg of each step brings in."""


@dataclass(frozen=True)
class SequenceHit:
    """A hit for each step, in the order of the steps; [start_s, end_s) of the video holds them
    all."""

    rank: int
    score: float
    """How sure it is that every step is right."""
    steps: tuple[SearchHit, ...]

    @property
    def weak(self) -> bool:
        """Whether any step may well be wrong."""
        return any(step.weak for step in self.steps)

    @property
    def start_s(self) -> float:
        """Where the first step begins."""
        return min(step.start_s for step in self.steps)

    @property
    def end_s(self) -> float:
        """Where the last step ends."""
        return max(step.end_s for step in self.steps)


@dataclass(frozen=True)
class SequenceAnswer:
    """All that a search for a sequence says."""

    steps: tuple[SearchQuery, ...]
    within_s: float
    hits: tuple[SequenceHit, ...]
    total: int
    """Sequences found, shown or not."""
    confident: bool
    """Whether any of them is more than a weak match."""
    reasons: tuple[str, ...]
    took_ms: float


@dataclass(frozen=True)
class Choice:
    """A scene that may be a step, with the logarithm of how sure it is."""

    fused: Fused
    log_score: float


@dataclass(frozen=True)
class Chain:
    """Scenes for the steps up to one, and the sum of their logarithms."""

    choices: tuple[Choice, ...]
    log_score: float
    weak: bool
    """Whether any of its steps may well be wrong."""


def search_sequence(
    engine: MultiModalSearchEngine,
    steps: Sequence[SearchQuery],
    within_s: float,
    limit: int,
) -> SequenceAnswer:
    """Where the steps follow each other, each beginning after the one before it begins and at most
    `within_s` after that one ends. Raises InvalidQuery."""
    started = time.perf_counter()
    if not 2 <= len(steps) <= MAX_STEPS:
        raise InvalidQuery(f"a sequence has between 2 and {MAX_STEPS} steps")
    if not 0 <= within_s <= MAX_WITHIN_S:
        raise InvalidQuery(f"within must be between 0 and {MAX_WITHIN_S:.0f} seconds")
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit must be between 1 and {MAX_LIMIT}")
    rankings = [engine.rank(step, _DEPTH) for step in steps]
    chosen = [_choices(step, ranking) for step, ranking in zip(steps, rankings, strict=True)]
    every = best_chains(chosen, within_s)
    confident = any(not chain.weak for chain in every)
    chains = every[:limit]
    shown = [_shown(engine, ranking, chains, step) for step, ranking in enumerate(rankings)]
    found = [
        (chain, own)
        for number, chain in enumerate(chains)
        if None not in (own := [hits[number] for hits in shown])  # else its video has gone
    ]
    hits = tuple(
        SequenceHit(rank, math.exp(chain.log_score), tuple(hit for hit in own if hit))
        for rank, (chain, own) in enumerate(found, start=1)
    )
    reasons = dict.fromkeys(reason for r in rankings for reason in r.asked.reasons)
    took_ms = (time.perf_counter() - started) * 1000
    return SequenceAnswer(
        tuple(steps), within_s, hits, len(every), confident, tuple(reasons), took_ms
    )


def _shown(
    engine: MultiModalSearchEngine, ranking: Ranking, chains: Sequence[Chain], step: int
) -> list[SearchHit | None]:
    """The hit of one step of every chain; None if its video is no longer there."""
    own = [chain.choices[step] for chain in chains]
    ranked = [Ranked(choice.fused, math.exp(choice.log_score)) for choice in own]
    found = engine.hits(ranked, ranking, judged=True, explain=False)
    hits = {hit.scene_id: hit for hit in found}
    return [hits.get(choice.fused.candidate.scene_id) for choice in own]


def _choices(step: SearchQuery, ranking: Ranking) -> list[Choice]:
    fused = ranking.fused
    confidence = confidence_of(fused, step.words.meaning, ranking.asked.num_vectors)
    return [Choice(one, math.log(confidence.score(one.value))) for one in fused]


def best_chains(steps: Sequence[Sequence[Choice]], within_s: float) -> list[Chain]:
    """For each scene that may be the last step, the best chain that ends there; best first."""
    by_video: list[dict[int, list[Choice]]] = []
    for step in steps:
        videos: dict[int, list[Choice]] = defaultdict(list)
        for choice in step:
            videos[choice.fused.candidate.video_id].append(choice)
        by_video.append(videos)
    chains: list[Chain] = []
    for video_id in set.intersection(*(set(videos) for videos in by_video)):
        ends = [Chain((c,), c.log_score, _is_weak(c)) for c in by_video[0][video_id]]
        for videos in by_video[1:]:
            ends = _extended(ends, videos[video_id], within_s)
        chains += ends
    return sorted(chains, key=_place)


def _extended(chains: Sequence[Chain], choices: Sequence[Choice], within_s: float) -> list[Chain]:
    """Each choice after the best of the chains that it may follow."""
    extended = []
    for choice in choices:
        before = [chain for chain in chains if _follows(choice, chain.choices[-1], within_s)]
        if before:
            best = min(before, key=_place)
            chain = (*best.choices, choice)
            log_score = best.log_score + choice.log_score
            extended.append(Chain(chain, log_score, best.weak or _is_weak(choice)))
    return extended


def _follows(later: Choice, earlier: Choice, within_s: float) -> bool:
    one, other = earlier.fused.candidate, later.fused.candidate
    return one.start_s < other.start_s <= one.end_s + within_s


def _is_weak(choice: Choice) -> bool:
    return choice.log_score < math.log(WEAK)


def _place(chain: Chain) -> tuple[float, ...]:
    """Better chains come first, weak ones last, and equal ones in the order of their scenes."""
    return (chain.weak, -chain.log_score, *(c.fused.candidate.scene_id for c in chain.choices))
