"""Cursors: each says its place exactly, belongs to one order, and cannot be forged."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.errors import InvalidQuery
from search.query.query import FusionName, Shape, Sort, make_query
from search.ranking.confidence import Confidence
from search.results.cursors import Cursor, fingerprint

BELONGS = "0123456789abcdef"
SURE = Confidence(10.25, 3.0, -1.5, 0.5, 4.0, whole=True, luck=4.0)


def forged(*document: object) -> str:
    """A cursor with any content."""
    text = json.dumps(document)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.lists(st.floats(-1e18, 1e18), max_size=4), st.integers(1, 1000))
def test_a_cursor_says_the_place_exactly(place: list[float], depth: int) -> None:
    text = Cursor(BELONGS, depth, 7, None, None).next(3, SURE, tuple(place))
    assert text.replace("-", "").replace("_", "").isalnum(), "it goes into a URL as it is"
    read = Cursor.of(text, BELONGS, 60)
    assert read == Cursor(BELONGS, depth, 10, SURE, tuple(place))


@settings(deadline=None)
@given(st.text() | st.text("ABCabc019_-=", max_size=40) | st.binary().map(
    lambda data: base64.urlsafe_b64encode(data).decode()
))  # fmt: skip
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidQuery, match="cursor"):
        Cursor.of(text, BELONGS, 60)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=5,
)


@given(st.lists(json_values, max_size=5), st.booleans())
def test_a_forged_cursor_is_refused_or_a_place(document: list[object], right_owner: bool) -> None:
    text = forged(BELONGS, *document) if right_owner else forged(*document)
    try:
        cursor = Cursor.of(text, BELONGS, 60)
    except InvalidQuery:
        return
    assert right_owner
    assert 1 <= cursor.depth <= 1000
    assert all(isinstance(number, float) for number in cursor.after or ())


@pytest.mark.parametrize(
    "text", [forged(BELONGS, 0, 0, None, [1]), forged(BELONGS, 10**6, 0, None, [1]), forged(7)]
)
def test_a_cursor_of_another_depth_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="cursor"):
        Cursor.of(text, BELONGS, 60)


def test_a_cursor_of_endless_brackets_is_refused() -> None:
    text = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    with pytest.raises(InvalidQuery, match="cursor"):
        Cursor.of(text, BELONGS, 60)


def test_a_cursor_belongs_to_all_that_decides_about_the_order() -> None:
    queries = [
        make_query("drilling"),
        make_query("granite"),
        make_query("drilling", mode="auto"),
        make_query("drilling", weights=(1, 0)),
        make_query("drilling", spaces=["minilm-l6"]),
        *(make_query("drilling", shape=shape) for shape in (
            Shape(sort=Sort.DATE), Shape(by_video=True), Shape(fold=True), Shape(min_score=0.2),
            Shape(fusion=FusionName.RRF),
        )),
    ]  # fmt: skip
    marks = [fingerprint(query, ()) for query in queries] + [fingerprint(queries[0], 5)]
    assert len(set(marks)) == len(marks)
    same = make_query(" drilling ", shape=Shape(limit=3, explain=True))
    assert fingerprint(same, ()) == marks[0], "the size of a page and its details do not matter"
