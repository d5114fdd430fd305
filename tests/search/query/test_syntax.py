"""What people type is taken apart as docs/ranking.md says, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import InvalidQuery
from search.query.query import make_query
from search.query.syntax import QueryWords, parse_words

word = st.text("abcdeäß7", min_size=1, max_size=6)
inner = st.lists(word, min_size=1, max_size=3).map(" ".join)
quotes = st.sampled_from(['""', "“”", "„“"])


@pytest.mark.parametrize(
    ("text", "meaning", "phrases", "excluded"),
    [
        ("drilling in granite", "drilling in granite", (), ()),
        ('"stock prices" today', "stock prices today", ("stock prices",), ()),
        ("“stock prices” today", "stock prices today", ("stock prices",), ()),
        ("„alte Häuser“ am Fluss", "alte Häuser am Fluss", ("alte Häuser",), ()),
        ("coffee -cup", "coffee", (), ("cup",)),
        ("-cup coffee", "coffee", (), ("cup",)),
        ('coffee -"a red cup" -milk', "coffee", (), ("a red cup", "milk")),
        ('"one" "two three" -four', "one two three", ("one", "two three"), ("four",)),
        ("動物 -猫", "動物", (), ("猫",)),
        ('  "stock \n prices"  ', "stock prices", ("stock prices",), ()),
    ],
)
def test_quotes_ask_for_a_phrase_and_a_hyphen_excludes(
    text: str, meaning: str, phrases: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    assert parse_words(text) == QueryWords(meaning, phrases, excluded)


@pytest.mark.parametrize(
    "text",
    [
        "a well-known state-of-the-art drill",
        "trailing- hyphen",
        "a - b",
        "--option",
        "-",
        "---",
        'a 15" screen',
        '"',
        'an unclosed " quote',
        'inside"a word"',
        "it's an o'clock",
        "5-10",
        "kubectl get pods -n kube-system",
    ],
)
def test_a_quote_or_hyphen_that_asks_for_nothing_stands_for_itself(text: str) -> None:
    assert parse_words(text) == QueryWords(text)


@pytest.mark.parametrize("text", ['""', '"  "', '-"" -"  "'])
def test_quotes_around_nothing_ask_for_nothing(text: str) -> None:
    words = parse_words(text)
    assert (words.phrases, words.excluded) == ((), ())


def test_a_phrase_is_not_glued_to_the_word_that_follows_it() -> None:
    assert parse_words('"stock prices"today').meaning == "stock prices today"


@given(st.lists(st.tuples(st.sampled_from(["word", "phrase", "not", "not phrase"]), inner, quotes)))
def test_what_is_put_together_is_taken_apart_again(parts: list[tuple[str, str, str]]) -> None:
    written, meaning, phrases, excluded = [], [], [], []
    for what, text, marks in parts:
        single = f"{text.split()[0]}7"  # an option is one letter
        if what == "word":
            written.append(text)
            meaning.append(text)
        elif what == "phrase":
            written.append(f"{marks[0]}{text}{marks[1]}")
            meaning.append(text)
            phrases.append(text)
        elif what == "not":
            written.append(f"-{single}")
            excluded.append(single)
        else:
            written.append(f"-{marks[0]}{text}{marks[1]}")
            excluded.append(text)
    expected = QueryWords(" ".join(meaning), tuple(phrases), tuple(excluded))
    assert parse_words(" ".join(written)) == expected


@given(st.text('ab -"“”„\n', max_size=25) | st.text(max_size=40))
def test_any_text_is_taken_apart_without_losing_a_letter(text: str) -> None:
    words = parse_words(text)
    assert all(asked.strip() == asked != "" for asked in (*words.phrases, *words.excluded))
    assert all(phrase in words.meaning for phrase in words.phrases)
    kept = [c for c in words.meaning + "".join(words.excluded) if c.isalnum()]
    assert sorted(kept) == sorted(c for c in text if c.isalnum())


@given(st.text(st.characters(exclude_characters='-"“”„', exclude_categories=["Cs"])))
def test_a_text_without_quotes_and_hyphens_is_only_its_meaning(text: str) -> None:
    assert parse_words(text) == QueryWords(" ".join(text.split()))


@pytest.mark.parametrize("text", ["-coffee", '-"stock prices"', "-coffee  -tea", ' -"a" \n'])
def test_a_query_that_only_excludes_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="only excludes"):
        make_query(text)
