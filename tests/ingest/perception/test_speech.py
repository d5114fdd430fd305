"""Words to sentences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.perception.speech import split_sentences

Word = tuple[float, float, str]


def words(text: str, start_s: float = 0.0, word_s: float = 0.4) -> list[Word]:
    """Words spoken one after the other."""
    return [
        (start_s + i * word_s, start_s + (i + 1) * word_s, f" {word}")
        for i, word in enumerate(text.split())
    ]


def texts(spoken: list[Word]) -> list[str]:
    return [text for _, _, text in split_sentences(spoken)]


def test_a_sentence_ends_at_its_full_stop_with_the_times_of_its_words() -> None:
    assert split_sentences(words("The crew drills. Is it deep? Yes!")) == [
        (0.0, pytest.approx(1.2), "The crew drills."),
        (pytest.approx(1.2), pytest.approx(2.4), "Is it deep?"),
        (pytest.approx(2.4), pytest.approx(2.8), "Yes!"),
    ]


def test_full_stops_of_other_scripts_end_a_sentence() -> None:
    assert texts([(0, 1, "列车晚点了。"), (1, 2, "真的？"), (2, 3, "是")]) == [
        "列车晚点了。",
        "真的？",
        "是",
    ]


def test_a_pause_ends_a_sentence() -> None:
    spoken = words("the crew drills deep") + words("then they rest", start_s=5.0)
    assert texts(spoken) == ["the crew drills deep", "then they rest"]


def test_a_speaker_who_never_stops_is_cut_after_fifteen_seconds() -> None:
    sentences = split_sentences(words("on and " * 40))
    assert len(sentences) == 3
    assert all(end_s - start_s <= 15 for start_s, end_s, _ in sentences)


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
    assert texts([(0, 1, " ..."), (1, 2, " ♪"), (5, 6, " !")]) == []


def test_null_bytes_never_reach_the_database() -> None:
    assert texts([(0, 1, " a\x00b.")]) == ["ab."]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 20), st.text(max_size=8)), max_size=30))
def test_no_word_is_lost_or_moved_out_of_order(gaps: list[tuple[float, float, str]]) -> None:
    spoken: list[Word] = []
    now = 0.0
    for number, (pause, length, text) in enumerate(gaps):
        spoken.append((now + pause, now + pause + length, f"{number}{text}"))
        now += pause + length
    sentences = split_sentences(spoken)
    letters = [c for _, _, text in spoken for c in text if c.isalnum()]
    assert [c for _, _, text in sentences for c in text if c.isalnum()] == letters
    starts = [start for start, _, _ in sentences]
    assert starts == sorted(starts)
    assert all(start <= end for start, end, _ in sentences)
