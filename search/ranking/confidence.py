"""How sure an answer is: the probability that the library holds what was asked.

A logistic regression on three things that a search knows: the evidence of its first hit, how many
words the query has (the same evidence for a longer query is rarer by chance), and how many of its
words were found. The evidence is first set against the size of the library: the best of twice as
many unrelated scenes has ln 2 more by chance. Fitted on labelled queries and on the same queries
with their answers taken away (docs/ranking.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from database.queries.statement import FULL_TEXT
from search.ranking.fusion import Fused

CONSTANT, PER_NAT, PER_WORD, PER_COVERAGE = -5.11, 0.447, 0.442, 2.14
MAX_WORDS = 8
SIZE = 257
"""Vectors of the library that the constants were fitted on."""
FALL_PER_NAT = 0.9
"""How much less sure, in logits, a hit is than the first for each nat of evidence less."""
WEAK = 0.4
"""A hit that is less sure is weak; an answer without any other has no confident match."""
_MOST = 36.0
_WITHOUT_WORDS = 5
"""Words that a query counts as which consists of pictures and scenes."""


@dataclass(frozen=True)
class Confidence:
    """What the scores of one answer follow from."""

    top: float
    """Evidence of the first hit, in nats."""
    num_vectors: int
    """Vectors of the spaces searched."""
    num_words: int
    """Of the query."""
    coverage: float
    """The greatest part of the query's words that one moment has, in [0, 1]."""

    @property
    def answered(self) -> float:
        """The probability that the library holds what was asked."""
        return _logistic(self._logit)

    def score(self, value: float) -> float:
        """How sure a hit with so much evidence is, in [0, 1]."""
        return _logistic(self._logit - FALL_PER_NAT * max(self.top - value, 0.0))

    @property
    def _logit(self) -> float:
        nats = self.top - math.log(max(self.num_vectors, 1) / SIZE)
        words = min(self.num_words or _WITHOUT_WORDS, MAX_WORDS)
        return CONSTANT + PER_NAT * nats + PER_WORD * words + PER_COVERAGE * self.coverage


def _logistic(logit: float) -> float:
    """1 / (1 + e^-logit), without overflow; never quite 0 or 1."""
    return 1 / (1 + math.exp(-max(min(logit, _MOST), -_MOST)))


def confidence_of(fused: Sequence[Fused], text: str, num_vectors: int) -> Confidence:
    """Of a ranking by evidence, best first."""
    top = fused[0].value if fused else 0.0
    found = [f.candidate.scores[FULL_TEXT] for f in fused if FULL_TEXT in f.candidate.scores]
    coverage = max((score.raw for score in found), default=0.0)
    return Confidence(top, num_vectors, len(text.split()), coverage)
