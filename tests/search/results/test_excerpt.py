"""Evidence shows the part of a text that it was found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.models import MomentKind
from database.queries.hits import MomentInfo
from search.results.excerpt import excerpt_of
from search.results.text import answer_text
from tests.helpers.answers import answer, written

SLIDE = "Harvest report\nWheat was cut in August\nBarley was late\nRye, oats and barley: none"


def moment(kind: MomentKind, text: str, *words: str) -> MomentInfo:
    """A text with these words marked, each once."""
    marks = tuple(sorted((text.index(word), text.index(word) + len(word)) for word in words))
    return MomentInfo(1, kind, 0.0, 1.0, text, None, words, marks)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("late",), "Barley was late"),
        (("Harvest", "late"), "Harvest report\nBarley was late"),
        (("none",), "Rye, oats and barley: none"),
        ((), SLIDE),
    ],
)
def test_of_a_slide_the_lines_are_shown_that_have_the_words(
    words: tuple[str, ...], shown: str
) -> None:
    found = excerpt_of(moment(MomentKind.OCR, SLIDE, *words), 200)
    assert found.text == shown
    assert {found.text[first:last] for first, last in found.marks} == set(words)


def test_a_sentence_is_shown_with_what_stands_around_the_words() -> None:
    sentence = f"{'So it goes on. ' * 20}And barley was late{' as ever' * 20}."
    found = excerpt_of(moment(MomentKind.SPEECH, sentence, "barley"), 100)
    assert "goes on. And barley was late" in found.text
    assert len(found.text) == 100
    assert not found.begins
    assert not found.ends


def test_the_terminal_shows_the_line_that_was_found() -> None:
    start = SLIDE.index("late")
    _first, second, _last = answer_text(answer(written(SLIDE, ((start, start + 4),)))).split("\n")
    assert second.split("|")[1].strip() == "on screen: “Barley was late”"


@given(st.text(max_size=80), st.data(), st.sampled_from([MomentKind.OCR, MomentKind.SPEECH]))
def test_what_is_marked_in_a_text_is_marked_in_the_part_of_it(
    text: str, data: st.DataObject, kind: MomentKind
) -> None:
    places = st.integers(0, len(text))
    pairs = data.draw(st.lists(st.tuples(places, places).map(sorted), max_size=4))
    marks = tuple(
        (first, last)
        for first, last in sorted(pairs)
        if "\n" not in text[first:last] and last > first
    )
    found = excerpt_of(MomentInfo(1, kind, 0.0, 1.0, text, None, (), marks), 200)
    assert [found.text[first:last] for first, last in found.marks] == [
        text[first:last] for first, last in marks
    ]
