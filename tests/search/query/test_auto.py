"""What a query looks like decides about the weights of `auto`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.space import Modality
from search.query.auto import choose_weights
from search.query.query import Weights

BOTH = tuple(Modality)
WORDS, EVEN, PICTURE = Weights(0.85, 0.15), Weights(0.5, 0.5), Weights(0.15, 0.85)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a power drill", PICTURE),
        ("two wolves", PICTURE),
        ("photo of the harbour", PICTURE),
        ("man wearing a hat", PICTURE),
        ("someone talks about drilling", WORDS),
        ("the word exit", WORDS),
        ("torque limit 42", WORDS),
        ('"fire drill"', WORDS),
        ("train to Vienna", WORDS),
        ("drilling", EVEN),
        ("Drilling", EVEN),
        ("a sign saying exit", EVEN),
        ("flipping a pancake", PICTURE),
        ("Pouring coffee into a blue mug", PICTURE),
        ("lying in a hammock", PICTURE),
        ("drilling fluid report", EVEN),
        ("meeting about the budget", EVEN),
        ("something in the water", EVEN),
        ("explaining the torque limit", EVEN),
        ("pricing in the cloud", EVEN),
        ("hiring a team", EVEN),
        ("meeting in the old hall", EVEN),
        ("training a dog", PICTURE),
    ],
)
def test_words_of_saying_lean_to_text_and_descriptions_to_vision(
    query: str, expected: Weights
) -> None:
    chosen = choose_weights(query, BOTH)
    assert (chosen.text, chosen.vision) == pytest.approx((expected.text, expected.vision))


@pytest.mark.parametrize(
    "query",
    [
        "die Schweißgeräte der Firma",
        "ein Mann mit Helm am Gerüst",
        "an der Wand hängt ein Bild",
        "Ring in der Hand",
        "Bohrer Zange Hammer",
        "der Titel des Films",
        "la tour Eiffel et les touristes",
        "a la playa con el perro",
        "a casa della nonna",
        "an schönen Tagen",
        "mention spéciale des élèves",
        "a última canção",
        "a été visible",
        "le visible et le caption",
        "человек в Москве на мосту",
        "два волка",
        "一个男人在说话",
        "两只狼 showing",
        "رجل يتحدث",
        "two 狼 雪",
    ],
)
def test_cues_are_read_only_in_english(query: str) -> None:
    chosen = choose_weights(query, BOTH)
    assert (chosen.text, chosen.vision) == (0.5, 0.5)


@pytest.mark.parametrize(
    "query",
    [
        "Drehmoment 42 Nm",
        "„Wir bohren“ sagt er",
        "поезд 17",
        "«мы бурим»",
        "他说「你好」",
        "扭矩 ４２",
        "le mot « sortie »",
    ],
)
def test_quotes_and_numbers_are_cues_in_every_language(query: str) -> None:
    chosen = choose_weights(query, BOTH)
    assert (chosen.text, chosen.vision) == pytest.approx((WORDS.text, WORDS.vision))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("people at the Café de Flore", WORDS),
        ("two people at a café", PICTURE),
        ("a bear that may die", PICTURE),
        ("the caption of the photo", WORDS),
        ("a white van", PICTURE),
        ("wolves in a café", EVEN),
        ("a man in a café", PICTURE),
        ("two piñatas", PICTURE),
        ("the café of Vienna", WORDS),
        ("somebody says fiancée", WORDS),
        ("a man at the café", PICTURE),
        ("the bridge of San Francisco", WORDS),
        ("it’s the boss of Siemens", WORDS),
    ],
)
def test_a_word_of_elsewhere_does_not_make_a_query_another_language(
    query: str, expected: Weights
) -> None:
    chosen = choose_weights(query, BOTH)
    assert (chosen.text, chosen.vision) == pytest.approx((expected.text, expected.vision))


@pytest.mark.parametrize(("present", "text"), [((Modality.TEXT,), 1.0), ((Modality.VISION,), 0.0)])
def test_a_library_with_one_modality_has_all_the_weight_on_it(
    present: tuple[Modality, ...], text: float
) -> None:
    assert choose_weights("a power drill", present) == Weights(text, 1 - text)


@given(st.text(max_size=200))
def test_weights_of_any_query_sum_to_1(query: str) -> None:
    chosen = choose_weights(query, BOTH)
    assert chosen.text + chosen.vision == pytest.approx(1)
    assert min(chosen.text, chosen.vision) > 0
