"""Raw scores become evidence: minus the logarithm of a normal distribution's upper tail."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.space import Input
from search.retrieval.calibrate import NullDistribution, as_score, full_text_evidence

STANDARD = NullDistribution(0.0, 1.0)


@pytest.mark.parametrize(
    ("z", "one_in"),
    [(0.0, 2), (0.67449, 4), (1.28155, 10), (2.32635, 100), (3.09023, 1000), (5.99781, 1e9)],
)
def test_evidence_is_the_logarithm_of_how_rare_a_score_is(z: float, one_in: float) -> None:
    assert STANDARD.evidence(z) == pytest.approx(math.log(one_in), abs=1e-4)


@pytest.mark.parametrize(
    ("z", "nats"),
    [(10, 53.23128515), (20, 203.9171554), (30, 454.3212440), (40, 804.6084420)],
)
def test_evidence_of_the_far_tail_agrees_with_published_tables(z: float, nats: float) -> None:
    assert STANDARD.evidence(z) == pytest.approx(nats, abs=2e-3)


def test_evidence_counts_standard_deviations_above_the_mean() -> None:
    cosine = NullDistribution.of_texts({"mean": 0.2, "std": 0.05}, Input.IMAGE)
    assert cosine is not None
    assert cosine.evidence(0.2) == pytest.approx(math.log(2))
    assert cosine.evidence(0.3) == pytest.approx(STANDARD.evidence(2.0))


def test_a_space_where_all_queries_score_alike_has_finite_evidence() -> None:
    constant = NullDistribution.of_texts({"mean": 0.5, "std": 0.0}, Input.IMAGE)
    assert constant is not None
    assert constant.evidence(0.5) == pytest.approx(math.log(2))
    assert 0 <= constant.evidence(-1.0) < 1e-9
    assert math.isfinite(constant.evidence(1.0))


@settings(deadline=None, max_examples=300)
@given(
    mean=st.floats(-1, 1),
    std=st.floats(0.001, 1),
    raw=st.floats(-1, 1),
    step=st.floats(0.001, 2),
)
def test_a_higher_raw_score_is_never_weaker_evidence(
    mean: float, std: float, raw: float, step: float
) -> None:
    null = NullDistribution(mean, std)
    lower, higher = null.evidence(raw), null.evidence(raw + step)
    assert math.isfinite(lower)
    assert 0 <= lower <= higher


def test_evidence_does_not_drop_where_the_far_tail_begins() -> None:
    evidence = [STANDARD.evidence(24.9995 + number * 1e-5) for number in range(100)]
    assert evidence == sorted(evidence)


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 100))
def test_more_matched_words_are_never_weaker_evidence(
    first: float, second: float, rarity: float
) -> None:
    lower, higher = sorted((first, second))
    assert 0 <= full_text_evidence(lower, rarity) <= full_text_evidence(higher, rarity)


def test_all_words_say_as_much_as_they_are_rare_together_and_half_of_them_little() -> None:
    assert full_text_evidence(1.0, 20.0) == 20.0
    assert full_text_evidence(1.0, 0.1) == full_text_evidence(1.0, 3.0) == 3.0
    assert full_text_evidence(0.5, 40.0) == full_text_evidence(0.5, 0.0)


def test_scores_have_the_meaning_that_is_documented() -> None:
    assert as_score(0) == 0
    assert as_score(STANDARD.evidence(0.5)) < 0.3
    assert as_score(math.log(1000)) == pytest.approx(0.7, abs=0.02)


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 200), st.floats(0, 200))
def test_scores_lie_in_0_to_1_and_keep_the_order_of_evidence(first: float, second: float) -> None:
    lower, higher = sorted((first, second))
    assert 0 <= as_score(lower) <= as_score(higher) < 1


@pytest.mark.parametrize("nats", [250.0, 1e4, 1e300])
def test_scores_of_overwhelming_evidence_stay_below_1(nats: float) -> None:
    assert 0.999 < as_score(nats) < 1
