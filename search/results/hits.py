"""Hits: scenes of an answer with the moments that put them there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from database.queries.hits import HitReader, MomentInfo, VideoRef
from database.queries.statement import FULL_TEXT, WHOLE
from database.queries.terms import lexemes_of
from database.queries.word_sql import COVERED
from embeddings.space import Modality
from search.query.query import SearchQuery
from search.ranking.confidence import WEAK, Confidence
from search.ranking.rank import Ranking
from search.results.spoken import LEAD_S, said_s
from search.retrieval.calibrate import as_score
from search.retrieval.candidates import Candidate, LegScore

SHOWN_NATS = 1.6
"""Evidence weaker than a chance of one in five is not shown as a reason for a hit."""


@dataclass(frozen=True)
class Evidence:
    """A moment, and the score of the leg that found it."""

    found: LegScore
    moment: MomentInfo

    @property
    def score(self) -> float:
        """The evidence in [0, 1)."""
        return as_score(self.found.nats)

    @property
    def word_s(self) -> float | None:
        """When the query's words begin in what is said, where that is known."""
        return said_s(self.moment)

    @property
    def start_s(self) -> float:
        """From where on it is heard or seen: just before the query's words, or from its start."""
        word_s = self.word_s
        start_s = self.moment.start_s
        return start_s if word_s is None else max(start_s, word_s - LEAD_S)


@dataclass(frozen=True)
class SearchHit:
    """A scene in the answer. [start_s, end_s) is what to play: the words, or else the scene."""

    rank: int
    scene: Candidate
    weak: bool
    """Whether it may well be wrong."""
    video: VideoRef
    start_s: float
    end_s: float
    evidence: tuple[Evidence, ...]
    """Strongest first; what says nothing is left out unless an explanation is asked for."""

    @property
    def moments(self) -> tuple[Evidence, ...]:
        """The evidence, each moment once by the leg that says most of it."""
        found: dict[int, Evidence] = {}
        for each in self.evidence:
            found.setdefault(each.moment.id, each)
        return tuple(found.values())

    @property
    def score(self) -> float:
        """How sure the hit is, in [0, 1), if the fusion is calibrated."""
        return self.scene.score

    @property
    def scores(self) -> dict[str, float]:
        """By modality, for those that the scene has."""
        return {m.value: as_score(nats) for m, nats in sorted(self.scene.nats.items())}


@dataclass(frozen=True)
class SearchAnswer:
    """The hits of one page, and what holds for the whole answer."""

    query: SearchQuery
    hits: tuple[SearchHit, ...]
    confidence: Confidence | None
    """None if the fusion is not calibrated: then nobody knows how sure it is."""
    ranking: Ranking
    next: str | None
    """The cursor of the next page; None on the last."""
    total: int
    """Hits on all pages."""
    num_weak: int
    """Those of them that may well be wrong."""
    took_ms: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the answer may be incomplete; empty if it is not."""
        return self.ranking.encoded.reasons

    @property
    def degraded(self) -> bool:
        """Whether something that should have taken part did not."""
        return bool(self.reasons)

    @property
    def confident(self) -> bool:
        """Whether any hit, on whatever page, is more than a weak match."""
        return self.total > 0 and (self.confidence is None or self.confidence.answered >= WEAK)


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
    """The sequences found, best first, and what holds for all of them."""

    steps: tuple[SearchQuery, ...]
    within_s: float
    hits: tuple[SequenceHit, ...]
    total: int
    """Sequences found, shown or not."""
    num_weak: int
    """Those of them that may well be wrong."""
    reasons: tuple[str, ...]
    took_ms: float

    @property
    def confident(self) -> bool:
        """Whether any of them is more than a weak match."""
        return self.num_weak < self.total


def make_hits(
    scenes: Sequence[Candidate],
    ranking: Ranking,
    reader: HitReader,
    *,
    first_rank: int = 1,
    judged: bool,
    explain: bool,
) -> tuple[SearchHit, ...]:
    """Scenes of a ranking as hits: with the evidence that says something, or all of it to
    `explain`. They may be weak only if they are `judged`."""
    moments = reader.moments(
        {score.moment_id for scene in scenes for score in scene.scores.values()},
        lexemes_of((*ranking.terms, *ranking.described)),
        ranking.encoded.text,
    )
    videos = reader.videos({scene.video_id for scene in scenes})
    # A video may have gone between the reads.
    present = [scene for scene in scenes if scene.video_id in videos]
    hits = []
    for rank, scene in enumerate(present, start=first_rank):
        evidence = _evidence(scene, moments, explain=explain)
        start_s, end_s = _interval(scene, evidence)
        weak = judged and scene.score < WEAK
        hits.append(SearchHit(rank, scene, weak, videos[scene.video_id], start_s, end_s, evidence))
    return tuple(hits)


def _evidence(
    scene: Candidate, moments: Mapping[int, MomentInfo], *, explain: bool
) -> tuple[Evidence, ...]:
    legs = sorted(scene.scores.values(), key=lambda score: -score.nats)
    evidence = [Evidence(leg, moments[leg.moment_id]) for leg in legs if leg.moment_id in moments]
    shown = [e for e in evidence if explain or e.found.nats >= SHOWN_NATS]
    return tuple(shown or evidence[:1])


def _interval(scene: Candidate, evidence: Sequence[Evidence]) -> tuple[float, float]:
    """[start_s, end_s) to play: the words that were found, or the scene that shows it."""
    played = _played(scene, evidence)
    if played is None or played.moment.end_s <= played.moment.start_s:
        return scene.start_s, scene.end_s
    return _start_of(played, scene), played.moment.end_s


def _played(scene: Candidate, evidence: Sequence[Evidence]) -> Evidence | None:
    """The words to play, if what is said or written says most of why the scene was found: those
    that have every word of the query, or else the strongest."""
    texts = [each for each in evidence if each.found.modality is Modality.TEXT]
    if not texts or scene.nats[Modality.TEXT] < max(scene.nats.values()):
        return None
    whole = [each for each in texts if each.found.leg == FULL_TEXT and each.found.raw >= WHOLE]
    return (whole or texts)[0]


def _start_of(played: Evidence, scene: Candidate) -> float:
    """Just before the query's words, or where too few of them are said, at the beginning."""
    words = scene.scores.get(FULL_TEXT)
    if words is None or words.moment_id != played.moment.id or words.raw < COVERED:
        return played.moment.start_s
    return played.start_s
