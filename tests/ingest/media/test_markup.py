"""The text of subtitles without what says how it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.forms import is_storable
from ingest.media.markup import MAX_CHARACTERS, lines_of_ass, lines_of_subrip


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (r"{\an8\pos(1,2)}One{\i1} two{\i0}", ("One two",)),
        (r"One\Ntwo\nthree\hfour", ("One", "two", "three four")),
        (r"{\p1}m 0 0 l 9 9{\p0}Sign", ("Sign",)),
        (r"{a remark}Said \{aside\}", ("Said {aside}",)),
        ("♪ ♫", ()),
        ("   ", ()),
    ],
)
def test_what_ass_marks_up_is_left_out(text: str, lines: tuple[str, ...]) -> None:
    assert lines_of_ass(text) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<i>One</i> <font color=red>two</font>", ("One two",)),
        (r"{\an8}One {two}", ("One {two}",)),
        ("{y:i}One<br>two", ("One", "two")),
        ("<v Anna>One<00:00:01.000><c.x>two</c>", ("Onetwo",)),
        ("1 < 2 &amp; 3 &gt; 2 &c.", ("1 < 2 & 3 > 2 &c.",)),
        ("a<b and c>d", ("a<b and c>d",)),
    ],
)
def test_what_subrip_and_webvtt_mark_up_is_left_out(text: str, lines: tuple[str, ...]) -> None:
    assert lines_of_subrip(text) == lines


@given(text=st.text(st.characters(exclude_categories=())))
def test_whatever_comes_its_lines_can_be_stored(text: str) -> None:
    for lines in (lines_of_ass(text), lines_of_subrip(text)):
        assert sum(map(len, lines)) <= MAX_CHARACTERS
        assert all(is_storable(line) and line.strip() for line in lines)
