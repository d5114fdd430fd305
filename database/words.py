"""The words of a query: its lexemes in every language of the library, and what each weighs.

A word weighs its inverse document frequency in BM25 (Robertson and Zaragoza, "The Probabilistic
Relevance Framework", 2009): rare words count more. Frequencies come from PostgreSQL's own
statistics for common words, and are counted for rare ones.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.session import Database

_REREAD_S = 2.0
_COUNTED = 10_000
"""Moments that a rare word is counted in, at most."""
_REMEMBERED = 4096


_STATISTICS_SQL = """
    SELECT reltuples * (1 - coalesce(null_frac, 0)), most_common_elems::text::text[],
        most_common_elem_freqs
    FROM pg_class LEFT JOIN pg_stats ON schemaname = current_schema()
        AND tablename = 'moment' AND attname = 'tsv'
    WHERE oid = 'moment'::regclass"""


@dataclass(frozen=True)
class Term:
    """A lexeme of the query in one language, and what it weighs there."""

    language: str
    lexeme: str
    weight: float

    @property
    def query(self) -> str:
        """As a tsquery."""
        return quoted(self.lexeme)


def quoted(lexeme: str) -> str:
    """A lexeme as a tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


class WordStatistics:
    """Reads lexemes and their weights; safe to call from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._languages: list[str] = []
        self._num_texts = 1.0
        self._frequent: dict[str, float] = {}
        """The part of the texts that have a common lexeme."""
        self._terms: dict[str, tuple[Term, ...]] = {}

    def terms(self, text: str) -> tuple[Term, ...]:
        """The lexemes of a text in every language that the library speaks."""
        self._reread()
        known = self._terms.get(text)
        if known is None:
            if len(self._terms) >= _REMEMBERED:
                self._terms.clear()
            known = self._terms[text] = self._read_terms(text)
        return known

    def phrases(self, texts: Sequence[str]) -> list[str]:
        """Each text as a tsquery that matches it as a phrase in any of the languages; empty for
        one of which nothing is indexed."""
        self._reread()
        statement = sa.text(
            "SELECT coalesce(string_agg(DISTINCT '(' || query::text || ')', ' | '), '') "
            "FROM unnest(CAST(:languages AS text[])) AS language, "
            "LATERAL phraseto_tsquery(text_config(language), :text) AS query "
            "WHERE numnode(query) > 0"
        )
        with self._database.reading() as connection:
            return [
                connection.scalar(statement, {"languages": self._languages, "text": text}) or ""
                for text in texts
            ]

    def _read_terms(self, text: str) -> tuple[Term, ...]:
        statement = sa.text(
            "SELECT language, lexeme FROM unnest(CAST(:languages AS text[])) AS language, "
            "unnest(to_tsvector(text_config(language), :text))"
        )
        with self._database.reading() as connection:
            found = connection.execute(
                statement, {"languages": self._languages, "text": text}
            ).all()
            weights = {
                lexeme: self._weight(connection, lexeme) for lexeme in {row[1] for row in found}
            }
        return tuple(Term(language, lexeme, weights[lexeme]) for language, lexeme in found)

    def _weight(self, connection: sa.Connection, lexeme: str) -> float:
        if lexeme in self._frequent:
            num = self._frequent[lexeme] * self._num_texts
        else:
            num = connection.scalar(
                sa.text(
                    "SELECT count(*) FROM (SELECT FROM moment "
                    f"WHERE tsv @@ CAST(:query AS tsquery) LIMIT {_COUNTED}) AS seen"
                ),
                {"query": quoted(lexeme)},
            )
        total = max(self._num_texts, num)
        return math.log(1 + (total - num + 0.5) / (num + 0.5))

    def _reread(self) -> None:
        if time.monotonic() - self._read_at < _REREAD_S:
            return
        with self._database.reading() as connection:
            languages = connection.scalars(
                sa.text("SELECT DISTINCT coalesce(language, 'en') FROM video UNION SELECT 'en'")
            ).all()
            row = connection.execute(sa.text(_STATISTICS_SQL)).one()
        num_texts, lexemes, parts = row
        # After the frequencies come their least and greatest.
        frequent = dict(zip(lexemes or [], parts or [], strict=False))
        read = (sorted(languages), max(float(num_texts), 1.0), frequent)
        if read != (self._languages, self._num_texts, self._frequent):
            self._languages, self._num_texts, self._frequent = read
            self._terms = {}
        self._read_at = time.monotonic()
