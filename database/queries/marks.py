"""Where the words of a query stand in a text."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from database.queries.forms import DENSE, FEW_COMMON, lexemes_sql
from database.server.connection import Database

_WORDS = re.compile(
    r"(?:[^\W\d_]\.)+[^\W\d_]\b|\d+(?:[.,]\d+)*|(?:(?!\d)[^\s\x00-\x40\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf"
    r"\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u30fb\uff01-\uff0f])+"
)
_JOINED = re.compile(r"\w+(?:-\w+)+")
_LEXEMES_SQL = f"""
    SELECT language, word, {lexemes_sql("language", "word")}
    FROM unnest(CAST(:languages AS text[]), CAST(:words AS text[])) AS own (language, word)"""


class Mark(NamedTuple):
    """[start, end) in characters of a text, and the lexeme of the query that stands there, or the
    word, if it is too common to have one."""

    start: int
    end: int
    lexeme: str


_PREFIXED = ("ar", "ga", "id")
"""Languages whose stemmers take beginnings away."""


def find_marks(
    database: Database,
    texts: Sequence[tuple[str, str]],
    asked: Collection[str],
    typed: str,
) -> list[tuple[Mark, ...]]:
    """The marks of each of these (text, language), in the order of their places: words with the
    lexemes that are asked for, and all words of what was typed where they stand side by side."""
    wanted = frozenset(asked)
    initials = {lexeme[0] for lexeme in wanted}
    words = sorted(
        {
            (language, word)
            for text, language in texts
            for word, _, _ in _words_of(text)
            if language in _PREFIXED or word[0] > "\x7f" or word[0].lower() in initials
        }
    )
    values = {"languages": [own for own, _ in words], "words": [word for _, word in words]}
    rows = database.rows(_LEXEMES_SQL, values) if words else ()
    known = {(language, word): wanted.intersection(own) for language, word, own in rows}
    as_typed = _as_typed(typed)
    return [tuple(_marks(text, language, wanted, known, as_typed)) for text, language in texts]


def _as_typed(typed: str) -> re.Pattern[str] | None:
    """Words side by side; None of a few, which are marked if they can be looked up."""
    words = re.findall(r"\w+", typed)
    if len(words) < FEW_COMMON:
        return None
    return re.compile(r"\b" + r"\W+".join(words) + r"\b", re.IGNORECASE)


def _words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text, and such with a hyphen after their parts, and where they stand; without
    those of dense scripts."""
    for pattern in (_WORDS, _JOINED):
        for match in pattern.finditer(text):
            word = match[0]
            if word.isascii() or not DENSE.search(word):
                yield word, match.start(), match.end()


def _marks(
    text: str,
    language: str,
    wanted: Collection[str],
    known: Mapping[tuple[str, str], Collection[str]],
    as_typed: re.Pattern[str] | None,
) -> list[Mark]:
    marks: list[Mark] = []
    for word, start, end in _words_of(text):
        found = known.get((language, word))
        if found and not any(start <= mark.start < end for mark in marks):
            marks.append(Mark(start, end, min(found)))
    marks += _dense_marks(text, wanted)
    for match in as_typed.finditer(text) if as_typed else ():
        for part in re.finditer(r"\w+", match[0]):
            start, end = match.start() + part.start(), match.start() + part.end()
            if not any(mark.start < end and start < mark.end for mark in marks):
                marks.append(Mark(start, end, part[0].lower()))
    return sorted(marks)


def _dense_marks(text: str, wanted: Collection[str]) -> Iterator[Mark]:
    """Pairs of characters, or single ones, of a dense script; those that overlap as one."""
    if text.isascii():
        return
    mark: Mark | None = None
    for start in range(len(text)):
        if not DENSE.match(text[start]):
            continue
        found = next(
            (text[start : start + n] for n in (2, 1) if text[start : start + n] in wanted), None
        )
        if found is None:
            continue
        if mark and start < mark.end:
            mark = mark._replace(end=start + len(found))
            continue
        if mark:
            yield mark
        mark = Mark(start, start + len(found), found)
    if mark:
        yield mark
