"""How sure an answer is: surer with more evidence, less in a larger library."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.queries.statement import DESCRIPTION_WORDS
from database.queries.terms import Term
from embeddings.space import Modality
from search.query.query import MODES, FusionName, Weights
from search.ranking.confidence import (
    MISSING,
    WEAK,
    Confidence,
    confidence_of,
    scored,
    with_words_found,
)
from search.ranking.fusion import FUSIONS
from search.retrieval.candidates import Candidate
from tests.helpers.answers import FULL_TEXT, TEXT, VISION, found, scene

finite = st.floats(-1e6, 1e6)
parts = st.floats(0, 1)
confidences = st.builds(
    Confidence,
    *(finite, finite, finite, parts, st.floats(0.5, 1e3), st.booleans()),
    st.floats(0, 60),
)
BALANCED = MODES["balanced"]
TWO = "the drill"


def term(language: str, lexeme: str, weight: float) -> Term:
    """A word that has no form but one."""
    return Term(language, lexeme, weight, f"'{lexeme}':A", f"'{lexeme}'", (lexeme,))


nats = st.tuples(finite, finite, finite, parts)


@given(confidences, nats, nats)
def test_a_score_is_a_probability_that_rises_with_evidence(
    sure: Confidence, one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    pairs = list(zip(one, other, strict=True))
    less, more = (
        scene(1, found(FULL_TEXT, 0.0, raw=raw))._replace(
            value=value, nats={Modality.TEXT: text, Modality.VISION: vision}
        )
        for value, text, vision, raw in (map(min, pairs), map(max, pairs))
    )
    assert 0 < sure.score(less) <= sure.score(more) <= sure.answered < 1


@given(confidences, confidences)
def test_more_of_anything_that_is_known_is_surer(one: Confidence, other: Confidence) -> None:
    pairs = list(zip(astuple(one), astuple(other), strict=True))
    less = Confidence(*(min(pair) for pair in pairs))
    more = Confidence(*(max(pair) for pair in pairs))
    assert less.answered <= more.answered
    assert 0 <= more.by_chance <= less.by_chance <= 1


def ranked_by(**nats: float) -> list[Candidate]:
    """One scene with this evidence of a text, or of a picture."""
    legs = {"text": TEXT, "vision": VISION}
    return FUSIONS[FusionName.EVIDENCE].rank(
        [scene(1, *(found(legs[name], value) for name, value in nats.items()))], BALANCED
    )


@given(st.floats(0, 60), st.integers(1, 10**9), st.integers(2, 1000))
def test_the_same_evidence_is_less_in_a_larger_library(nats: float, size: int, times: int) -> None:
    ranked = ranked_by(vision=nats)
    small, large = (confidence_of(ranked, BALANCED, n, TWO, ()) for n in (size, times * size))
    assert large.answered <= small.answered
    assert large.by_chance >= small.by_chance


@pytest.mark.parametrize("size", [6, 257, 25_700])
def test_chance_is_weak_and_what_cannot_be_chance_is_not(size: int) -> None:
    luck = math.log(size)
    assert confidence_of(ranked_by(text=luck, vision=luck), BALANCED, size, TWO, ()).answered < WEAK
    for sure in ({"text": luck + 8.0}, {"vision": luck + 8.0}):
        confidence = confidence_of(ranked_by(**sure), BALANCED, size, TWO, ())
        assert confidence.answered > 0.6
        assert confidence.by_chance < 0.001


@given(st.integers(1, 40))
def test_words_that_were_not_found_say_nothing_however_many(num_words: int) -> None:
    one, many = (
        confidence_of(ranked_by(text=3.0), BALANCED, 12, TWO, terms(*[2.0] * n))
        for n in (1, num_words)
    )
    assert one.answered == many.answered


def test_what_is_right_stays_so_beside_what_is_better() -> None:
    """A sentence that is all of the query takes nothing from others that have its word."""
    luck, words = math.log(200), terms(2.9)
    better, right, wrong = (
        scene(number, found(TEXT, nats), found(FULL_TEXT, 0.0, raw=raw))
        for number, (nats, raw) in enumerate([(luck + 14, 1.0), (luck + 5, 1.0), (luck - 4, 0.0)])
    )

    def scores(*scenes: Candidate) -> list[float]:
        ranked = FUSIONS[FusionName.EVIDENCE].rank(scenes, BALANCED)
        sure = confidence_of(ranked, BALANCED, 200, "drilling", words)
        return [one.score for one in scored(ranked, sure)]

    assert scores(better, right, wrong)[1] == pytest.approx(scores(right, wrong)[0])
    assert scores(right, wrong)[0] > 0.9
    assert scores(better, right, wrong)[2] < WEAK


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60), parts), min_size=1, max_size=9))
def test_no_hit_is_surer_than_one_before_it(scenes: list[tuple[float, float, float]]) -> None:
    ranked = FUSIONS[FusionName.EVIDENCE].rank(
        [
            scene(number, found(TEXT, text), found(VISION, picture), found(FULL_TEXT, 0.0, raw=raw))
            for number, (text, picture, raw) in enumerate(scenes)
        ],
        MODES["text_heavy"],
    )
    sure = confidence_of(ranked, MODES["text_heavy"], 500, TWO, terms(2.0, 3.0))
    scores = [one.score for one in scored(ranked, sure)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == sure.answered


def test_what_is_known_of_an_answer() -> None:
    scenes = [
        scene(1, found(TEXT, 9.0), found(FULL_TEXT, 1.0, raw=0.4)),
        scene(2, found(TEXT, 2.0), found(FULL_TEXT, 1.5, raw=0.7)),
    ]
    fused = FUSIONS[FusionName.EVIDENCE].rank(scenes, MODES["text_heavy"])
    sure = confidence_of(fused, MODES["text_heavy"], 500, TWO, terms(2.0, 3.0))
    luck = math.log(500)
    assert sure == Confidence(
        fused[0].value, 10.0 - luck, MISSING, 0.7, 5.0, whole=False, luck=luck
    )


def test_a_modality_that_is_not_asked_for_counts_as_missing() -> None:
    ranked = ranked_by(text=1.0, vision=30.0)
    assert confidence_of(ranked, Weights(text=1, vision=0), 12, TWO, ()).vision == MISSING


def test_a_search_that_finds_nothing_is_not_confident() -> None:
    assert confidence_of([], BALANCED, 0, TWO, ()).answered < WEAK


def terms(*weights: float) -> tuple[Term, ...]:
    """Words of these weights."""
    return tuple(term("en", f"word{number}", weight) for number, weight in enumerate(weights))


@given(
    st.lists(st.tuples(st.floats(0, 60), st.booleans()), min_size=1, max_size=9),
    st.integers(1, 10**9),
)
def test_a_scene_with_all_words_is_never_weak_and_what_is_surer_comes_first(
    scenes: list[tuple[float, bool]], num_vectors: int
) -> None:
    fused = FUSIONS[FusionName.EVIDENCE].rank(
        [
            scene(number, found(TEXT, nats), found(FULL_TEXT, 0.0, raw=1.0 if whole else 0.4))
            for number, (nats, whole) in enumerate(scenes)
        ],
        MODES["balanced"],
    )
    words = terms(1.0, 1.0)
    ranked = with_words_found(fused, BALANCED, num_vectors, TWO, words)
    sure = scored(ranked, confidence_of(ranked, BALANCED, num_vectors, TWO, words))
    assert all(s.score > WEAK for s in sure if s.scores[FULL_TEXT].raw == 1)
    assert [s.score for s in sure] == sorted((s.score for s in sure), reverse=True)
    others = [s.scene_id for s in fused if s.scores[FULL_TEXT].raw < 1]
    assert [s.scene_id for s in ranked if s.scores[FULL_TEXT].raw < 1] == others


@pytest.mark.parametrize("surest", [0.5, 30.0])
def test_of_scenes_with_all_words_those_with_more_evidence_come_first(surest: float) -> None:
    """Whether they are lifted above what is surest, or below it."""
    whole = [
        scene(number, found(TEXT, nats), found(FULL_TEXT, 0.0, raw=1.0))
        for number, nats in enumerate((0.1, 0.3, 0.2), 1)
    ]
    fused = FUSIONS[FusionName.EVIDENCE].rank([scene(4, found(VISION, surest)), *whole], BALANCED)
    words = terms(1.0, 1.0)
    ranked = with_words_found(fused, BALANCED, 10**6, TWO, words)
    assert [s.scene_id for s in ranked if FULL_TEXT in s.scores] == [2, 3, 1]
    sure = scored(ranked, confidence_of(ranked, BALANCED, 10**6, TWO, words))
    assert [s.score for s in sure if FULL_TEXT in s.scores] == [pytest.approx(0.5)] * 3


@pytest.mark.parametrize(
    ("words", "suffice"),
    [
        (terms(1.0, 1.0), True),
        (terms(3.1), True),
        (terms(2.9), False),
        # In German "the" is a word as any other; in English "elephant" is the only one.
        ((term("de", "the", 5.0), term("de", "elephant", 5.0), term("en", "elephant", 2.0)), False),
    ],
)
def test_a_single_common_word_does_not_make_a_scene_an_answer(
    words: tuple[Term, ...], suffice: bool
) -> None:
    ranked = [scene(1, found(FULL_TEXT, 0.0, raw=1.0))]
    lifted = with_words_found(ranked, BALANCED, 10_000, TWO, words)
    assert confidence_of(lifted, BALANCED, 10_000, TWO, words).whole is suffice


def test_a_word_that_most_texts_have_is_weak() -> None:
    ranked = [scene(1, found(FULL_TEXT, 0.0, raw=1.0))]
    assert confidence_of(ranked, BALANCED, 10_000, TWO, terms(0.7)).answered < WEAK


@pytest.mark.parametrize(("text", "is_confident"), [("drill", True), ("the drill", False)])
def test_one_word_that_is_there_is_found_however_common_it_is(
    text: str, is_confident: bool
) -> None:
    ranked = [scene(1, found(FULL_TEXT, raw=1.0))]
    sure = confidence_of(ranked, BALANCED, 12, text, terms(0.5))
    assert (sure.answered >= WEAK) == is_confident


@pytest.mark.parametrize(
    ("described", "weights", "answers"),
    [
        (terms(1.6, 1.6), BALANCED, True),
        (terms(3.1), BALANCED, True),
        (terms(1.4, 1.4), BALANCED, False),  # models write so of many pictures
        (terms(1.6, 1.6), Weights(1.0, 0.0), False),
    ],
)
def test_a_description_with_all_words_answers_a_query_if_few_have_them(
    described: tuple[Term, ...], weights: Weights, answers: bool
) -> None:
    words = found(DESCRIPTION_WORDS, 3.0, raw=1.0)._replace(modality=Modality.VISION)
    others = [scene(number, found(TEXT, 6.0)) for number in (1, 2)]
    fused = FUSIONS[FusionName.EVIDENCE].rank([*others, scene(3, words)], weights)
    lifted = with_words_found(fused, weights, 10_000, TWO, terms(5.0, 5.0), described)
    sure = confidence_of(lifted, weights, 10_000, TWO, terms(5.0, 5.0), described)
    assert sure.whole is answers
    assert (scored(lifted, sure)[0].scene_id == 3) is answers
    assert (scored(lifted, sure)[0].score >= WEAK) is answers
