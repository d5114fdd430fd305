"""How sure an answer is: surer with more evidence, less in a larger library."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.query import MODES, FusionName
from search.ranking.confidence import WEAK, Confidence, confidence_of
from search.ranking.fusion import FUSIONS
from tests.helpers.answers import FULL_TEXT, TEXT, found, scene

finite = st.floats(-1e6, 1e6)
counts = st.integers(0, 10**12)
confidences = st.builds(Confidence, finite, counts, st.integers(0, 1000), st.floats(0, 1))


@given(confidences, finite, finite)
def test_a_score_is_a_probability_that_rises_with_evidence(
    sure: Confidence, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert 0 < sure.score(less) <= sure.score(more) <= sure.answered < 1


@given(confidences, st.integers(2, 1000))
def test_the_same_evidence_is_less_in_a_larger_library(sure: Confidence, times: int) -> None:
    larger = Confidence(sure.top, times * sure.num_vectors, sure.num_words, sure.coverage)
    assert larger.answered <= sure.answered


def test_chance_is_weak_and_certainty_is_not() -> None:
    assert Confidence(3.0, 257, 3, 0.0).answered < WEAK / 2
    assert Confidence(15.0, 257, 3, 0.0).answered > 0.9
    assert Confidence(3.0 + math.log(100), 25_700, 3, 0.0).answered < WEAK / 2


def test_the_words_that_were_found_and_the_size_of_the_library_are_counted() -> None:
    scenes = [
        scene(1, found(TEXT, 9.0), found(FULL_TEXT, 1.0, raw=0.4)),
        scene(2, found(TEXT, 2.0), found(FULL_TEXT, 1.5, raw=0.7)),
    ]
    fused = FUSIONS[FusionName.EVIDENCE].rank(scenes, MODES["text_heavy"])
    sure = confidence_of(fused, "a drill in granite", 500)
    assert sure == Confidence(fused[0].value, 500, 4, 0.7)


@pytest.mark.parametrize("text", ["", "two words"])
def test_a_search_that_finds_nothing_is_not_confident(text: str) -> None:
    assert confidence_of([], text, 0).answered < WEAK
