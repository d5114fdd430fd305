"""Names of files are someone else's: what is printed of them is safe and loses nothing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.forms import is_storable
from ingest.errors import VideoUnreadable
from ingest.files.found import FoundFile
from ingest.files.outcome import Outcome, OutcomeStatus, printable, refused

any_name = st.text(st.characters(codec=None), max_size=40) | st.binary(max_size=40).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)


@settings(deadline=None, max_examples=200)
@given(any_name)
def test_every_name_is_printable_and_encodable(name: str) -> None:
    text = printable(name)
    assert text.isprintable()
    text.encode("utf-8")


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=40))
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("naïve café ☕ 視頻.mp4", "naïve café ☕ 視頻.mp4"),
        ("two\nlines.mp4", r"two\nlines.mp4"),
        ("\x1b[31mred.mp4", r"\x1b[31mred.mp4"),
        ("caf\udce9.mp4", r"caf\udce9.mp4"),
        ("right\u202eleft.mp4", r"right\u202eleft.mp4"),
    ],
)
def test_what_would_change_the_terminal_is_escaped(name: str, expected: str) -> None:
    assert printable(Path(name)) == expected


@pytest.mark.parametrize(
    ("status", "is_fault"),
    [
        ("done", False),
        ("unchanged", False),
        ("skipped", False),
        ("partial", True),
        ("failed", True),
    ],
)
def test_a_file_that_failed_or_is_partial_is_a_fault_of_the_run(
    status: str, is_fault: bool
) -> None:
    assert Outcome("a.mp4", OutcomeStatus(status)).is_fault is is_fault


@settings(deadline=None, max_examples=100)
@given(any_name)
def test_whatever_an_error_says_its_reason_can_be_printed_and_stored(words: str) -> None:
    outcome = refused(FoundFile(Path("/v/a.mp4"), 1, 1), VideoUnreadable(words))
    assert outcome.reason is not None
    assert outcome.reason.isprintable()
    assert is_storable(outcome.reason)
