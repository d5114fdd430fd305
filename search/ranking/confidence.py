"""Confidence: the probability that the library holds what the query means.

A logistic regression on three things that a search knows: the evidence of its first hit, how many
words the query has (the same evidence for a longer query is rarer by chance), and how many of its
words were found. The evidence is first set against the size of the library: the best of twice as
many unrelated scenes has ln 2 more by chance. Fitted on labelled queries and on the same queries
with their answers taken away (docs/ranking.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from database.queries.statement import FULL_TEXT, WHOLE
from database.queries.terms import Term
from search.ranking.fusion import rank_key
from search.retrieval.candidates import Candidate

CONSTANT, PER_NAT, PER_WORD, PER_COVERAGE = -5.11, 0.447, 0.442, 2.14
MAX_WORDS = 8
SIZE = 257
"""Vectors of the library that the constants were fitted on."""
FALL_PER_NAT = 0.9
"""How much less sure, in logits, a hit is than the first for each nat of evidence less."""
FOUND = 0.5
"""The least score of a scene that has all words of the query, two or more or a rare one."""
RARE = 3.0
"""The weight of a word that one in twenty texts has, in nats."""
WEAK = 0.4
"""A hit that is less sure is weak; an answer without any other has no confident match."""
_MOST = 36.0
_WITHOUT_WORDS = 5
"""Words that a query counts as which consists of pictures and scenes."""


@dataclass(frozen=True)
class Confidence:
    """What the scores of one answer are computed from."""

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
        """The probability that the library holds what the query means."""
        return _logistic(self.logit)

    def score(self, value: float) -> float:
        """How sure a hit with so much evidence is, in [0, 1]."""
        return _logistic(self.logit - FALL_PER_NAT * max(self.top - value, 0.0))

    @property
    def logit(self) -> float:
        """Of the probability."""
        nats = self.top - math.log(max(self.num_vectors, 1) / SIZE)
        words = min(self.num_words or _WITHOUT_WORDS, MAX_WORDS)
        return CONSTANT + PER_NAT * nats + PER_WORD * words + PER_COVERAGE * self.coverage


def _logistic(logit: float) -> float:
    """1 / (1 + e^-logit), without overflow; never quite 0 or 1."""
    return 1 / (1 + math.exp(-max(min(logit, _MOST), -_MOST)))


def confidence_of(ranked: Sequence[Candidate], text: str, num_vectors: int) -> Confidence:
    """Of a ranking by evidence, best first."""
    top = ranked[0].value if ranked else 0.0
    found = [scene.scores[FULL_TEXT] for scene in ranked if FULL_TEXT in scene.scores]
    coverage = max((score.raw for score in found), default=0.0)
    return Confidence(top, num_vectors, len(text.split()), coverage)


def with_words_found(
    ranked: Sequence[Candidate], text: str, num_vectors: int, terms: Sequence[Term]
) -> list[Candidate]:
    """A ranking in which no scene that has all words of the query is weak: it answers what was
    typed, however little its text as a whole has to do with it, and however much better others
    are."""
    whole = {
        s.scene_id for s in ranked if FULL_TEXT in s.scores and s.scores[FULL_TEXT].raw >= WHOLE
    }
    if not whole or not _suffice(terms):
        return list(ranked)
    sure = confidence_of(ranked, text, num_vectors)
    excess = sure.logit - math.log(FOUND / (1 - FOUND))
    least = sure.top - excess / (FALL_PER_NAT if excess > 0 else PER_NAT)
    lifted = [replace(s, value=max(s.value, least)) if s.scene_id in whole else s for s in ranked]
    return sorted(lifted, key=rank_key)


def _suffice(terms: Sequence[Term]) -> bool:
    """Whether a text that has all of these words, of any one language, answers them."""
    by_language: dict[str, list[float]] = {}
    for term in terms:
        by_language.setdefault(term.language, []).append(term.weight)
    return all(len(own) > 1 or own[0] >= RARE for own in by_language.values())


def scored(ranked: Sequence[Candidate], confidence: Confidence | None) -> list[Candidate]:
    """A ranking with its scores; of a fusion that is not calibrated, the values themselves."""
    if confidence is None:
        return [replace(scene, score=scene.value) for scene in ranked]
    return [replace(scene, score=confidence.score(scene.value)) for scene in ranked]
