"""Words to sentences."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.perception.hearing.sentences import Sentence, Word, split_sentences


def words(text: str, start_s: float = 0.0, word_s: float = 0.4) -> list[Word]:
    """Words spoken one after the other."""
    return [
        Word(start_s + i * word_s, start_s + (i + 1) * word_s, f" {word}")
        for i, word in enumerate(text.split())
    ]


def split(spoken: list[Word]) -> list[Sentence]:
    return split_sentences(spoken, "en")


def texts(spoken: list[Word]) -> list[str]:
    return [sentence.text for sentence in split(spoken)]


def test_a_sentence_ends_at_its_full_stop_with_the_times_of_its_words() -> None:
    sentences = split(words("The crew drills. Is it deep? Yes!"))
    expected: list[Any] = [
        (0.0, pytest.approx(1.2), "The crew drills."),
        (pytest.approx(1.2), pytest.approx(2.4), "Is it deep?"),
        (pytest.approx(2.4), pytest.approx(2.8), "Yes!"),
    ]
    assert [(s.start_s, s.end_s, s.text) for s in sentences] == expected


def test_each_word_has_its_place_in_the_text_and_its_time() -> None:
    sentences = split(words("The crew drills. Is it deep?"))
    assert sentences[1].text == "Is it deep?"
    expected: Any = (
        (0, pytest.approx(1.2), pytest.approx(1.6)),
        (3, pytest.approx(1.6), pytest.approx(2.0)),
        (6, pytest.approx(2.0), pytest.approx(2.4)),
    )
    assert sentences[1].words == expected


def test_words_of_a_script_without_spaces_have_their_places_too() -> None:
    spoken = [Word(0, 1, "列车"), Word(1, 1.5, "晚"), Word(1.5, 2, "点了。"), Word(2, 3, "真的？")]
    assert [(s.text, s.words) for s in split(spoken)] == [
        ("列车晚点了。", ((0, 0, 1), (2, 1, 1.5), (3, 1.5, 2))),
        ("真的？", ((0, 2, 3),)),
    ]


def test_full_stops_of_other_scripts_end_a_sentence() -> None:
    said = ["列车晚点了。", "真的？", "यह सच है।", "是"]
    assert texts([Word(n, n + 1, text) for n, text in enumerate(said)]) == said


def test_a_pause_ends_a_sentence() -> None:
    spoken = words("the crew drills deep") + words("then they rest", start_s=5.0)
    assert texts(spoken) == ["the crew drills deep", "then they rest"]


def test_a_speaker_who_never_stops_is_cut_after_fifteen_seconds() -> None:
    sentences = split(words("on and " * 40))
    assert len(sentences) == 3
    assert all(sentence.end_s - sentence.start_s <= 15 for sentence in sentences)


def test_a_speaker_who_never_stops_is_cut_at_a_comma_if_there_is_one() -> None:
    spoken = words("on and " * 14 + "off, " + "and on " * 20)
    assert texts(spoken)[0].endswith("off,")


def test_a_sentence_that_only_repeats_the_one_before_is_left_out() -> None:
    assert texts(words("Thank you. Thank you. Good night. Thank you.")) == [
        "Thank you.",
        "Good night.",
        "Thank you.",
    ]


def test_sentences_of_no_letters_are_left_out() -> None:
    assert texts([Word(0, 1, " ..."), Word(1, 2, " ♪"), Word(5, 6, " !")]) == []


def test_null_bytes_never_reach_the_database() -> None:
    assert texts([Word(0, 1, " a\x00b.")]) == ["ab."]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 20), st.text(max_size=8)), max_size=30))
def test_no_word_is_lost_or_moved_out_of_order(gaps: list[tuple[float, float, str]]) -> None:
    spoken: list[Word] = []
    now = 0.0
    for number, (pause, length, text) in enumerate(gaps):
        spoken.append(Word(now + pause, now + pause + length, f" {number}{text}"))
        now += pause + length
    sentences = split(spoken)
    letters = [c for word in spoken for c in word.text if c.isalnum()]
    assert [c for sentence in sentences for c in sentence.text if c.isalnum()] == letters
    timed = [(s, *word) for s in sentences for word in s.words]
    assert [start_s for _, _, start_s, _ in timed] == [word.start_s for word in spoken]
    for number, (sentence, first, start_s, end_s) in enumerate(timed):
        assert sentence.text[first:].startswith(str(number))
        assert sentence.start_s <= start_s <= end_s <= sentence.end_s
