"""How sure an answer is: surer with more evidence, less in a larger library."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.queries.terms import Term
from search.query.query import MODES, FusionName
from search.ranking.confidence import WEAK, Confidence, confidence_of, scored, with_words_found
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


def terms(*weights: float) -> tuple[Term, ...]:
    """Words of these weights."""
    return tuple(Term("en", f"word{number}", weight) for number, weight in enumerate(weights))


@given(
    st.lists(st.tuples(st.floats(0, 60), st.booleans()), min_size=1, max_size=9),
    st.integers(1, 10**9),
    st.integers(1, 30),
)
def test_a_scene_with_all_words_is_never_weak_and_what_is_surer_comes_first(
    scenes: list[tuple[float, bool]], num_vectors: int, num_words: int
) -> None:
    text = "word " * num_words
    fused = FUSIONS[FusionName.EVIDENCE].rank(
        [
            scene(number, found(TEXT, nats), found(FULL_TEXT, 0.0, raw=1.0 if whole else 0.4))
            for number, (nats, whole) in enumerate(scenes)
        ],
        MODES["balanced"],
    )
    ranked = with_words_found(fused, text, num_vectors, terms(1.0, 1.0))
    sure = scored(ranked, confidence_of(ranked, text, num_vectors))
    assert all(s.score > WEAK for s in sure if s.scores[FULL_TEXT].raw == 1)
    assert [s.score for s in sure] == sorted((s.score for s in sure), reverse=True)
    others = [s.scene_id for s in fused if s.scores[FULL_TEXT].raw < 1]
    assert [s.scene_id for s in ranked if s.scores[FULL_TEXT].raw < 1] == others


@pytest.mark.parametrize(
    ("words", "suffice"),
    [
        (terms(1.0, 1.0), True),
        (terms(3.1), True),
        (terms(2.9), False),
        # In German "the" is a word as any other; in English "elephant" is the only one.
        ((Term("de", "the", 5.0), Term("de", "elephant", 5.0), Term("en", "elephant", 2.0)), False),
    ],
)
def test_a_single_common_word_does_not_make_a_scene_an_answer(
    words: tuple[Term, ...], suffice: bool
) -> None:
    ranked = [scene(1, found(FULL_TEXT, 0.0, raw=1.0))]
    lifted = with_words_found(ranked, "elephant", 10_000, words)
    assert (confidence_of(lifted, "elephant", 10_000).answered > WEAK) is suffice
