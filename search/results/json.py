"""The JSON of an answer: what `--json` prints, what the API answers, and what /openapi.json says.

Each class below is one object of it; docs/api.md and docs/ranking.md tell what the values mean.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from database.models import MomentKind
from database.queries.hits import VideoRef
from database.queries.statement import FULL_TEXT, WORD_LEGS
from database.queries.terms import Term, rarity
from search.query.query import Weights
from search.ranking.confidence import Confidence
from search.results.hits import (
    Evidence,
    SearchAnswer,
    SearchHit,
    SequenceAnswer,
    SequenceHit,
)
from search.results.links import keyframe_url, stream_url
from search.retrieval.candidates import LegScore
from search.retrieval.query_vectors import QueryVector

DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601, with its offset from UTC."""
exact = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
"""Objects have the fields that are declared and no others."""


@exact
class WeightsDocument(TypedDict):
    """The weights of text and vision that hits were fused with; they sum to 1."""

    text: float
    vision: float


@exact
class VideoDocument(TypedDict):
    """The video of a hit."""

    id: int
    path: str
    title: str
    duration_s: float
    recorded_at: DateTime | None
    """As the container says, or else when its file was last changed."""


@exact
class SceneDocument(TypedDict):
    """The scene of a hit, [start_s, end_s) of its video."""

    id: int
    start_s: float
    end_s: float


@exact
class EvidenceDocument(TypedDict):
    """A moment and the leg that found it."""

    kind: MomentKind
    leg: str
    rank: int
    raw: float
    score: float
    start_s: float
    end_s: float
    text: str | None
    word_s: float | None
    """Of speech, when the query's words in it begin; null without any, and where the times of
    words are not known."""
    track: str | None
    """Of speech, the sound track or channel that it was heard on, where a video has several; null
    for the first track as a whole."""
    made_by: str | None
    """Of a description, the model that wrote it; null for everything else."""


@exact
class HitDocument(TypedDict):
    """A hit; [start_s, end_s) is what to play."""

    rank: int
    score: float
    """How sure the hit is, in [0, 1]."""
    weak: bool
    """Whether it may well be wrong."""
    scores: dict[str, float]
    video: VideoDocument
    scene: SceneDocument
    start_s: float
    end_s: float
    keyframe_url: str | None
    """null for a recording without pictures."""
    stream_url: str
    """With the moment as the file's own clock tells it, by which players seek; docs/api.md tells
    where it does not."""
    alike: list[int]
    """Scenes that look nearly the same, when such are folded."""
    others_in_video: int
    """Further scenes of the video, when each video is shown once."""
    evidence: list[EvidenceDocument]
    explain: NotRequired[dict[str, Any]]
    """With `explain`: docs/ranking.md tells what and how."""


@exact
class SearchDocument(TypedDict):
    """The answer to a search."""

    query: str
    mode: str | None
    weights: WeightsDocument
    degraded: bool
    reasons: list[str]
    confident: bool
    """Whether any hit is more than a weak match."""
    total: int
    """Hits on all pages."""
    next: str | None
    """The cursor of the page after; null on the last."""
    took_ms: float
    results: list[HitDocument]
    explain: NotRequired[dict[str, Any]]


@exact
class StepDocument(TypedDict):
    """A step of a sequence, as it was searched."""

    query: str
    mode: str | None


@exact
class SequenceHitDocument(TypedDict):
    """A hit for each step; [start_s, end_s) holds them all."""

    rank: int
    score: float
    """How sure it is that every step is right, in [0, 1]."""
    weak: bool
    """Whether any step may well be wrong."""
    video: VideoDocument
    start_s: float
    end_s: float
    stream_url: str
    steps: list[HitDocument]


@exact
class SequenceDocument(TypedDict):
    """The answer to a search for a sequence."""

    steps: list[StepDocument]
    within_s: float
    degraded: bool
    reasons: list[str]
    confident: bool
    """Whether any hit is more than a weak match."""
    total: int
    """Sequences found, answered or not."""
    took_ms: float
    results: list[SequenceHitDocument]


def search_document(answer: SearchAnswer) -> SearchDocument:
    """The answer to a search."""
    explain = answer.query.shape.explain
    document = SearchDocument(
        query=answer.query.text,
        mode=answer.query.mode,
        weights=_weights(answer.ranking.weights),
        degraded=answer.degraded,
        reasons=list(answer.reasons),
        confident=answer.confident,
        total=answer.total,
        next=answer.next,
        took_ms=round(answer.took_ms, 1),
        results=[_hit(hit, answer if explain else None) for hit in answer.hits],
    )
    if explain:
        document["explain"] = _search_explained(answer)
    return document


def sequence_document(answer: SequenceAnswer) -> SequenceDocument:
    """The answer to a search for a sequence."""
    return SequenceDocument(
        steps=[StepDocument(query=step.text, mode=step.mode) for step in answer.steps],
        within_s=answer.within_s,
        degraded=bool(answer.reasons),
        reasons=list(answer.reasons),
        confident=answer.confident,
        total=answer.total,
        took_ms=round(answer.took_ms, 1),
        results=[_sequence_hit(hit) for hit in answer.hits],
    )


def _sequence_hit(hit: SequenceHit) -> SequenceHitDocument:
    video = hit.steps[0].video
    return SequenceHitDocument(
        rank=hit.rank,
        score=round(hit.score, 4),
        weak=hit.weak,
        video=_video(video),
        start_s=round(hit.start_s, 3),
        end_s=round(hit.end_s, 3),
        stream_url=stream_url(video.id, video.clock, hit.start_s, hit.end_s),
        steps=[_hit(step) for step in hit.steps],
    )


def _hit(hit: SearchHit, explained: SearchAnswer | None = None) -> HitDocument:
    scene, video = hit.scene, hit.video
    document = HitDocument(
        rank=hit.rank,
        score=round(hit.score, 4),
        weak=hit.weak,
        scores={modality: round(score, 4) for modality, score in hit.scores.items()},
        video=_video(video),
        scene=SceneDocument(
            id=scene.scene_id, start_s=round(scene.start_s, 3), end_s=round(scene.end_s, 3)
        ),
        start_s=round(hit.start_s, 3),
        end_s=round(hit.end_s, 3),
        keyframe_url=keyframe_url(scene.scene_id) if video.has_pictures else None,
        stream_url=stream_url(video.id, video.clock, hit.start_s, hit.end_s),
        alike=list(scene.alike),
        others_in_video=scene.others,
        evidence=[_evidence(evidence) for evidence in hit.evidence],
    )
    if explained is not None:
        document["explain"] = _hit_explained(hit, explained)
    return document


def _evidence(evidence: Evidence) -> EvidenceDocument:
    moment = evidence.moment
    return EvidenceDocument(
        kind=moment.kind,
        leg=evidence.found.leg,
        rank=evidence.found.rank,
        raw=round(evidence.found.raw, 4),
        score=round(evidence.score, 4),
        start_s=round(moment.start_s, 3),
        end_s=round(moment.end_s, 3),
        text=moment.text,
        word_s=None if evidence.word_s is None else round(evidence.word_s, 3),
        track=moment.track,
        made_by=moment.made_by,
    )


def _video(video: VideoRef) -> VideoDocument:
    return VideoDocument(
        id=video.id,
        path=video.path,
        title=video.title,
        duration_s=round(video.duration_s, 3),
        recorded_at=video.recorded_at.isoformat() if video.recorded_at else None,
    )


def _weights(weights: Weights) -> WeightsDocument:
    return WeightsDocument(text=round(weights.text, 4), vision=round(weights.vision, 4))


def _search_explained(answer: SearchAnswer) -> dict[str, Any]:
    ranking, words = answer.ranking, answer.query.words
    return {
        "fusion": answer.query.shape.fusion,
        "scan": ranking.scan.value,
        "depth": ranking.depth,
        "candidates": ranking.num_candidates,
        "confidence": _confidence_explained(answer.confidence),
        "words": {
            "meaning": words.meaning,
            "phrases": list(words.phrases),
            "excluded": list(words.excluded),
            **_terms_explained(ranking.terms),
            "described": _terms_explained(ranking.described),
        },
    }


def _terms_explained(terms: Sequence[Term]) -> dict[str, Any]:
    return {
        "terms": [
            {"language": term.language, "lexeme": term.lexeme, "weight": term.weight}
            for term in terms
        ],
        "rarity": rarity(terms),
    }


def _confidence_explained(confidence: Confidence | None) -> dict[str, Any] | None:
    if confidence is None:
        return None
    return {**asdict(confidence), "by_chance": confidence.by_chance}


def _hit_explained(hit: SearchHit, answer: SearchAnswer) -> dict[str, Any]:
    """Unrounded, so that the score can be computed again."""
    scene = hit.scene
    return {
        "value": scene.value,
        "nats": {modality.value: nats for modality, nats in sorted(scene.nats.items())},
        "cross_encoder_logit": scene.logit,
        "legs": [_leg_explained(evidence, hit, answer) for evidence in hit.evidence],
    }


def _leg_explained(evidence: Evidence, hit: SearchHit, answer: SearchAnswer) -> dict[str, Any]:
    leg, moment = evidence.found, evidence.moment
    vectors = {vector.space.key: vector for vector in answer.ranking.encoded.vectors}
    has_still = hit.video.has_pictures and leg.leg != FULL_TEXT
    return {
        "leg": leg.leg,
        "modality": leg.modality.value,
        "weight": getattr(answer.ranking.weights, leg.modality.value),
        "rank": leg.rank,
        "raw": leg.raw,
        "nats": leg.nats,
        "score": evidence.score,
        "moment_id": moment.id,
        "matched_words": list(moment.matched),
        "boxes": _boxes(evidence),
        "keyframe_url": keyframe_url(hit.scene.scene_id, moment.start_s) if has_still else None,
        **_space_explained(leg, vectors),
    }


def _boxes(evidence: Evidence) -> list[dict[str, Any]]:
    """Each line of on-screen text with its box."""
    moment = evidence.moment
    lines = (moment.text or "").splitlines()
    return [
        {"text": line, "box": box} for line, box in zip(lines, moment.boxes or (), strict=False)
    ]


def _space_explained(leg: LegScore, vectors: dict[str, QueryVector]) -> dict[str, Any]:
    if leg.leg in WORD_LEGS:
        return {"null": None, "model": None, "revision": None}
    vector = vectors[leg.leg]
    return {
        "null": {"mean": vector.null.mean, "std": vector.null.std},
        "model": vector.space.model,
        "revision": vector.space.revision,
    }
