"""Whether two readings are of one line: known answers."""

import pytest

from ingest.perception.writing.readings import are_of_one, is_part, ticks, without_cursor
from tests.helpers.screens import reading


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        # A reading that is a little off.
        ("Welcome to the harbour", "Welcome to the harbour", True),
        ("Welcome to the harbour", "Welcome to the harbour ■", True),
        ("• Welcome to the harbour", "Welcome to the harbour", True),
        # A pointer lies over some letters, or an edge cuts them.
        ("Welcome to the harbour", "Welcome to the har our", True),
        ("Welcome to the har our", "Welcome to the harbour", True),
        ("Welcome to the harbour", "elcome to the harbour", True),
        # Digits that differ, that come, and that go.
        ("Release v1.2", "Release v1.3", False),
        ("Ticket price is now 10 euros", "Ticket price is now 100 euros", False),
        ("Ticket price is now 100 euros", "Ticket price is now 10 euros", False),
        ("Migration to version 1", "Migration to version 12", False),
        ("kubectl scale --replicas=2", "kubectl scale --replicas=20", False),
        ("step 1 of 24", "step 11 of 24", False),
        ("第3章 数据", "第4章 数据", False),
        ("第3章 数据的收集", "第13章 数据的收集", False),
        ("Глава 2 начало", "Глава 22 начало", False),
        # Other words.
        ("Welcome to the harbour", "Directions from the airport", False),
        ("είναι και", "ήταν εδώ", False),
    ],
)
def test_two_readings_at_one_place_are_of_one_line(before: str, after: str, is_one: bool) -> None:
    assert are_of_one(reading(before, 0), reading(after, 0)) is is_one


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("$ make■", "$ make"),
        ("$ make ▌", "$ make"),
        ("$ make _", "$ make"),
        ("$ make |", "$ make"),
        ("$ makeι", "$ make"),
        ("είναι και", "είναι και"),
        ("τι ι", "τι ι"),
        ("class_", "class_"),
        ("self.__init__", "self.__init__"),
        ("a||", "a||"),
        ("_", "_"),
    ],
)
def test_a_cursor_is_no_part_of_a_text_and_a_letter_is(text: str, left: str) -> None:
    assert without_cursor(text) == left


@pytest.mark.parametrize(
    ("before", "after", "is_clock"),
    [
        ("12:30:04", "12:30:05", True),
        ("Downloading 4 %", "downloading 15 %", True),
        ("第3章 数据", "第4章 数据", True),
        ("第3章 数据", "第4章 图像", False),
        ("Часть 1 начало", "Глава 2 конец", False),
        ("Κεφάλαιο 1", "Κεφάλαιο 2", True),
        ("Κεφάλαιο 1", "Ενότητα 2", False),
        ("Überblick 1", "Ärger 2", False),
        ("Downloading", "Downloading 4 %", False),
        ("Level 1", "Level 1", False),
    ],
)
def test_only_what_changes_its_numbers_alone_ticks(before: str, after: str, is_clock: bool) -> None:
    assert ticks(before, after) is is_clock


@pytest.mark.parametrize(
    ("text", "whole", "is_one"),
    [
        ("kubectl get", "kubectl get pods", True),
        ("get pods", "kubectl get pods", True),
        ("kubectl geI", "kubectl get pods", True),
        ("Level 2", "Level 10", False),
        ("k", "kubectl", False),
        ("kubectl", "kubectl", False),
    ],
)
def test_a_part_of_a_text_may_be_cut_through_a_letter(text: str, whole: str, is_one: bool) -> None:
    assert is_part(text, whole) is is_one
