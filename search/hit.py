"""What a search answers: hits with their evidence, and the document that shows them."""

from dataclasses import dataclass
from typing import Any

from database.library import VideoRef
from database.models import MomentKind
from embeddings.space import Modality
from search.calibrate import as_score
from search.query import SearchQuery


@dataclass(frozen=True)
class Evidence:
    """A moment and the leg that found it."""

    kind: MomentKind
    leg: str
    modality: Modality
    """What the leg speaks of."""
    rank: int
    """Of the scene in this leg, from 1."""
    raw: float
    """As the leg gives it: a cosine, or the part of the words matched."""
    nats: float
    """Calibrated: -ln of the chance that an unrelated query does as well."""
    start_s: float
    end_s: float
    text: str | None

    @property
    def score(self) -> float:
        """The evidence in [0, 1)."""
        return as_score(self.nats)


@dataclass(frozen=True)
class SearchHit:
    """A scene in the answer. [start_s, end_s) is what to play: the words, or else the scene."""

    rank: int
    score: float
    scores: dict[str, float]
    """By modality, for those that the scene has."""
    video: VideoRef
    scene_id: int
    scene_start_s: float
    scene_end_s: float
    start_s: float
    end_s: float
    evidence: tuple[Evidence, ...]
    """Strongest first."""


@dataclass(frozen=True)
class SearchAnswer:
    """All that a search says."""

    query: SearchQuery
    hits: tuple[SearchHit, ...]
    reasons: tuple[str, ...]
    """Why the answer may be incomplete; empty if it is not."""
    took_ms: float

    @property
    def degraded(self) -> bool:
        """Whether something that should have taken part did not."""
        return bool(self.reasons)


def answer_document(answer: SearchAnswer) -> dict[str, Any]:
    """The JSON of the API and of `--json`, documented in docs/api.md."""
    return {
        "query": answer.query.text,
        "mode": answer.query.mode,
        "weights": {
            "text": round(answer.query.weights.text, 4),
            "vision": round(answer.query.weights.vision, 4),
        },
        "degraded": answer.degraded,
        "reasons": list(answer.reasons),
        "took_ms": round(answer.took_ms, 1),
        "results": [_hit_document(hit) for hit in answer.hits],
    }


def _hit_document(hit: SearchHit) -> dict[str, Any]:
    start_s, end_s = round(hit.start_s, 3), round(hit.end_s, 3)
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "scores": {modality: round(score, 4) for modality, score in hit.scores.items()},
        "video": {
            "id": hit.video.id,
            "path": hit.video.path,
            "title": hit.video.title,
            "duration_s": round(hit.video.duration_s, 3),
        },
        "scene": {
            "id": hit.scene_id,
            "start_s": round(hit.scene_start_s, 3),
            "end_s": round(hit.scene_end_s, 3),
        },
        "start_s": start_s,
        "end_s": end_s,
        "keyframe_url": f"/scenes/{hit.scene_id}/keyframe.jpg" if hit.video.has_pictures else None,
        "stream_url": f"/videos/{hit.video.id}/stream#t={start_s},{end_s}",
        "evidence": [
            {
                "kind": evidence.kind.value,
                "leg": evidence.leg,
                "rank": evidence.rank,
                "raw": round(evidence.raw, 4),
                "score": round(evidence.score, 4),
                "start_s": round(evidence.start_s, 3),
                "end_s": round(evidence.end_s, 3),
                "text": evidence.text,
            }
            for evidence in hit.evidence
        ],
    }
