"""The forms that a word of a query may have in texts
(migrations/versions/0010_words_in_any_form.py).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from database.queries.near import LONGEST, SHORTEST_PART, SHORTEST_TYPO, exchanged, near_words
from database.queries.quantities import with_spellings
from database.server.connection import Database

_PLAIN = "^(?:(?:[A-Za-z]+[,;!]?|[0-9]+)(?: |$))*$"
"""Words that have no other forms. Without groups that are taken out, which would cost much more."""


def _unless_plain(text: str, otherwise: str) -> str:
    """SQL that is `otherwise`, or for plain words, at a hundredth of its cost, what that would be:
    the words in small letters."""
    return f"CASE WHEN {text} ~ '{_PLAIN}' THEN lower({text} COLLATE \"C\") ELSE {otherwise} END"


def lexemes_sql(language: str, text: str) -> str:
    """SQL of the lexemes of a text, as moments have them."""
    return f"""tsvector_to_array(CASE WHEN {text} ~ '{_PLAIN}'
        THEN to_tsvector(text_config({language}), lower({text} COLLATE "C"))
        ELSE words_vector({language}, {text}) END)"""


# Words in small letters, and as tsqueries what was typed and what else is meant by it.
_FORMS_SQL = f"""
    SELECT language, word, plainto_tsquery(config, parts)::text AS typed,
        ARRAY(SELECT plainto_tsquery(config,
                {_unless_plain("other", "parts_of(words_of(other))")})::text
            FROM unnest(CASE WHEN word ~ '{_PLAIN}' THEN '{{}}'
                ELSE ARRAY[without_accents(parts), written_out(parts), joined(word)] END
                || string_to_array(chunk_others, '|')) AS other
            WHERE other <> parts) AS others,
        {lexemes_sql("language", "every_form")} AS lexemes
    FROM unnest(CAST(:chunks AS text[]), CAST(:others AS text[]))
            WITH ORDINALITY AS own (chunk, chunk_others, place),
        regexp_split_to_table({_unless_plain("chunk", "words_of(chunk)")}, ' +')
            WITH ORDINALITY AS split (word, number),
        LATERAL (SELECT {_unless_plain("word", "parts_of(word)")} AS parts,
            concat_ws(' ', word, replace(chunk_others, '|', ' ')) AS every_form) AS made,
        unnest(CAST(:languages AS text[])) AS language, text_config(language) AS config
    WHERE numnode(plainto_tsquery(config, parts)) > 0
    ORDER BY language, place, number"""
_PHRASE_SQL = """
    SELECT coalesce(string_agg(DISTINCT '(' || query::text || ')', ' | '), ''),
        count(DISTINCT language) < cardinality(CAST(:languages AS text[]))
    FROM unnest(CAST(:languages AS text[])) AS language,
        parts_of(words_of(:text)) AS parts,
        unnest(ARRAY[parts, without_accents(parts), written_out(parts),
            CASE WHEN words_of(:text) ~ '^[[:alnum:]]+(-[[:alnum:]]+)+$'
                THEN joined(words_of(:text)) END]) AS form,
        phraseto_tsquery(text_config(language), form) AS query
    WHERE numnode(query) > 0"""
_WRITTEN = "SELECT text FROM moment WHERE kind <> 'description'"
_PARTS_SQL = f"{_WRITTEN} AND text ILIKE :part LIMIT :most"
_ALIKE_SQL = f"{_WRITTEN} AND :word <% text LIMIT :most"
_HAVING_SQL = f"{_WRITTEN} AND tsv @@ CAST(:query AS tsquery) LIMIT :most"
_SET_SIMILARITY = "SELECT set_config('pg_trgm.word_similarity_threshold', :least, false)"
_TEXTS_READ = 200
"""Texts that words nearly like an unknown one are taken from, at most; no descriptions, since what
is said and written is looked up by them."""
_MOST_FORMS = 100
"""Words of a query that are looked up, and of those nearly like one word, at most."""
_CHUNKS_AT_ONCE = 50
"""Of a long query no more are read than its first _MOST_FORMS words need."""
_MOST_NEAR = 20
FEW_COMMON = 3
"""Words that are common, each of them, are looked up as they were typed if there are so many."""
_SHORT = 4
"""Letters of words that may be one together: wi fi, e mail."""
DENSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]"
)
"""A character of a script without spaces, as in the migration: texts are looked up by its pairs."""

_ONE_DENSE = re.compile(f"'{DENSE.pattern}'")


@dataclass(frozen=True)
class Form:
    """A word of a query in one language, with its tsqueries; see Term (terms.py)."""

    language: str
    word: str
    lexeme: str
    exact: str
    query: str
    lexemes: tuple[str, ...]


class Phrase(NamedTuple):
    """Words side by side, in any form."""

    query: str
    """A tsquery; empty where no language indexes them."""
    pattern: str = ""
    """A regular expression of what was typed, if in some language all of these words are too common
    to be indexed."""


def read_forms(database: Database, text: str, languages: Sequence[str]) -> list[Form]:
    """Each word of a text in each of the languages, once; without words that are not indexed."""
    chunks: dict[str, tuple[str, ...]] = {}
    for chunk, others in _with_neighbours(with_spellings(text.split())):
        chunks.setdefault(chunk, others)
    forms: dict[tuple[str, str], Form] = {}
    found: list[Form] = []
    for start in range(0, len(chunks), _CHUNKS_AT_ONCE):
        part = list(chunks.items())[start : start + _CHUNKS_AT_ONCE]
        for form in _read_part(database, part, languages):
            forms.setdefault((form.language, form.exact), form)
        found = [each for own in languages for each in _of(forms.values(), own)[:_MOST_FORMS]]
        if len(found) == _MOST_FORMS * len(languages):
            break
    return found


def _read_part(
    database: Database, chunks: Sequence[tuple[str, tuple[str, ...]]], languages: Sequence[str]
) -> Iterator[Form]:
    values = {
        "chunks": [chunk for chunk, _ in chunks],
        "others": ["|".join(others) for _, others in chunks],
        "languages": list(languages),
    }
    for row in database.rows(_FORMS_SQL, values):
        yield from _forms(*row)


def _of(forms: Iterable[Form], language: str) -> list[Form]:
    return [form for form in forms if form.language == language]


def _with_neighbours(
    chunks: Sequence[tuple[str, tuple[str, ...]]],
) -> list[tuple[str, tuple[str, ...]]]:
    """Words, short ones also as one with a short neighbour."""
    found = []
    for at, (chunk, others) in enumerate(chunks):
        pairs = [(chunks[n][0], chunks[n + 1][0]) for n in (at - 1, at) if 0 <= n < len(chunks) - 1]
        joined = tuple(
            one + other
            for one, other in pairs
            if max(len(one), len(other)) <= _SHORT and (one + other).isalpha()
        )
        found.append((chunk, (*others, *joined)))
    return found


def _forms(
    language: str, word: str, typed: str, others: Sequence[str], lexemes: Sequence[str]
) -> list[Form]:
    """A word as one form; one of a dense script as one for each of its pairs."""
    operands = typed.split(" & ")
    if DENSE.search(word):
        return [_pair(language, operand) for operand in operands]
    exact = " & ".join(f"{operand}:A" for operand in operands)
    queries = dict.fromkeys([typed, *(other for other in others if other)])
    query = " | ".join(f"({each})" if " & " in each else each for each in queries)
    shown = " ".join(operand.strip("'") for operand in operands)
    return [Form(language, word, shown, exact, query, tuple(lexemes))]


def _pair(language: str, operand: str) -> Form:
    lexeme = operand.strip("'")
    query = f"{operand}:*" if len(lexeme) == 1 and DENSE.match(lexeme) else operand
    return Form(language, lexeme, lexeme, query, query, (lexeme,))


def read_phrase(database: Database, text: str, languages: Sequence[str]) -> Phrase:
    """A text as a phrase in any of the languages."""
    values = {"languages": list(languages), "text": text}
    ((query, is_common),) = database.rows(_PHRASE_SQL, values)
    return Phrase(_ONE_DENSE.sub(r"\g<0>:*", query), as_typed(text) if is_common else "")


def as_typed(text: str) -> str:
    """A regular expression of PostgreSQL for these words side by side; empty if there are none."""
    words = re.findall(r"\w+", text)
    return r"\m" + r"\W+".join(words) + r"\M" if words else ""


def like(text: str) -> str:
    """A pattern of LIKE for texts that hold this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _read_typed_wrong(database: Database, word: str, languages: Sequence[str]) -> list[str]:
    """Texts with a word that this one may have been meant for."""
    # It has one more trigram than letters, of which another letter changes three, and what both
    # have is set against what either has (pg_trgm).
    least = (len(word) - 2) / (len(word) + 4) - 0.01
    with database.reading():  # the setting is of one connection
        database.rows(_SET_SIMILARITY, {"least": str(least)})
        alike = database.rows(_ALIKE_SQL, {"word": word, "most": _TEXTS_READ})
    # Two that are exchanged are in four: too many to be alike.
    forms = read_forms(database, " ".join(exchanged(word)), languages)
    query = " | ".join(sorted({f"({form.query})" for form in forms}))
    values = {"query": query, "most": _TEXTS_READ}
    return [text for (text,) in (*alike, *database.rows(_HAVING_SQL, values))]


def _read_like(database: Database, word: str, languages: Sequence[str]) -> list[str]:
    """Texts with words that are nearly this one."""
    values = {"word": word, "part": like(word), "most": _TEXTS_READ}
    texts = [text for (text,) in database.rows(_PARTS_SQL, values)]
    if len(word) >= SHORTEST_TYPO:
        texts += _read_typed_wrong(database, word, languages)
    return texts


def read_near(
    database: Database, word: str, languages: Sequence[str]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By language the tsquery, and the lexemes, of words of the library that are nearly this one.
    The server must have trigrams."""
    if not SHORTEST_PART <= len(word) <= LONGEST or not word.isalnum() or word.isdigit():
        return {}
    texts = database.gather(lambda part: _read_like(part, word, languages))
    near = near_words(word, [text for own in texts for text in own])[:_MOST_NEAR]
    found = {}
    for language in languages if near else ():
        forms = read_forms(database.home, " ".join(near), [language])
        lexemes = tuple(dict.fromkeys(lexeme for form in forms for lexeme in form.lexemes))
        found[language] = " | ".join(f"({form.query})" for form in forms), lexemes
    return found
