"""What a sound track is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.languages import track_name


@pytest.mark.parametrize(
    ("title", "language", "name"),
    [
        (None, "ger", "German"),
        (None, "de-AT", "German"),
        ("Commentary", "en_US", "Commentary (en)"),
        ("Commentary", "und", "Commentary"),
        (None, "tlh", "tlh"),
        (None, "English", "english"),
        (None, None, None),
    ],
)
def test_a_track_is_called_as_its_container_says(
    title: str | None, language: str | None, name: str | None
) -> None:
    assert track_name(title, language) == name


@given(st.text(max_size=100) | st.just("e" * 5000) | st.just("\x1b[2J<script>"))
def test_what_is_no_language_is_in_no_name(tag: str) -> None:
    name = track_name("Mic", tag) or ""
    assert name.isprintable()
    assert len(name) < 30
