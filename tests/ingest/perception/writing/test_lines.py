"""Which lines stand in the picture, from when to when, told by what is read on each page."""

import time
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.perception.ocr.boxes import at_one_place
from ingest.perception.ocr.read_lines import ReadLine
from ingest.perception.writing.lines import Line, Screen
from ingest.scenes.pages import Change, Page
from tests.helpers.screens import NUM_ROWS, change, reading, row_box

Rows = Sequence[str | None]
WORDS = ("harbour", "lantern", "violin", "copper", "seventeen", "gate")
"""None is a part of another, or like one."""


def turn(
    screen: Screen, time_s: float, changes: Sequence[Change], found: Sequence[ReadLine]
) -> None:
    screen.turn(Page(time_s, "page", tuple(changes), is_new=True), found)


class Told:
    """A screen of rows, of which each picture is told as a page: what changed, and what is read
    there.
    """

    def __init__(self) -> None:
        self.screen = Screen()
        self.rows: Rows = [None] * NUM_ROWS

    def show(self, time_s: float, rows: Rows, since_s: float | None = None) -> None:
        rows = [*rows, *[None] * (NUM_ROWS - len(rows))]
        since_s = time_s - 0.4 if since_s is None else since_s
        changed = [
            n for n, texts in enumerate(zip(self.rows, rows, strict=True)) if len({*texts}) > 1
        ]
        found = [reading(text, n) for n in changed if (text := rows[n]) is not None]
        turn(self.screen, time_s, [change(n, since_s) for n in changed], found)
        self.rows = rows


def told(*pictures: tuple[float, Rows], end_s: float = 100.0) -> list[tuple[str, float, float]]:
    """The lines of pictures, each from a time on."""
    shown = Told()
    for from_s, rows in pictures:
        shown.show(from_s + 0.4, rows, from_s)
    return spans(shown.screen.close(end_s))


def spans(lines: Sequence[Line]) -> list[tuple[str, float, float]]:
    return [(line.text, line.start_s, line.end_s) for line in lines]


def test_a_line_stands_from_when_it_comes_to_when_it_goes() -> None:
    assert told((1, ["harbour"]), (5, ["harbour", "violin"]), (9, [None, "violin"])) == [
        ("harbour", 1, 9),
        ("violin", 5, 100),
    ]


def test_lines_that_scroll_live_until_they_scroll_off() -> None:
    assert told(
        (0, ["harbour", "violin", "copper"]),
        (10, ["violin", "copper", "lantern"]),
        (20, ["copper", "lantern", "gate"]),
    ) == [
        ("harbour", 0, 10),
        ("violin", 0, 20),
        ("copper", 0, 100),
        ("lantern", 10, 100),
        ("gate", 20, 100),
    ]


def test_lines_below_one_that_is_put_between_go_on() -> None:
    lines = told((0, ["harbour", "violin"]), (10, ["harbour", "gate", "violin"]))
    assert lines == [("harbour", 0, 100), ("violin", 0, 100), ("gate", 10, 100)]


def test_the_same_command_twice_is_two_lines() -> None:
    assert told((0, ["$ make", "done"]), (10, ["$ make", "done", "$ make", "done"])) == [
        ("$ make", 0, 100),
        ("done", 0, 100),
        ("$ make", 10, 100),
        ("done", 10, 100),
    ]


def test_a_cleared_screen_ends_all_lines() -> None:
    assert told((0, ["harbour", "violin"]), (10, []), (20, ["violin"])) == [
        ("harbour", 0, 10),
        ("violin", 0, 10),
        ("violin", 20, 100),
    ]


def test_a_digit_or_a_word_that_differs_is_another_line() -> None:
    for before, after in (
        ("Release v1.2", "Release v1.3"),
        ("Slide 4 of 90", "Slide 5 of 90"),
        ("The cat in the garden", "The car in the garden"),
    ):
        assert told((0, [before]), (5, [after])) == [(before, 0, 5), (after, 5, 100)]


def test_what_was_there_at_once_is_kept_though_what_follows_begins_or_ends_like_it() -> None:
    for before, after in (
        ("I know", "I know what you did"),
        ("I know what you did", "I know"),
        ("Level 1", "Level 10"),
        ("Level 10", "Level 1"),
    ):
        shown = Told()
        for at_s, text in ((1.0, before), (3.0, after)):
            row = reading(text, 0, width=0.04 * len(text))
            turn(shown.screen, at_s + 0.4, [change(0, at_s)], [row])
        assert spans(shown.screen.close(5.0)) == [(before, 1, 3), (after, 3, 5)]


def test_of_a_line_that_is_typed_the_whole_is_kept() -> None:
    shown = Told()
    typed = "kubectl get pods --namespace harbour"
    for number, length in enumerate((4, 10, 20, 27, len(typed))):
        row = reading(typed[:length], 0, width=0.8 * length / len(typed))
        turn(shown.screen, 1.0 + number / 2, [change(0, 0.6 + number / 2)], [row])
    assert spans(shown.screen.close(20.0)) == [(typed, 2.6, 20.0)]


def test_of_a_long_line_that_is_typed_for_long_words_are_found_where_they_stand() -> None:
    shown = Told()
    typed = "we leave the harbour before dawn and nobody takes the violin with them today"
    for number, length in enumerate(range(10, len(typed), 6)):
        row = reading(typed[:length], 0, width=0.8 * length / len(typed))
        turn(shown.screen, 2.0 * number + 2, [change(0, 2.0 * number + 1.6)], [row])
    lines = shown.screen.close(60.0)
    assert 4 <= len(lines) <= 8
    assert next(line.start_s for line in lines if "harbour" in line.text) < 10
    assert all(word in typed.split() for line in lines[:-1] for word in line.text.split())


def test_of_a_command_that_scrolls_as_it_is_complete_the_whole_is_kept() -> None:
    shown = Told()
    turn(shown.screen, 1.0, [change(5, 0.6)], [reading("$ make harb", 5, width=0.5)])
    scrolled = [reading("$ make harbour", 4), reading("violins are built", 5)]
    turn(shown.screen, 3.0, [change(4, 2.6), change(5, 2.6, 2.6)], scrolled)
    assert spans(shown.screen.close(20.0)) == [
        ("$ make harbour", 2.6, 20.0),
        ("violins are built", 2.6, 20.0),
    ]


def test_what_slides_in_is_kept_as_a_whole() -> None:
    name = "Dr. Martina Kessler"
    shown = Told()
    for number, first in enumerate((12, 5, 0)):
        row = reading(name[first:], 0, width=0.8 * (len(name) - first) / len(name))
        turn(shown.screen, 1.0 + number, [change(0, 0.6 + number)], [row])
    assert spans(shown.screen.close(20.0)) == [(name, 2.6, 20.0)]


def test_readings_over_a_film_that_differ_by_a_letter_are_one_line_with_the_surest() -> None:
    shown = Told()
    texts = {"We leave tne harbour": 0.9, "We leave the harbour": 0.99, "We leave the harbcur": 0.8}
    for number, (text, score) in enumerate(texts.items()):
        row = reading(text, 8, score=score)
        turn(shown.screen, 1.0 + number, [change(8, 0.6 + number)], [row])
    assert spans(shown.screen.close(20.0)) == [("We leave the harbour", 0.6, 20.0)]


def test_a_pointer_over_a_line_makes_no_other() -> None:
    shown = Told()
    shown.show(1.0, ["Quarterly results"], 0.6)
    turn(shown.screen, 5.0, [change(0, 4.6)], [reading("Quaterly resuls", 0)])
    turn(shown.screen, 9.0, [change(0, 8.6)], [reading("Quarterly results", 0)])
    assert spans(shown.screen.close(20.0)) == [("Quarterly results", 0.6, 20.0)]


def test_of_a_line_under_a_window_whole_words_are_kept() -> None:
    shown = Told()
    shown.show(1.0, ["The copper lantern"], 0.6)
    turn(shown.screen, 5.0, [change(0, 4.6)], [reading("The copper lan", 0, width=0.5)])
    turn(shown.screen, 15.0, [change(0, 14.6)], [reading("The copper lantern", 0)])
    assert spans(shown.screen.close(20.0)) == [
        ("The copper lantern", 0.6, 4.6),
        ("The copper", 4.6, 14.6),
        ("The copper lantern", 14.6, 20.0),
    ]


def test_a_caption_that_flickers_is_one_and_one_that_comes_again_is_another() -> None:
    assert told((0, ["gate"]), (4, []), (4.3, ["gate"]), (8, []), (20, ["gate"])) == [
        ("gate", 0, 8),
        ("gate", 20, 100),
    ]


def test_a_clock_leaves_few_lines_and_the_last() -> None:
    ticks = [(2.0 * n, [f"12:{n // 60:02}:{n % 60:02}", "harbour"]) for n in range(300)]
    lines = told(*ticks, end_s=600.0)
    assert lines[1] == ("harbour", 0, 600)
    assert 40 < len(lines) < 70
    assert lines[-1] == ("12:04:59", 598, 600)


def test_a_line_in_other_pieces_is_the_same() -> None:
    shown = Told()
    shown.show(1.0, ["READY STATUS"], 0.6)
    halves = [reading("READY", 0, width=0.3), reading("STATUS", 0, width=0.8)]
    turn(shown.screen, 5.0, [change(0, 4.6)], halves)
    assert spans(shown.screen.close(20.0)) == [("READY STATUS", 0.6, 20.0)]


def test_what_is_not_sure_begins_no_line_but_lets_one_go_on() -> None:
    shown = Told()
    turn(shown.screen, 1.0, [change(0, 0.6)], [reading("harb", 0, score=0.3, is_sure=False)])
    assert shown.screen.live == []
    shown.show(3.0, ["harbour lights"], 2.6)
    unsure = reading("harbcur lights", 0, score=0.5, is_sure=False)
    turn(shown.screen, 5.0, [change(0, 4.6)], [unsure])
    assert spans(shown.screen.close(20.0)) == [("harbour lights", 2.6, 20.0)]


def test_another_number_is_another_line_however_unsurely_it_is_read() -> None:
    shown = Told()
    turn(shown.screen, 1.0, [change(0, 0.6)], [reading("Harbour 2 Valley 1", 0, score=0.9)])
    turn(shown.screen, 5.0, [change(0, 4.6)], [reading("Harbour 2 Valley 2", 0, score=0.9)])
    assert spans(shown.screen.close(20.0)) == [
        ("Harbour 2 Valley 1", 0.6, 4.6),
        ("Harbour 2 Valley 2", 4.6, 20.0),
    ]


def test_what_comes_as_another_goes_begins_when_it_comes() -> None:
    shown = Told()
    shown.show(1.0, ["harbour lights"], 0.6)
    turn(shown.screen, 5.0, [change(0, 4.6, 4.0)], [reading("garden gate", 0)])
    assert spans(shown.screen.close(20.0)) == [
        ("harbour lights", 0.6, 4.0),
        ("garden gate", 4.6, 20.0),
    ]


def test_what_is_read_too_early_where_lines_only_went_begins_on_its_own_page() -> None:
    shown = Told()
    shown.show(1.0, ["harbour lights"], 0.6)
    turn(shown.screen, 5.0, [change(0, None, 4.0)], [reading("garden gate", 0)])
    turn(shown.screen, 5.5, [change(0, 4.9)], [reading("garden gate", 0)])
    assert spans(shown.screen.close(20.0)) == [
        ("harbour lights", 0.6, 4.0),
        ("garden gate", 4.9, 20.0),
    ]


def test_a_line_beside_what_went_stays_however_it_is_read() -> None:
    shown = Told()
    shown.show(1.0, ["harbour lights"], 0.6)
    left, top, _, bottom = row_box(0)
    beside = Change((left, top, left + 0.1, bottom), None, 4.6)
    turn(shown.screen, 5.0, [beside], [reading("h4rb0ur 1ights", 0)])
    assert spans(shown.screen.close(20.0)) == [("harbour lights", 0.6, 20.0)]


def test_what_touches_a_change_and_was_there_before_begins_no_line() -> None:
    screen = Screen()
    left, top, _, _ = row_box(1)
    corner = Change((left, 0.0, left + 0.1, top + 0.01), 0.6, None)
    turn(screen, 1.0, [corner], [reading("moves across", 1)])
    assert screen.close(20.0) == []


rows = st.lists(st.none() | st.sampled_from(WORDS), max_size=NUM_ROWS)


@settings(deadline=None, max_examples=200)
@given(st.lists(rows, max_size=12))
def test_after_each_page_the_lines_are_those_that_were_read(pictures: list[Rows]) -> None:
    shown = Told()
    pages = []
    for number, picture in enumerate(pictures):
        time_s = 2.0 * number + 1
        shown.show(time_s, picture)
        live = sorted((round(line.box[1], 3), line.text) for line in shown.screen.live)
        there = [(n, text) for n, text in enumerate(shown.rows) if text is not None]
        assert live == sorted((round(row_box(n)[1], 3), text) for n, text in there)
        pages.append((time_s, [text for _, text in there]))
    end_s = 2.0 * len(pictures) + 1
    lines = shown.screen.close(end_s)
    assert all(0 <= line.start_s < line.end_s <= end_s for line in lines)
    for time_s, texts in pages:
        standing = [line.text for line in lines if line.start_s <= time_s < line.end_s]
        assert sorted(standing) == sorted(texts)


readings = st.builds(
    reading,
    st.text(alphabet="abI1 .é", max_size=6),
    st.integers(0, NUM_ROWS - 1),
    score=st.floats(0, 1),
    is_sure=st.booleans(),
    width=st.floats(0.05, 0.9),
)
changes = st.lists(st.builds(change, st.integers(0, NUM_ROWS - 1), st.floats(0, 40)), max_size=5)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(changes, st.lists(readings, max_size=8)), max_size=10))
def test_whatever_is_read_lines_lie_in_the_recording_one_at_a_place(pages: list[Any]) -> None:
    screen = Screen()
    for number, (changed, found) in enumerate(pages):
        apart: list[Any] = []
        for read in found:
            if not any(at_one_place(read.box, other.box) for other in apart):
                apart.append(read)
        turn(screen, 4.0 * number + 1, changed, apart)
        boxes = [line.box for line in screen.live if line.seen_s == 4.0 * number + 1]
        assert not any(at_one_place(*pair) for pair in combinations(boxes, 2))
    lines = screen.close(50.0)
    assert all(0 <= line.start_s <= line.end_s <= 50 for line in lines)
    assert all(line.text for line in lines)


def scrolled_in_s(num_lines: int) -> float:
    """The processor time for a terminal that scrolls by a line each second."""
    texts = [f"{WORDS[n % 6]} {WORDS[n // 6 % 6]} {n}" for n in range(num_lines)]
    shown = Told()
    began = time.process_time()
    for number in range(num_lines):
        shown.show(number + 0.5, texts[max(0, number - NUM_ROWS + 1) : number + 1])
    lines = shown.screen.close(float(num_lines))
    taken_s = time.process_time() - began
    assert [line.text for line in lines] == texts
    assert len(shown.screen.live) == NUM_ROWS
    return taken_s


def test_a_terminal_of_half_an_hour_is_told_in_proportion_to_its_lines() -> None:
    quarter_s, whole_s = scrolled_in_s(450), scrolled_in_s(1800)
    assert whole_s < 8 * max(quarter_s, 0.05)  # 16 times as long if it were quadratic
