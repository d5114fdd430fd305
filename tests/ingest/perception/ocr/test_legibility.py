"""What is taken for read, by the text and the recogniser's confidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.perception.ocr.legibility import is_greek, is_read


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("3TTT ATTH T 3R", 0.66),  # of a line in Hindi
        ("auia ia aa g n", 0.52),
        ("awobniw Ils Golo G", 0.76),  # mirrored
        ("fh", 0.93),  # edges in photographs are short
        ("0000 00000 000", 0.97),  # Gurmukhi
        ("ncee∂ouM y∂mypm", 0.94),  # slanted Cyrillic
        ("3aznaesba KoynaBoryp", 0.93),  # upright
        ("CCUOCCCCCC", 0.97),  # Burmese
        ("--- | ---", 1.0),
        ("", 0.0),
    ],
)
def test_what_was_made_of_other_writing_is_not_read(text: str, score: float) -> None:
    assert not is_read(text, score)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Elephant parade route", 0.9),
        ("EXIT", 0.97),
        ("12:30", 0.96),
        ("100 %", 0.99),
        ("1,000,000 visitors", 0.99),
        ("安全", 0.99),
        ("これはソケットのエラーです", 0.99),
        ("5 µm at 3 kΩ, ΔT = 2 K", 0.95),
        ("sha256sum x86_64 getName", 0.96),
    ],
)
def test_what_is_written_is_read(text: str, score: float) -> None:
    assert is_read(text, score)


@given(st.text(max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_what_is_read_stays_so_with_more_confidence(text: str, one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert is_read(text, more) or not is_read(text, less)


def test_signs_of_formulas_are_no_greek_words() -> None:
    assert is_greek("Δημιουργα λστα")
    assert not is_greek("α = β + γ")
    assert not is_greek("Elephants walk")
