"""Fusion: the evidence of several legs as one ranking of scenes.

`evidence` is what searches use unless they ask for another. The others are the well-known ways
to do it, kept so that everybody can compare them (docs/ranking.md).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from database.queries.statement import WORD_LEGS
from embeddings.space import Modality
from search.query.query import FusionName, Weights
from search.retrieval.calibrate import as_score
from search.retrieval.candidates import Candidate, LegScore

RRF_K = 60
"""Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion", SIGIR 2009."""
MISSING_NATS = math.log(2)
"""Half of what is unrelated has more evidence, half less."""
AGREEING = 0.1
"""What evidence of a further space of a modality counts. Chosen on labelled queries
(docs/ranking.md): with all of it, each space that knows nothing of a query adds its noise."""


@dataclass(frozen=True)
class Fusion:
    """A fusion method: the value that a candidate is ranked by."""

    value: Callable[[Candidate, Mapping[Modality, float], Weights], float]

    def rank(self, candidates: Sequence[Candidate], weights: Weights) -> list[Candidate]:
        """The candidates with their values, best first; equal ones in the order of their ids."""
        fused = []
        for candidate in candidates:
            nats = modality_nats(candidate)
            value = self.value(candidate, nats, weights)
            fused.append(candidate._replace(nats=nats, value=value))
        return sorted(fused, key=rank_key)


def rank_key(scene: Candidate) -> tuple[float, int]:
    """The sort key of a ranking."""
    return -scene.value, scene.scene_id


def modality_nats(candidate: Candidate) -> dict[Modality, float]:
    """The evidence for a scene by modality: that of the surest of its spaces, a tenth of what the
    others have, since all of them see, or read, the same; and of the words that match."""
    spaces: dict[Modality, list[float]] = {}
    for leg, score in candidate.scores.items():
        if leg not in WORD_LEGS:
            spaces.setdefault(score.modality, []).append(score.nats)
    nats = {m: (1 - AGREEING) * max(own) + AGREEING * math.fsum(own) for m, own in spaces.items()}
    for leg in WORD_LEGS:
        if (words := candidate.scores.get(leg)) is not None:
            nats[words.modality] = nats.get(words.modality, 0.0) + words.nats
    return nats


def _weighed(nats: Mapping[Modality, float], weights: Weights) -> list[tuple[float, float]]:
    """(weight, evidence) of text and of vision. One that a scene does not have counts as the middle
    of what is unrelated: as much as irrelevant speech would say, not as little as could be."""
    return [
        (weights.text, nats.get(Modality.TEXT, MISSING_NATS)),
        (weights.vision, nats.get(Modality.VISION, MISSING_NATS)),
    ]


def _evidence(_candidate: Candidate, nats: Mapping[Modality, float], weights: Weights) -> float:
    """-ln of the weighted harmonic mean of the p-values of text and vision (Wilson, "The harmonic
    mean p-value for combining dependent tests", PNAS 2019).

    The stronger of the two decides: what is shown need not be said as well, and a sentence that
    merely sounds alike adds nothing to a scene that shows it.
    """
    counted = [(w, n) for w, n in _weighed(nats, weights) if w > 0]
    strongest = max(n for _, n in counted)
    return strongest + math.log(sum(w * math.exp(n - strongest) for w, n in counted))


def _sum(_candidate: Candidate, nats: Mapping[Modality, float], weights: Weights) -> float:
    """The weighted sum of evidence (Fisher's method for independent tests)."""
    return sum(w * n for w, n in _weighed(nats, weights))


def _convex(_candidate: Candidate, nats: Mapping[Modality, float], weights: Weights) -> float:
    """The convex combination of calibrated scores (Bruch, Gai and Ingber, "An Analysis of Fusion
    Functions for Hybrid Retrieval", 2022)."""
    return sum(w * as_score(n) for w, n in _weighed(nats, weights))


def _reciprocal_rank(
    candidate: Candidate, _nats: Mapping[Modality, float], weights: Weights
) -> float:
    """The weighted sum over legs of 1 / (60 + rank); legs that match nothing give nothing."""
    return math.fsum(
        _weight(score, weights) / (RRF_K + score.rank)
        for score in candidate.scores.values()
        if score.raw > 0
    )


def _raw(candidate: Candidate, _nats: Mapping[Modality, float], weights: Weights) -> float:
    """The weighted sum of raw cosines of the spaces: what is done where nobody calibrates."""
    return math.fsum(
        _weight(score, weights) * score.raw
        for leg, score in candidate.scores.items()
        if leg not in WORD_LEGS
    )


def _weight(score: LegScore, weights: Weights) -> float:
    return weights.text if score.modality is Modality.TEXT else weights.vision


def _single(candidate: Candidate, _nats: Mapping[Modality, float], _weights: Weights) -> float:
    """What the only leg says."""
    return max(score.raw for score in candidate.scores.values())


SINGLE_LEG = Fusion(_single)
FUSIONS = {
    FusionName.EVIDENCE: Fusion(_evidence),
    FusionName.SUM: Fusion(_sum),
    FusionName.CONVEX: Fusion(_convex),
    FusionName.RRF: Fusion(_reciprocal_rank),
    FusionName.RAW: Fusion(_raw),
}
