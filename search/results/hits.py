"""What a search answers: hits with their evidence."""

from dataclasses import dataclass

from database.queries.hits import MomentInfo, VideoRef
from search.query.query import SearchQuery
from search.ranking.confidence import WEAK, Confidence
from search.ranking.rank import Ranking
from search.results.pages import Ranked
from search.retrieval.calibrate import as_score
from search.retrieval.candidates import LegScore


@dataclass(frozen=True)
class Evidence:
    """A moment, and what the leg that found it says."""

    found: LegScore
    moment: MomentInfo

    @property
    def score(self) -> float:
        """The evidence in [0, 1)."""
        return as_score(self.found.nats)


@dataclass(frozen=True)
class SearchHit:
    """A scene in the answer. [start_s, end_s) is what to play: the words, or else the scene."""

    rank: int
    ranked: Ranked
    weak: bool
    """Whether it may well be wrong."""
    video: VideoRef
    start_s: float
    end_s: float
    evidence: tuple[Evidence, ...]
    """Strongest first; what says nothing is left out unless an explanation is asked for."""

    @property
    def score(self) -> float:
        """How sure the hit is."""
        return self.ranked.score

    @property
    def scene_id(self) -> int:
        """Of its scene."""
        return self.ranked.fused.candidate.scene_id

    @property
    def scene_start_s(self) -> float:
        """Where its scene begins."""
        return self.ranked.fused.candidate.start_s

    @property
    def scene_end_s(self) -> float:
        """Where its scene ends."""
        return self.ranked.fused.candidate.end_s

    @property
    def scores(self) -> dict[str, float]:
        """By modality, for those that the scene has."""
        return {m.value: as_score(nats) for m, nats in sorted(self.ranked.fused.nats.items())}


@dataclass(frozen=True)
class SearchAnswer:
    """All that a search says."""

    query: SearchQuery
    hits: tuple[SearchHit, ...]
    confidence: Confidence | None
    """None if the fusion is not calibrated: then nobody knows how sure it is."""
    ranking: Ranking
    next: str | None
    """The cursor of the next page; None on the last."""
    total: int
    """Hits on all pages."""
    took_ms: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the answer may be incomplete; empty if it is not."""
        return self.ranking.asked.reasons

    @property
    def degraded(self) -> bool:
        """Whether something that should have taken part did not."""
        return bool(self.reasons)

    @property
    def confident(self) -> bool:
        """Whether any hit, on whatever page, is more than a weak match."""
        return self.total > 0 and (self.confidence is None or self.confidence.answered >= WEAK)
