"""Lines from right to left, as they are seen from the left, in the order of reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.perception.ocr.right_to_left import logical_order


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("ئراوطلا جرخم", "مخرج الطوارئ"),
        ("ءانيم 1914 ةنس", "سنة 1914 ميناء"),
        ("PDF file فلم", "ملف PDF file"),
        ("Elephants walk, 3 km", "Elephants walk, 3 km"),
        ("", ""),
    ],
)
def test_numbers_and_other_words_keep_their_order(seen: str, said: str) -> None:
    assert logical_order(seen) == said


@given(st.text())
def test_no_character_is_lost(seen: str) -> None:
    assert sorted(logical_order(seen)) == sorted(seen)
