"""The JSON of an answer, for the API and for `--json`; docs/api.md and docs/ranking.md tell it."""

from typing import Any

from database.queries.hits import VideoRef
from database.queries.statement import FULL_TEXT
from search.query.query import Weights
from search.results.hits import Evidence, SearchAnswer, SearchHit
from search.retrieval.candidates import LegScore
from search.retrieval.query_vectors import Probe
from search.sequences import SequenceAnswer


def answer_document(answer: SearchAnswer) -> dict[str, Any]:
    """The whole answer."""
    query = answer.query
    document: dict[str, Any] = {
        "query": query.text,
        "mode": query.mode,
        "weights": _weights(answer.ranking.weights),
        "degraded": answer.degraded,
        "reasons": list(answer.reasons),
        "confident": answer.confident,
        "total": answer.total,
        "next": answer.next,
        "took_ms": round(answer.took_ms, 1),
        "results": [_hit(hit, answer) for hit in answer.hits],
    }
    if query.shape.explain:
        document["explain"] = _search_explained(answer)
    return document


def sequence_document(answer: SequenceAnswer) -> dict[str, Any]:
    """The answer to a search for a sequence."""
    return {
        "steps": [{"query": step.text, "mode": step.mode} for step in answer.steps],
        "within_s": answer.within_s,
        "degraded": bool(answer.reasons),
        "reasons": list(answer.reasons),
        "confident": answer.confident,
        "total": answer.total,
        "took_ms": round(answer.took_ms, 1),
        "results": [
            {
                "rank": hit.rank,
                "score": round(hit.score, 4),
                "weak": hit.weak,
                "video": _video(hit.steps[0].video),
                "start_s": round(hit.start_s, 3),
                "end_s": round(hit.end_s, 3),
                "stream_url": _stream_url(hit.steps[0].video, hit.start_s, hit.end_s),
                "steps": [_hit_document(step) for step in hit.steps],
            }
            for hit in answer.hits
        ],
    }


def _video(video: VideoRef) -> dict[str, Any]:
    return {
        "id": video.id,
        "path": video.path,
        "title": video.title,
        "duration_s": round(video.duration_s, 3),
        "recorded_at": video.recorded_at.isoformat() if video.recorded_at else None,
    }


def _stream_url(video: VideoRef, start_s: float, end_s: float) -> str:
    return f"/videos/{video.id}/stream#t={round(start_s, 3)},{round(end_s, 3)}"


def _weights(weights: Weights) -> dict[str, float]:
    return {"text": round(weights.text, 4), "vision": round(weights.vision, 4)}


def _hit(hit: SearchHit, answer: SearchAnswer) -> dict[str, Any]:
    document = _hit_document(hit)
    if answer.query.shape.explain:
        document["explain"] = _hit_explained(hit, answer)
    return document


def _hit_document(hit: SearchHit) -> dict[str, Any]:
    scene, video = hit.ranked.fused.candidate, hit.video
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "weak": hit.weak,
        "scores": {modality: round(score, 4) for modality, score in hit.scores.items()},
        "video": _video(video),
        "scene": {
            "id": hit.scene_id,
            "start_s": round(scene.start_s, 3),
            "end_s": round(scene.end_s, 3),
        },
        "start_s": round(hit.start_s, 3),
        "end_s": round(hit.end_s, 3),
        "keyframe_url": f"/scenes/{hit.scene_id}/keyframe.jpg" if video.has_pictures else None,
        "stream_url": _stream_url(video, hit.start_s, hit.end_s),
        "alike": list(hit.ranked.alike),
        "others_in_video": hit.ranked.others,
        "evidence": [_evidence(evidence) for evidence in hit.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    moment = evidence.moment
    return {
        "kind": moment.kind.value,
        "leg": evidence.found.leg,
        "rank": evidence.found.rank,
        "raw": round(evidence.found.raw, 4),
        "score": round(evidence.score, 4),
        "start_s": round(moment.start_s, 3),
        "end_s": round(moment.end_s, 3),
        "text": moment.text,
    }


def _search_explained(answer: SearchAnswer) -> dict[str, Any]:
    ranking, words = answer.ranking, answer.query.words
    return {
        "fusion": answer.query.shape.fusion,
        "scan": ranking.scan.value,
        "depth": ranking.depth,
        "candidates": ranking.num_candidates,
        "confidence": None if answer.confidence is None else vars(answer.confidence),
        "words": {
            "meaning": words.meaning,
            "phrases": list(words.phrases),
            "excluded": list(words.excluded),
            "terms": [
                {"language": term.language, "lexeme": term.lexeme, "weight": term.weight}
                for term in ranking.terms
            ],
        },
    }


def _hit_explained(hit: SearchHit, answer: SearchAnswer) -> dict[str, Any]:
    """Unrounded, so that the score can be computed again."""
    fused = hit.ranked.fused
    return {
        "value": fused.value,
        "nats": {modality.value: nats for modality, nats in sorted(fused.nats.items())},
        "cross_encoder_logit": fused.logit,
        "legs": [_leg_explained(evidence, hit, answer) for evidence in hit.evidence],
    }


def _leg_explained(evidence: Evidence, hit: SearchHit, answer: SearchAnswer) -> dict[str, Any]:
    leg, moment = evidence.found, evidence.moment
    probes = {probe.space.key: probe for probe in answer.ranking.asked.probes}
    has_keyframe = hit.video.has_pictures and leg.leg != FULL_TEXT
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
        "keyframe_url": (
            f"/scenes/{hit.scene_id}/keyframe.jpg?at_s={moment.start_s}" if has_keyframe else None
        ),
        **_space_explained(leg, probes),
    }


def _boxes(evidence: Evidence) -> list[dict[str, Any]]:
    """Where each line of on-screen text stands."""
    moment = evidence.moment
    lines = (moment.text or "").splitlines()
    return [
        {"text": line, "box": box} for line, box in zip(lines, moment.boxes or (), strict=False)
    ]


def _space_explained(leg: LegScore, probes: dict[str, Probe]) -> dict[str, Any]:
    if leg.leg == FULL_TEXT:
        return {"null": None, "model": None, "revision": None}
    probe = probes[leg.leg]
    return {
        "null": {"mean": probe.null.mean, "std": probe.null.std},
        "model": probe.space.model,
        "revision": probe.space.revision,
    }
