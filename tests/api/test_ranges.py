"""The Range header of RFC 9110, section 14, for files of which one range is served."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.media import parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 1000)),
        ("bytes=9999-9999", (9999, 10_000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=9500-", (9500, 10_000)),
        ("bytes=-500", (9500, 10_000)),
        ("bytes=-1", (9999, 10_000)),
        ("bytes=0-", (0, 10_000)),
        ("bytes=9000-20000", (9000, 10_000)),  # an end beyond the file is its end
        ("bytes=-20000", (0, 10_000)),  # a longer suffix is the whole file
        ("bytes=0-9999999999999999999", (0, 10_000)),
    ],
)
def test_a_range_is_the_bytes_that_it_names(header: str, expected: tuple[int, int]) -> None:
    assert parse_range(header, 10_000) == expected


@pytest.mark.parametrize(
    "header", ["bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=9999999999999999999-"]
)
def test_a_range_outside_the_file_cannot_be_satisfied(header: str) -> None:
    assert parse_range(header, 10_000) is None


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_no_range_of_an_empty_file_can_be_satisfied(header: str) -> None:
    assert parse_range(header, 0) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=500-400",
        "bytes=0-1,4-5",
        "bytes=0-1,",
        "bytes=--5",
        "bytes=1.5-2",
        "items=0-5",
        "bytes:0-5",
        "bytes=0-5; q=1",
    ],
)
def test_a_header_that_names_no_single_range_is_to_be_ignored(header: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(header)}$"):
        parse_range(header, 10_000)


number = st.just("") | st.integers(0, 200).map(str) | st.integers(0, 10**25).map(str)
headers = st.text(max_size=30) | st.builds("bytes={}-{}".format, number, number)


@settings(deadline=None, max_examples=400)
@given(headers, st.integers(0, 150) | st.integers(0, 2**63))
def test_any_header_names_bytes_of_the_file_or_none(header: str, size: int) -> None:
    try:
        chosen = parse_range(header, size)
    except ValueError:
        return
    if chosen is not None:
        start, end = chosen
        assert 0 <= start < end <= size
