"""Many legs to one ranking of scenes.

`weighted_evidence` is what searches use. The others are the well-known ways to do it, kept so
that the evaluation can show beside each other what they are worth.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from database.legs import FULL_TEXT
from embeddings.space import Modality
from search.calibrate import as_score
from search.hit import Evidence
from search.query import Weights
from search.retrieve import Candidate

RRF_K = 60
"""Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion", SIGIR 2009."""


@dataclass(frozen=True)
class Fused:
    """A candidate with its fused score; `scores` are by modality, for those it has."""

    candidate: Candidate
    score: float
    scores: dict[str, float]


Fusion = Callable[[Sequence[Candidate], Weights], list[Fused]]


def weighted_evidence(candidates: Sequence[Candidate], weights: Weights) -> list[Fused]:
    """-ln of the weighted harmonic mean of the p-values of text and vision (Wilson, "The harmonic
    mean p-value for combining dependent tests", PNAS 2019); within one, the legs add up.

    The stronger of the two decides: what is shown need not be said as well, and a sentence that
    merely sounds alike adds nothing to a scene that shows it. A modality that a scene does not
    have says nothing for or against it.
    """
    fused = []
    for candidate in candidates:
        nats = dict.fromkeys(Modality, 0.0)
        for evidence in candidate.evidence.values():
            nats[evidence.modality] += evidence.nats
        present = {evidence.modality for evidence in candidate.evidence.values()}
        scores = {modality.value: as_score(nats[modality]) for modality in sorted(present)}
        fused.append(Fused(candidate, as_score(_combined(nats, weights)), scores))
    return _ranked(fused)


def _combined(nats: dict[Modality, float], weights: Weights) -> float:
    """ln(text weight * e^text + vision weight * e^vision), without overflow."""
    strongest = max(nats.values())
    return strongest + math.log(
        weights.text * math.exp(nats[Modality.TEXT] - strongest)
        + weights.vision * math.exp(nats[Modality.VISION] - strongest)
    )


def reciprocal_rank(candidates: Sequence[Candidate], weights: Weights) -> list[Fused]:
    """The weighted sum over legs of 1 / (60 + rank); legs that match nothing give nothing."""
    fused = []
    for candidate in candidates:
        score = sum(
            _weight(evidence, weights) / (RRF_K + evidence.rank)
            for evidence in candidate.evidence.values()
            if evidence.raw > 0
        )
        fused.append(Fused(candidate, score, {}))
    return _ranked(fused)


def weighted_raw(candidates: Sequence[Candidate], weights: Weights) -> list[Fused]:
    """The weighted sum of raw cosines of the spaces: what is done where nobody calibrates."""
    fused = []
    for candidate in candidates:
        score = sum(
            _weight(evidence, weights) * evidence.raw
            for leg, evidence in candidate.evidence.items()
            if leg != FULL_TEXT
        )
        fused.append(Fused(candidate, score, {}))
    return _ranked(fused)


def single_leg(leg: str) -> Fusion:
    """The ranking of one leg alone."""

    def fuse(candidates: Sequence[Candidate], _weights: Weights) -> list[Fused]:
        return _ranked(
            Fused(candidate, candidate.evidence[leg].raw, {})
            for candidate in candidates
            if leg in candidate.evidence and candidate.evidence[leg].raw > 0
        )

    return fuse


def _weight(evidence: Evidence, weights: Weights) -> float:
    return weights.text if evidence.modality is Modality.TEXT else weights.vision


def _ranked(fused: Iterable[Fused]) -> list[Fused]:
    return sorted(
        fused,
        key=lambda f: (-f.score, f.candidate.video_id, f.candidate.scene_start_s),
    )
