"""Where lines are looked for, and the order in which they are read."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.perception.ocr.text_places import (
    Cells,
    Place,
    areas_of_writing,
    in_order,
    strips_across,
)

ROWS, COLUMNS = 14, 25


def place(left: float, top: float, width: float, height: float = 0.04) -> Place:
    """A line in a picture of 16 by 9."""
    right, bottom = left + width, top + height
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return Place(corners, (left, top, right, bottom), width * 16 / (height * 9), 0.9)


def glimpse(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """The map of a small picture with text in [left, top, right, bottom] in pixels."""
    likely = np.zeros((224, 416), np.float32)
    for left, top, right, bottom in boxes:
        likely[top:bottom, left:right] = 0.5
    return likely


def covers(areas: Sequence[Cells], x: float, y: float) -> bool:
    """Whether an area holds a point, in cells."""
    return any(left <= x < right and top <= y < bottom for left, top, right, bottom in areas)


def test_credits_are_read_row_by_row() -> None:
    roles = [place(0.3, top, 0.15) for top in (0.1, 0.2, 0.3)]
    names = [place(0.5, top + 0.004, 0.12) for top in (0.1, 0.2, 0.3)]
    expected = [line for row in zip(roles, names, strict=True) for line in row]
    assert in_order(names + roles) == expected


def test_two_columns_of_sentences_are_read_one_after_the_other_below_their_title() -> None:
    title = place(0.1, 0.03, 0.8, 0.08)
    left = [place(0.05, top, 0.4) for top in (0.2, 0.3, 0.4)]
    right = [place(0.55, top, 0.38) for top in (0.2, 0.3)]
    foot = place(0.1, 0.9, 0.8)
    mixed = [right[1], foot, left[2], left[0], title, right[0], left[1]]
    assert in_order(mixed) == [title, *left, *right, foot]


def test_parts_of_a_row_stay_side_by_side() -> None:
    rows = [
        [place(0.02, top, 0.2), place(0.3, top - 0.005, 0.1), place(0.7, top + 0.005, 0.1)]
        for top in (0.3, 0.36)
    ]
    assert in_order([rows[1][2], *rows[0][::-1], *rows[1][:2]]) == rows[0] + rows[1]


BOXES = st.tuples(
    st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.001, 0.5), st.floats(0.001, 0.3)
)


@given(st.lists(BOXES, max_size=12))
def test_every_line_is_read_once(boxes: list[tuple[float, float, float, float]]) -> None:
    places = [place(*box) for box in boxes]
    assert sorted(map(id, in_order(places))) == sorted(map(id, places))


def test_a_picture_without_writing_has_no_areas() -> None:
    assert areas_of_writing(glimpse(), ROWS, COLUMNS) == []


def test_lines_are_looked_for_around_writing_only() -> None:
    (area,) = areas_of_writing(glimpse((40, 190, 200, 200)), ROWS, COLUMNS)
    left, top, right, bottom = area
    assert (left, right) == (2, 13)
    assert top in (11, 10)
    assert bottom in (13, 14)


def test_of_a_change_the_whole_width_of_its_writing_is_looked_at_and_few_rows() -> None:
    terminal = glimpse((10, 10, 300, 214))
    areas = areas_of_writing(terminal, ROWS, COLUMNS, [(0.6, 0.5, 0.7, 0.53)])
    assert covers(areas, 1, 7)
    assert covers(areas, 17, 7)
    assert not covers(areas, 1, 3)
    assert not covers(areas, 1, 11)


def test_writing_beside_a_change_is_left_alone() -> None:
    two = glimpse((10, 20, 100, 30), (250, 180, 400, 200))
    areas = areas_of_writing(two, ROWS, COLUMNS, [(0.0, 0.0, 0.3, 0.2)])
    assert covers(areas, 3, 1)
    assert not covers(areas, 20, 12)


def test_strips_go_across_the_picture_and_are_one_where_they_meet() -> None:
    changed = [(0.5, 0.5, 0.6, 0.52), (0.1, 0.55, 0.3, 0.6), (0.9, 0.01, 0.95, 0.03)]
    assert sorted(strips_across(changed, ROWS, COLUMNS)) == [
        (0, 0, COLUMNS, 2),
        (0, 6, COLUMNS, 10),
    ]
    assert strips_across([], ROWS, COLUMNS) == []


PIXELS = st.tuples(
    st.integers(0, 400), st.integers(0, 210), st.integers(1, 200), st.integers(1, 60)
)


@given(st.lists(PIXELS, max_size=6))
def test_all_writing_is_in_one_area_each(spots: list[tuple[int, int, int, int]]) -> None:
    likely = glimpse(*((x, y, x + width, y + height) for x, y, width, height in spots))
    areas = areas_of_writing(likely, ROWS, COLUMNS)
    count = np.zeros((ROWS, COLUMNS), int)
    for left, top, right, bottom in areas:
        count[top:bottom, left:right] += 1
    assert count.max(initial=0) <= 1
    rows, columns = np.nonzero(likely)
    assert count[rows * ROWS // 224, columns * COLUMNS // 416].all()
