"""Confidence: the probability that the library holds what the query means.

A logistic regression on four things that a search knows: how much the best text and the best
picture are better than the luck of a library of this size (the best of twice as many unrelated
scenes has ln 2 more by chance), what part of the query's words one moment has, and how seldom
that happens. Each is clamped to the range that it was fitted on, so that no one of them says more
than it has been seen to. How long a query is says nothing. Fitted on queries of 1 to 20 words that
nothing answers, and such as something does, over libraries of 6 to 10,000 scenes
(search/fit_confidence.py, docs/ranking.md).
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from database.queries.statement import DESCRIPTION_WORDS, FULL_TEXT, WHOLE
from database.queries.terms import Term, rarity
from embeddings.space import Modality
from search.query.query import Weights
from search.ranking.fusion import rank_key
from search.retrieval.candidates import Candidate

CONSTANT = -2.01
PER_FEATURE = (0.651, 0.555, 3.219, 0.278)
"""Of the logit, for each of `Confidence.features`."""
MOST_NATS = 8.0
"""Evidence above the luck of the library's size says no more than this, nor does it say more below
LEAST_TEXT and LEAST_VISION: texts far from what is asked are silent about pictures."""
LEAST_TEXT, LEAST_VISION = 0.0, -8.0
MOST_RARE = 8.0
"""Nor do words that are found together say more."""
WITHOUT_WORDS = 0.25
"""What a query of pictures or scenes, which has no words to be found, has instead."""
MISSING = -2.2
"""Evidence in a modality that nothing found has: half of what is unrelated has more of it."""
MOST_SURE = 3.0
"""The greatest logit, 95%: some hundreds of queries do not say more."""
FALL_PER_NAT = 0.9
"""How much less sure, in logits, a hit is than the first for each nat of evidence less, unless its
own evidence makes it surer: what is right stays so beside one hit that is all of the query."""
FOUND = 0.5
"""The least score of a scene that has all words of the query, two or more or a rare one."""
RARE = 3.0
"""The weight of a word that one in twenty texts has, in nats. Descriptions answer a query if so few
have all of its words: models write the same words of many pictures."""
WEAK = 0.4
"""A hit that is less sure is weak; an answer without any other has no confident match."""
_IN_ORDER = 1e-7
"""What is left of each nat of scenes that are lifted alike: it decides between them."""
_MOST = 36.0


@dataclass(frozen=True)
class Confidence:
    """What the scores of one answer are computed from."""

    top: float
    """What the first hit is ranked by, in nats."""
    text: float
    """Evidence of the best text above the luck of the library's size, in nats; MISSING of none."""
    vision: float
    """That of the best picture, likewise."""
    coverage: float
    """The greatest part of the query's words that one moment has, in [0, 1]."""
    rarity: float
    """How seldom a text has all of the query's words by chance, in nats."""
    whole: bool
    """Whether a scene has all of the query's words, and they are enough to answer it."""
    luck: float
    """The evidence that the best of so many unrelated scenes has by chance, in nats."""

    @property
    def answered(self) -> float:
        """The probability that the library holds what the query means."""
        return _logistic(self.logit)

    @property
    def by_chance(self) -> float:
        """How often a query about nothing in a library of this size finds evidence as good."""
        return -math.expm1(-math.exp(-max(self.text, self.vision, -_MOST)))

    def score(self, scene: Candidate) -> float:
        """How sure a hit is, in [0, 1]: it falls with the distance to the first, but not below what
        the scene's own evidence gives, nor above the first."""
        fallen = self.logit - FALL_PER_NAT * max(self.top - scene.value, 0.0)
        return _logistic(min(max(fallen, self._own_logit(scene)), self.logit))

    def _own_logit(self, scene: Candidate) -> float:
        """The logit of its own evidence, in which all words count no more than as a part."""

        def above_luck(modality: Modality, best: float) -> float:
            known = modality in scene.nats and best != MISSING  # or it is not asked for
            return scene.nats[modality] - self.luck if known else MISSING

        words = scene.scores.get(FULL_TEXT)
        text = above_luck(Modality.TEXT, self.text)
        vision = above_luck(Modality.VISION, self.vision)
        return _fitted(_features(text, vision, words.raw if words else 0.0, self.rarity))

    @property
    def features(self) -> tuple[float, ...]:
        """What is known, each within the range that it was fitted on."""
        return _features(self.text, self.vision, self.coverage, self.rarity)

    @cached_property
    def logit(self) -> float:
        """Of the probability."""
        fitted = _fitted(self.features)
        return max(fitted, _logit(FOUND)) if self.whole else fitted


def _features(text: float, vision: float, coverage: float, rarity: float) -> tuple[float, ...]:
    """A few of the words say little, and all of them as little as they are common."""
    found = _clamped(coverage, 0.0, 1.0)
    return (
        _clamped(text, LEAST_TEXT, MOST_NATS),
        _clamped(vision, LEAST_VISION, MOST_NATS),
        found**2 * _clamped(rarity / RARE, 0.0, 1.0) if rarity else WITHOUT_WORDS,
        _clamped(found * rarity, 0.0, MOST_RARE),
    )


def _fitted(features: tuple[float, ...]) -> float:
    """The logit that was fitted, of such features."""
    return min(CONSTANT + math.fsum(map(operator.mul, PER_FEATURE, features)), MOST_SURE)


def _clamped(value: float, least: float, most: float) -> float:
    return max(least, min(value, most))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _logistic(logit: float) -> float:
    """1 / (1 + e^-logit), without overflow; never quite 0 or 1."""
    return 1 / (1 + math.exp(-_clamped(logit, -_MOST, _MOST)))


def confidence_of(
    ranked: Sequence[Candidate],
    weights: Weights,
    num_vectors: int,
    text: str,
    terms: Sequence[Term],
    described: Sequence[Term] = (),
) -> Confidence:
    """Of a ranking by evidence, best first, over so many vectors, for a text of these words, as
    they weigh where they are said or written, and in descriptions."""
    luck = math.log(max(num_vectors, 1))

    def best(modality: Modality, weight: float) -> float:
        own = [s.nats[modality] for s in ranked if modality in s.nats]
        return max(own) - luck if own and weight > 0 else MISSING

    found = [scene.scores[FULL_TEXT].raw for scene in ranked if FULL_TEXT in scene.scores]
    coverage = max(found, default=0.0)
    return Confidence(
        top=ranked[0].value if ranked else 0.0,
        text=best(Modality.TEXT, weights.text),
        vision=best(Modality.VISION, weights.vision),
        coverage=coverage,
        rarity=rarity(terms),
        whole=(coverage >= WHOLE and (len(text.split()) == 1 or _suffice(terms)))
        or (
            _describe(weights, described)
            and any(_is_whole(scene, DESCRIPTION_WORDS) for scene in ranked)
        ),
        luck=luck,
    )


def with_words_found(
    ranked: Sequence[Candidate],
    weights: Weights,
    num_vectors: int,
    text: str,
    terms: Sequence[Term],
    described: Sequence[Term] = (),
) -> list[Candidate]:
    """A ranking in which no scene that has all words of the query is weak: it answers what was
    typed, however little its text as a whole has to do with it, and however much better others
    are. Those that are lifted stay in their order."""
    answering = {FULL_TEXT: _suffice(terms), DESCRIPTION_WORDS: _describe(weights, described)}
    legs = [leg for leg, suffices in answering.items() if suffices]
    whole = {s.scene_id for s in ranked if any(_is_whole(s, leg) for leg in legs)}
    if not whole:
        return list(ranked)
    sure = confidence_of(ranked, weights, num_vectors, text, terms, described)
    excess = replace(sure, whole=False).logit - _logit(FOUND)
    least = sure.top - excess / FALL_PER_NAT
    lifted = [
        s._replace(value=max(s.value, least + _IN_ORDER * s.value)) if s.scene_id in whole else s
        for s in ranked
    ]
    return sorted(lifted, key=rank_key)


def _is_whole(scene: Candidate, leg: str) -> bool:
    return leg in scene.scores and scene.scores[leg].raw >= WHOLE


def _suffice(terms: Sequence[Term]) -> bool:
    """Whether a text that has all of these words, of any one language, answers a query that may
    have others, too common to be indexed."""
    by_language: dict[str, list[float]] = {}
    for term in terms:
        by_language.setdefault(term.language, []).append(term.weight)
    return all(len(own) > 1 or own[0] >= RARE for own in by_language.values())


def _describe(weights: Weights, described: Sequence[Term]) -> bool:
    """Whether a description that has all of these words answers a query."""
    return weights.vision > 0 and rarity(described) >= RARE


def scored(ranked: Sequence[Candidate], confidence: Confidence | None) -> list[Candidate]:
    """A ranking, best first, with its scores, none above one before it; of a fusion that is not
    calibrated, the values themselves."""
    if confidence is None:
        return [scene._replace(score=scene.value) for scene in ranked]
    scores = accumulate((confidence.score(scene) for scene in ranked), min)
    return [scene._replace(score=score) for scene, score in zip(ranked, scores, strict=True)]
