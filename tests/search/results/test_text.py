"""An answer as text: where each hit is and why, safe for a terminal."""

from search.query.query import Shape, Sort
from search.results.text import answer_text
from tests.helpers.answers import answer, said, shown


def test_the_text_says_where_a_hit_is_and_why() -> None:
    text = answer_text(answer(said("Drilling\n through  granite."), shown(13.1)))
    first, second, last = text.split("\n")
    assert first == " 1. 0.83  0:12.0–0:18.2  tour  (/videos/tour.mp4)  scene 5"
    assert second.split("|")[1].strip() == "said: “Drilling through granite.”; shown at 0:13.1"
    assert last == "1 hit in 11 ms"


def test_text_of_media_cannot_steer_the_terminal() -> None:
    text = answer_text(
        answer(
            said("\x1b]0;owned\x07\x1b[2J drilling\x9b31m \u202egnillird\x00"),
            title="\x1b[31mred\ntour\r",
            path="/videos/\x1b[2Jtour\x7f.mp4",
        )
    )
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) == 3


def test_the_text_names_the_track_that_something_was_said_on() -> None:
    heard = said("Drilling.", track="Commentary\x1b[2J (en)")
    _first, second, _last = answer_text(answer(heard)).split("\n")
    assert second.split("|")[1].strip() == "said (Commentary�[2J (en)): “Drilling.”"


def test_times_that_round_up_to_a_minute_are_shown_as_one() -> None:
    first = answer_text(answer(said("x"), start_s=59.97, end_s=3599.99)).split("\n")[0]
    assert "1:00.0–1:00:00.0" in first


def test_no_hit_is_said_in_words() -> None:
    assert answer_text(answer(shown(13.1), empty=True)) == "nothing found"
    by_time = answer_text(answer(shown(13.1), empty=True, shape=Shape(sort=Sort.TIME)))
    assert by_time == "nothing found with --sort time; try without it"


def test_an_answer_of_weak_hits_says_that_none_is_confident() -> None:
    first, *_ = answer_text(answer(shown(13.1), sure=0.1)).split("\n")
    assert first == "no confident match; the nearest are:"
