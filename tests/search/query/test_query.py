"""Whatever is asked, it becomes a query that can be answered, or is refused with the reason."""

import math
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from database.queries.filters import Filters
from search.errors import InvalidQuery
from search.query.query import AUTO, MODES, Shape, Weights, make_query

MODE_NAMES = ("text_heavy", "balanced", "vision_heavy", "auto")

any_text = (
    st.text(st.characters(codec=None), max_size=30)
    | st.text(max_size=5).map(lambda text: f"cat{text}\x00")
    | st.integers(990, 1010).map(lambda length: "x" * length)
)
any_number = st.floats() | st.floats(0, 10) | st.sampled_from([5e-324, 1e308, 0.0, -0.0, 1.0])
any_limit = st.integers(-3, 103) | st.integers()
any_time = st.none() | st.floats(allow_nan=False)


def test_a_query_is_balanced_and_asks_for_ten_hits_unless_told_otherwise() -> None:
    query = make_query("  drilling in granite\n")
    assert query.text == "drilling in granite"
    assert query.mode == "balanced"
    assert query.weights == Weights(0.5, 0.5)
    assert query.shape.limit == 10
    assert query.filters == Filters()


@pytest.mark.parametrize(
    ("mode", "text", "vision"),
    [("text_heavy", 0.7, 0.3), ("balanced", 0.5, 0.5), ("vision_heavy", 0.3, 0.7)],
)
def test_each_mode_has_its_documented_weights(mode: str, text: float, vision: float) -> None:
    query = make_query("cat", mode=mode)
    assert (query.mode, query.weights) == (mode, Weights(text, vision))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((3, 1), (0.75, 0.25)),
        ((1, 0), (1, 0)),
        ((0, 0.2), (0, 1)),
        ((5e-324, 0), (1, 0)),
        ((1e307, 1e307), (0.5, 0.5)),
    ],
)
def test_only_the_ratio_of_weights_matters(
    weights: tuple[float, float], expected: tuple[float, float]
) -> None:
    query = make_query("cat", weights=weights)
    assert query.weights is not None
    assert (query.weights.text, query.weights.vision) == pytest.approx(expected)
    assert query.mode is None


@pytest.mark.parametrize("text", ["x", "x" * 1000, "猫" * 1000, "naïve ☕ 🚀"])
def test_texts_of_up_to_a_thousand_characters_are_accepted(text: str) -> None:
    assert make_query(text).text == text


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n\t\u3000", "x" * 1001, "cat\x00", "\x00", "\ud800", "cat \udcff"],
    ids=ascii,
)
def test_texts_that_cannot_be_searched_are_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="query"):
        make_query(text)


@pytest.mark.parametrize("limit", [-1, 0, 101, 10**9, 10**400])
def test_limits_outside_1_to_100_are_refused(limit: int) -> None:
    with pytest.raises(ValidationError, match="limit\n"):
        Shape(limit=limit)


@pytest.mark.parametrize("limit", [1, 100])
def test_the_smallest_and_the_largest_limit_are_accepted(limit: int) -> None:
    assert make_query("cat", shape=Shape(limit=limit)).shape.limit == limit


@pytest.mark.parametrize(
    "weights",
    [
        (math.nan, 1),
        (1, math.nan),
        (math.inf, 1),
        (1, -math.inf),
        (-0.1, 1),
        (0, 0),
        (1e308, 1e308),
    ],
)
def test_weights_that_are_not_a_ratio_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(InvalidQuery, match="weight"):
        make_query("cat", weights=weights)


def test_a_mode_and_weights_at_once_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="a mode or weights, not both"):
        make_query("cat", mode="balanced", weights=(1, 1))


@pytest.mark.parametrize("mode", ["", "vision", "BALANCED", "balanced "])
def test_an_unknown_mode_is_refused_with_the_known_ones(mode: str) -> None:
    with pytest.raises(InvalidQuery, match="text_heavy, balanced, vision_heavy, auto"):
        make_query("cat", mode=mode)


@pytest.mark.parametrize(("from_s", "to_s"), [(5, 5), (5, 4), (0, 0)])
def test_an_empty_time_range_is_refused(from_s: float, to_s: float) -> None:
    with pytest.raises(ValidationError, match="time range is empty"):
        Filters(from_s=from_s, to_s=to_s)


@pytest.mark.parametrize(
    ("from_s", "to_s"),
    [(math.nan, None), (None, math.nan), (math.nan, 5), (0, -math.inf), (math.inf, None), (-1, 5)],
)
def test_a_time_that_is_no_second_of_a_video_is_refused(
    from_s: float | None, to_s: float | None
) -> None:
    with pytest.raises(ValidationError, match=r"(from|to)_s\n"):
        Filters(from_s=from_s, to_s=to_s)


@pytest.mark.parametrize("language", ["\udcff", "e\x00n", ""], ids=ascii)
def test_a_language_that_is_no_code_is_refused(language: str) -> None:
    with pytest.raises(ValidationError, match="language"):
        Filters(language=language)


@settings(deadline=None, max_examples=300)
@given(
    text=any_text,
    mode=st.none() | st.sampled_from(MODE_NAMES) | st.text(max_size=12),
    weights=st.none() | st.tuples(any_number, any_number),
    limit=any_limit,
    from_s=any_time,
    to_s=any_time,
)
def test_every_input_is_a_query_whose_weights_sum_to_1_or_is_refused(
    text: str,
    mode: str | None,
    weights: tuple[float, float] | None,
    limit: int,
    from_s: float | None,
    to_s: float | None,
) -> None:
    try:
        query = make_query(
            text,
            mode=mode,
            weights=weights,
            filters=Filters(from_s=from_s, to_s=to_s),
            shape=Shape(limit=limit),
        )
    except (InvalidQuery, ValidationError):
        return
    if query.mode == AUTO:
        assert query.weights is None
    else:
        assert query.weights is not None
        assert query.weights.text + query.weights.vision == pytest.approx(1)
        assert min(query.weights.text, query.weights.vision) >= 0
    assert query.text == unicodedata.normalize("NFC", text).strip() != ""
    query.text.encode()
    assert "\x00" not in query.text
    assert 1 <= query.shape.limit <= 100
    assert (query.mode in (*MODES, AUTO)) is (weights is None)
    assert from_s is None or to_s is None or from_s < to_s
