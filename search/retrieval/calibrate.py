"""Calibration: raw scores of different models as evidence against chance, which can be compared.

A raw cosine means nothing by itself: sentence cosines of related texts live near 0.5, those of CLIP
near 0.3. What can be compared is how surprising a score is. Each space keeps how background
queries score against its vectors (a normal distribution, fixed until the library has grown); the
evidence of a score is -ln p, in nats, where p is the chance that an unrelated query scores as high.
"""

import math
from dataclasses import dataclass
from typing import Any

from embeddings.space import Input

WORDS_NATS = 3.0
"""Evidence of a scene that has all words of the query, however common they are."""
WHOLENESS = 6
"""The power of the part of the words that is found, in how much their rarity counts: nine tenths of
them count half, one half next to nothing."""
TEXT_SPREAD = 1.3
"""Texts about the same subject as the query, descriptions among them, score higher than background
queries let expect, and yet do not say what is asked: their null distribution is this much wider.
Chosen on labelled queries (docs/ranking.md); anything from 1.2 to 1.4 ranks alike."""
LEAST_SPREAD = 0.05
"""Of items among themselves: a handful of them says too little to be surer."""
_SCALE_NATS = 6.0
_MAX_SCORE = math.nextafter(1.0, 0.0)


@dataclass(frozen=True)
class NullDistribution:
    """The normal distribution of the scores of unrelated queries in a space."""

    mean: float
    std: float

    @classmethod
    def of_texts(cls, statistics: dict[str, Any], items: Input) -> "NullDistribution | None":
        """How unrelated texts score in a space of such items, from the statistics that an
        ingest has stored; None if nothing is known, or no text can be compared there."""
        if not {"mean", "std"} <= statistics.keys():
            return None
        spread = TEXT_SPREAD if items in (Input.TEXT, Input.DESCRIPTION) else 1.0
        return cls(float(statistics["mean"]), spread * max(float(statistics["std"]), 1e-6))

    @classmethod
    def of_items(cls, statistics: dict[str, Any]) -> "NullDistribution | None":
        """How unrelated items of a space score against each other; None if nothing is known."""
        alike = statistics.get("alike", {})
        if not {"mean", "std"} <= alike.keys():
            return None
        return cls(float(alike["mean"]), max(float(alike["std"]), LEAST_SPREAD))

    def evidence(self, raw: float) -> float:
        """-ln P(an unrelated query scores at least `raw`), in nats, at least 0."""
        return -_log_survival((raw - self.mean) / self.std)


def full_text_evidence(coverage: float, rarity: float) -> float:
    """Evidence of matched words; `coverage` is their part of the query's weight, in [0, 1], and
    `rarity` how seldom a text has all of them by chance, in nats. That is their evidence if all are
    found; a few of the words say little."""
    return max(WORDS_NATS * coverage**2, rarity * coverage**WHOLENESS)


def as_score(evidence: float) -> float:
    """Evidence as a score in [0, 1) for people: 0.3 is weak, 0.7 is one in a thousand."""
    return min(-math.expm1(-evidence / _SCALE_NATS), _MAX_SCORE)


def _log_survival(z: float) -> float:
    """ln P(Z >= z) of a standard normal, accurate far into the tail."""
    if z < 25:
        return math.log(0.5 * math.erfc(z / math.sqrt(2)))
    # The first terms of the asymptotic series (Abramowitz and Stegun, 26.2.12).
    tail = 1 - 1 / (z * z) + 3 / z**4 - 15 / z**6
    return -z * z / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log(tail)
