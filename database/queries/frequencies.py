"""How many texts of a library have a word: what is said and written, and descriptions apart.

Of common words PostgreSQL's own statistics tell, which do not keep the two apart; rare ones are
counted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from database.models.moments import DESCRIBED
from database.queries.forms import Form
from database.server.connection import Database

_COUNTED = 10_000
"""Moments that a rare word is counted in, at most."""
_DESCRIPTIONS_READ = 10_000
"""Descriptions that words are counted in: all, or about so many, those of every so manieth
video."""
_FEW = 100
"""Of these: words that fewer have are counted in all descriptions."""
_STATISTICS_SQL = f"""
    SELECT reltuples * (1 - coalesce(null_frac, 0)), most_common_elems::text::text[],
        most_common_elem_freqs, greatest(
            (SELECT reltuples FROM pg_class WHERE oid = 'moment_description_idx'::regclass),
            (SELECT count(*) FROM (
                SELECT FROM moment WHERE {DESCRIBED} LIMIT :read) AS first_ones))
    FROM pg_class LEFT JOIN pg_stats ON schemaname = current_schema()
        AND tablename = 'moment' AND attname = 'tsv'
    WHERE oid = 'moment'::regclass"""
# Those of videos, and those that common sentences in another language are marked with.
_LANGUAGES_SQL = """
    SELECT DISTINCT coalesce(language, 'en') FROM video UNION SELECT 'en'
    UNION SELECT unnest(most_common_vals::text::text[]) FROM pg_stats
    WHERE schemaname = current_schema() AND tablename = 'moment' AND attname = 'language'"""
_COUNT_SQL = """
    SELECT query, (SELECT count(*) FROM (
        SELECT FROM moment WHERE tsv @@ CAST(query AS tsquery) AND {of} LIMIT :counted) AS seen)
    FROM unnest(CAST(:queries AS text[])) AS rare (query)"""
_COUNT_WRITTEN_SQL = _COUNT_SQL.format(of="kind <> 'description'")
_COUNT_DESCRIBED_SQL = _COUNT_SQL.format(of=DESCRIBED)
_READ_DESCRIBED_SQL = f"""
    WITH described AS MATERIALIZED (
        SELECT tsv FROM moment
        WHERE {DESCRIBED} AND video_id IN (SELECT id FROM video WHERE id % :every = 0))
    SELECT query, (SELECT count(*) FROM described WHERE tsv @@ CAST(query AS tsquery)),
        (SELECT count(*) FROM described)
    FROM unnest(CAST(:queries AS text[])) AS own (query)"""


@dataclass(frozen=True)
class WordStatistics:
    """Document frequencies of the library, as the last ANALYZE has seen them."""

    languages: tuple[str, ...]
    num_texts: float
    """Of what is said and written."""
    frequent: Mapping[str, float]
    """The part of all texts, in (0, 1], that have a lexeme; only of common ones."""
    num_descriptions: float = 0.0
    parts: "tuple[WordStatistics, ...]" = ()
    """Those of each part of a library that is spread; then `frequent` is empty."""


@dataclass(frozen=True)
class WordCounts:
    """How many texts have any form of each word, by its tsquery."""

    written: Mapping[str, float]
    """Of what is said and written: of common words, how many have it as it was typed."""
    described: Mapping[str, float]
    """Of descriptions; nothing where there are none."""


def read_statistics(database: Database) -> WordStatistics:
    """As they are now. Raises DatabaseError."""
    found = database.gather(_read_statistics)
    if len(found) == 1:
        return found[0]
    return WordStatistics(
        tuple(sorted({language for own in found for language in own.languages})),
        sum(own.num_texts for own in found),
        {},
        sum(own.num_descriptions for own in found),
        tuple(found),
    )


def count_words(
    database: Database, forms: Sequence[Form], statistics: WordStatistics
) -> WordCounts:
    """The counts of these words in all of the library. Raises DatabaseError."""
    parts = statistics.parts or (statistics,)
    found = database.gather(lambda part, own: _count_words(part, forms, own), parts)
    if len(found) == 1:
        return found[0]
    queries = {form.query for form in forms}
    return WordCounts(
        {query: sum(own.written[query] for own in found) for query in queries},
        {query: sum(own.described.get(query, 0.0) for own in found) for query in queries},
    )


def _count_words(part: Database, forms: Sequence[Form], statistics: WordStatistics) -> WordCounts:
    num = statistics.num_descriptions
    described = _num_described(part, forms, num) if num else {}
    return WordCounts(_num_written(part, forms, statistics, described), described)


def _read_statistics(database: Database) -> WordStatistics:
    languages = [language for (language,) in database.rows(_LANGUAGES_SQL)]
    ((num, lexemes, parts, num_own),) = database.rows(_STATISTICS_SQL, {"read": _DESCRIPTIONS_READ})
    # After the frequencies come their least and greatest.
    frequent = dict(zip(lexemes or [], parts or [], strict=False))
    num_texts = max(float(num) - num_own, 1.0)
    return WordStatistics(tuple(sorted(languages)), num_texts, frequent, float(num_own))


def _num_written(
    database: Database,
    forms: Sequence[Form],
    statistics: WordStatistics,
    described: Mapping[str, float],
) -> dict[str, float]:
    """How many texts have each word, without the descriptions that have it."""
    num_all = statistics.num_texts + statistics.num_descriptions
    estimated = {
        form.query: statistics.frequent.get(form.lexeme, 0.0) * num_all
        - described.get(form.query, 0.0)
        for form in forms
    }
    # Of words that descriptions have more often, the difference says little.
    rare = sorted(query for query, num in estimated.items() if num <= described.get(query, 0.0))
    return estimated | _count(database, _COUNT_WRITTEN_SQL, rare, estimated)


def _num_described(database: Database, forms: Sequence[Form], num: float) -> dict[str, float]:
    """How many of so many descriptions have each word."""
    every = math.ceil(num / _DESCRIPTIONS_READ)
    values = {"queries": sorted({form.query for form in forms}), "every": every}
    read = database.rows(_READ_DESCRIBED_SQL, values)
    having = {query: count * num / max(num_read, 1) for query, count, num_read in read}
    if every == 1:
        return having
    few = [query for query, count, _ in read if count < _FEW]
    return having | _count(database, _COUNT_DESCRIBED_SQL, few, having)


def _count(
    database: Database, sql: str, queries: Sequence[str], estimates: Mapping[str, float]
) -> dict[str, float]:
    """How many texts match each tsquery; of very many, as many as is estimated."""
    counts = database.rows(sql, {"queries": list(queries), "counted": _COUNTED})
    return {
        query: float(count) if count < _COUNTED else max(count, estimates[query])
        for query, count in counts
    }
