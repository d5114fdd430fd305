"""Lines beside writing that was not read."""

from dataclasses import replace

import numpy as np

from ingest.perception.ocr.read_lines import ReadLine, unread_writing, without_chance

WORD = ReadLine(
    text="Cupuak",
    box=(0.1, 0.1, 0.4, 0.2),
    score=0.97,
    is_sure=True,
    picture=np.zeros((20, 80), np.uint8),
    length_px=80,
    height_px=20,
    is_from_the_end=False,
)
TITLE = replace(WORD, text="Quarterly report", score=0.99, length_px=200)
UNREAD = replace(WORD, text="nponyx", score=0.5, is_sure=False, length_px=200)


def sure(*lines: ReadLine) -> list[str]:
    return [line.text for line in without_chance(lines) if line.is_sure]


def test_a_short_word_among_unread_lines_is_chance() -> None:
    assert sure(WORD, UNREAD, UNREAD) == []


def test_a_word_of_letters_that_look_like_others_is_chance_however_sure() -> None:
    assert sure(replace(WORD, text="Kypcop mypi", score=1.0), UNREAD, UNREAD) == []


def test_words_that_no_other_script_has_stay() -> None:
    door = replace(WORD, text="Door 7", score=0.99)
    year = replace(WORD, text="2031", score=0.99)
    assert sure(TITLE, door, year, UNREAD, UNREAD, UNREAD) == [TITLE.text, "Door 7", "2031"]


def test_a_short_word_alone_or_among_lines_that_were_read_stays() -> None:
    assert sure(WORD) == [WORD.text]
    assert sure(WORD, TITLE, TITLE, UNREAD) == [WORD.text, TITLE.text, TITLE.text]


def test_small_print_that_is_not_read_takes_nothing_from_a_title() -> None:
    small = replace(UNREAD, height_px=8)
    assert sure(WORD, small, small) == [WORD.text]


def test_edges_in_a_photograph_are_no_writing() -> None:
    assert unread_writing([replace(UNREAD, length_px=100), replace(UNREAD, length_px=30)]) == 0
    assert unread_writing([UNREAD]) == 10


def test_a_rule_is_no_writing() -> None:
    assert unread_writing([replace(UNREAD, text="|-----|-----|")]) == 0
