"""Why a hit was found, as the page tells it: the words, and the time that a click leads to."""

import pytest

from api.views.cards import Piece, reason_of
from tests.helpers.answers import said, written


def test_a_sentence_leads_to_its_word() -> None:
    text, words = "The crew is drilling.", ((0, 12.0, 12.2), (4, 13.0, 13.4), (12, 15.0, 16.0))
    reason = reason_of(said(text, words=words, marks=((12, 20),)))
    assert reason.start_s == pytest.approx(14.8)
    assert reason.text == text


def test_of_a_slide_the_line_is_shown_that_was_found() -> None:
    slide = "Harvest report\nWheat was cut in August\nBarley was late"
    first = slide.index("late")
    reason = reason_of(written(slide, ((first, first + 4),)))
    assert reason.pieces == (Piece("Barley was "), Piece("late", marked=True))
