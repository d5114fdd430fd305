"""The words of a query: its lexemes in every language of the library, and what each weighs.

A word weighs its inverse document frequency in BM25 (Robertson and Zaragoza, "The Probabilistic
Relevance Framework", 2009): rare words count more. Frequencies come from PostgreSQL's own
statistics for common words, and are counted for rare ones.
"""

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.server.connection import Database

_REREAD_S = 2.0
"""Statistics are this old at most: they change with an ANALYZE, and reading them costs a round
trip."""
_COUNTED = 10_000
"""Moments that a rare word is counted in, at most."""
_REMEMBERED = 4096
"""Texts whose terms are kept until the statistics change."""
_STATISTICS_SQL = """
    SELECT reltuples * (1 - coalesce(null_frac, 0)), most_common_elems::text::text[],
        most_common_elem_freqs
    FROM pg_class LEFT JOIN pg_stats ON schemaname = current_schema()
        AND tablename = 'moment' AND attname = 'tsv'
    WHERE oid = 'moment'::regclass"""
# Those of videos, and those that common sentences in another language are marked with.
_LANGUAGES_SQL = """
    SELECT DISTINCT coalesce(language, 'en') FROM video UNION SELECT 'en'
    UNION SELECT unnest(most_common_vals::text::text[]) FROM pg_stats
    WHERE schemaname = current_schema() AND tablename = 'moment' AND attname = 'language'"""
_COUNT_SQL = f"""
    SELECT lexeme, (SELECT count(*) FROM (
        SELECT FROM moment WHERE tsv @@ CAST(query AS tsquery) LIMIT {_COUNTED}) AS seen)
    FROM unnest(CAST(:lexemes AS text[]), CAST(:queries AS text[])) AS rare (lexeme, query)"""


@dataclass(frozen=True)
class Term:
    """A lexeme of the query in one language, and its inverse document frequency there."""

    language: str
    lexeme: str
    weight: float

    @property
    def query(self) -> str:
        """The tsquery that matches it."""
        return quoted(self.lexeme)


def quoted(lexeme: str) -> str:
    """A lexeme as an operand of a tsquery, whatever characters it has."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def rarity(terms: Iterable[Term]) -> float:
    """How seldom a text has all of these words by chance, in nats, as if none came with another; of
    several languages, the least."""
    totals: dict[str, float] = {}
    for term in terms:
        totals[term.language] = totals.get(term.language, 0.0) + term.weight
    return min(totals.values(), default=0.0)


@dataclass(frozen=True)
class WordStatistics:
    """Document frequencies of the library, as the last ANALYZE has seen them."""

    languages: tuple[str, ...]
    num_texts: float
    frequent: Mapping[str, float]
    """The part of the texts, in (0, 1], that have a lexeme; only of common ones."""


class WordReader:
    """Reads the lexemes of queries and their weights; safe to call from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._statistics = WordStatistics((), 1.0, {})
        self._known: dict[str, tuple[Term, ...]] = {}
        self._lock = threading.Lock()

    def statistics(self) -> WordStatistics:
        """At most _REREAD_S old; the same object as long as nothing has changed. Raises
        DatabaseError."""
        with self._lock:
            if time.monotonic() - self._read_at >= _REREAD_S:
                found = self._read_statistics()
                if found != self._statistics:
                    self._statistics = found
                    self._known = {}
                self._read_at = time.monotonic()
            return self._statistics

    def terms(self, text: str) -> tuple[Term, ...]:
        """The lexemes of a text in every language of the library: which one a query is in is not
        asked. Raises DatabaseError."""
        statistics = self.statistics()
        with self._lock:
            known = self._known.get(text)
        if known is not None:
            return known
        terms = self._read_terms(text, statistics)
        with self._lock:
            if statistics is self._statistics:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = terms
        return terms

    def phrases(self, texts: Sequence[str]) -> list[str]:
        """Each text as a tsquery that matches it as a phrase in any of the languages; "" for one
        that has only stop words. Raises DatabaseError."""
        statement = sa.text(
            "SELECT coalesce(string_agg(DISTINCT '(' || query::text || ')', ' | '), '') "
            "FROM unnest(CAST(:languages AS text[])) AS language, "
            "LATERAL phraseto_tsquery(text_config(language), words_of(:text)) AS query "
            "WHERE numnode(query) > 0"
        )
        languages = list(self.statistics().languages)
        with self._database.reading() as connection:
            return [
                connection.scalar(statement, {"languages": languages, "text": text}) or ""
                for text in texts
            ]

    def _read_terms(self, text: str, statistics: WordStatistics) -> tuple[Term, ...]:
        statement = sa.text(
            "SELECT language, lexeme FROM unnest(CAST(:languages AS text[])) AS language, "
            "unnest(to_tsvector(text_config(language), words_of(:text)))"
        )
        values = {"languages": list(statistics.languages), "text": text}
        with self._database.reading() as connection:
            found = connection.execute(statement, values).all()
            rare = sorted({lexeme for _, lexeme in found} - statistics.frequent.keys())
            asked = {"lexemes": rare, "queries": [quoted(lexeme) for lexeme in rare]}
            counts = connection.execute(sa.text(_COUNT_SQL), asked).all()
        num_having = {lexeme: float(count) for lexeme, count in counts}
        for _, lexeme in found:
            if lexeme in statistics.frequent:
                num_having[lexeme] = statistics.frequent[lexeme] * statistics.num_texts
        return tuple(
            Term(language, lexeme, _weight(num_having[lexeme], statistics.num_texts))
            for language, lexeme in found
        )

    def _read_statistics(self) -> WordStatistics:
        with self._database.reading() as connection:
            languages = connection.scalars(sa.text(_LANGUAGES_SQL)).all()
            num_texts, lexemes, parts = connection.execute(sa.text(_STATISTICS_SQL)).one()
        # After the frequencies come their least and greatest.
        frequent = dict(zip(lexemes or [], parts or [], strict=False))
        return WordStatistics(tuple(sorted(languages)), max(float(num_texts), 1.0), frequent)


def _weight(num_having: float, num_texts: float) -> float:
    total = max(num_texts, num_having)
    return math.log(1 + (total - num_having + 0.5) / (num_having + 0.5))
