"""The statement of a search: all legs in one round trip.

Each leg is a MATERIALIZED CTE with a LIMIT of its own: inlined into the outer query, the planner
gives up the HNSW index. The union of their scenes is then scored exactly in every leg, so that
a scene that only one leg found still has the scores of the others, and no cut-off of a leg
decides about a fused rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from database.queries.filters import Conditions, Scan
from database.queries.terms import Term, quoted
from database.server.connection import Database
from database.spaces.partitions import partition_name

FULL_TEXT = "full-text"
"""The key of the leg that matches words; all other legs are named by their space."""
COVERED = 0.5
"""The part of a query's words that makes a moment a candidate of the full-text leg. Those that
match less are scored when another leg has found them."""
WHOLE = 1 - 1e-6
"""The part of a query's words that a moment with all of them has: their weights are no exact
numbers."""
_APART = 1 - 5e-7
"""What words in several moments are worth: as good as in one, which comes before them all the same.
"""
_MATCHES_READ = 2000
"""Moments that match some of the words are compared up to here; all that match all come first."""
_MATCHES_PER_SCENE = 8
"""Of moments that match all words, so many are read for each scene wanted: a line may be seen again
and again in one scene."""
_NUM_FOUND = -1
"""Instead of a leg's number: how many moments a leg has found."""
_PLACE = "own.id, own.scene_id, own.start_s, own.end_s, own.video_id"

_CALLED = "tsvector_to_array(to_tsvector(text_config(own.language), words_of(called)))"
_NAMED = f"""CASE WHEN own.kind <> 'title' THEN 1 ELSE coalesce((
    SELECT max(CASE WHEN cardinality({_CALLED}) > 1 THEN 1 ELSE 0.7 END)
    FROM unnest(string_to_array(own.text, ' · ')) AS called
    WHERE {_CALLED} <@ CAST(:lexemes AS text[]) AND cardinality({_CALLED}) > 0), 0.5) END"""
"""What words in the name of a video are worth: all if the query has the whole of a name of several
words, or of a file with its suffix (ingest/library/titles.py); less of a single word, and of a part
of the name, since the first scene, which has it, need not say or show what is asked."""


@dataclass(frozen=True)
class VectorLeg:
    """The leg of one space: the query's vector there, float32 [dim]."""

    space: str
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True)
class WordLeg:
    """The leg of full text: the query's words."""

    terms: tuple[Term, ...]
    text: str
    """Where the server has trigrams, a moment that holds this as it stands matches whole."""


class LegMatch(NamedTuple):
    """A moment of a candidate scene in one leg."""

    leg: str
    raw: float
    """Inner product of unit vectors, or the part of the query's words matched, in [0, 1]."""
    moment_id: int
    scene_id: int
    scene_start_s: float
    scene_end_s: float
    video_id: int


def search_legs(
    database: Database,
    vector_legs: Sequence[VectorLeg],
    words: WordLeg | None,
    conditions: Conditions,
    scan: Scan,
    depth: int,
) -> tuple[list[LegMatch], Scan]:
    """Every moment of every candidate scene, in every leg that it is comparable in; and how they
    were found in the end.

    Candidates are the scenes of the `depth` best moments of each leg. In the full-text leg a
    moment that matches no word scores 0. Where walking an index does not fill a leg, because what
    is allowed lies far from the query, everything that is allowed is compared.
    """
    statement = _Statement(conditions, scan, depth)
    for leg in vector_legs:
        statement.add_vectors(leg)
    if words is not None and words.terms:
        statement.add_words(words, database.has_trigrams)
    if not statement.names:
        return [], scan
    with database.reading() as connection:
        rows = connection.execute(sa.text(statement.sql()), statement.values).all()
    starved = any(row[0] == _NUM_FOUND and row[1] < depth for row in rows)
    if scan is Scan.FILTERED_INDEX and starved:
        return search_legs(database, vector_legs, words, conditions, Scan.EXACT, depth)
    legs = statement.keys
    return [LegMatch(legs[row[0]], *row[1:]) for row in rows if row[0] != _NUM_FOUND], scan


class _Statement:
    """The statement of a search, put together leg by leg."""

    def __init__(self, conditions: Conditions, scan: Scan, depth: int) -> None:
        condition, self.values = conditions.sql()
        self._depth = depth  # a literal: as a parameter, the planner would guess its size
        self.keys: list[str] = []
        self.names: list[str] = []
        self._scan = scan
        self._condition = condition
        self._ctes: list[str] = []
        self._scored: list[str] = []
        if scan is Scan.EXACT:
            self._ctes.append(f"""allowed AS MATERIALIZED (
                SELECT moment.id FROM moment JOIN scene ON scene.id = moment.scene_id
                JOIN video ON video.id = scene.video_id WHERE {condition})""")

    def add_vectors(self, leg: VectorLeg) -> None:
        """Adds the leg of a space: the nearest vectors, along its HNSW index or exactly."""
        number, name = len(self.names), f"leg_{len(self.names)}"
        table, dim = partition_name(leg.space), len(leg.vector)
        self.values[name] = "[" + ",".join(map(str, leg.vector.tolist())) + "]"
        distance = f"(e.vector::halfvec({dim}) <#> CAST(:{name} AS halfvec({dim})))"
        self._ctes.append(f"""{name} AS MATERIALIZED (
            SELECT e.moment_id FROM {table} e {self._only_allowed("e.moment_id")}
            ORDER BY {distance} LIMIT {self._depth})""")
        self._scored.append(f"""
            SELECT {number} AS leg, -{distance} AS raw, {_PLACE}
            FROM own JOIN {table} e ON e.moment_id = own.id""")
        if self._scan is Scan.FILTERED_INDEX:
            self._scored.append(f"""
                SELECT {_NUM_FOUND}, (SELECT count(*) FROM {name}), 0, 0, 0, 0, 0""")
        self.names.append(name)
        self.keys.append(leg.space)

    def add_words(self, words: WordLeg, has_trigrams: bool) -> None:
        """Adds the leg of full text: scenes with all words, then those with the heavy ones."""
        coverage = self._coverage_sql(words.terms, has_trigrams)
        slides = _slides("found", "id, scene_id")
        self.values["lexemes"] = sorted({term.lexeme for term in words.terms})
        self.values["any_words"] = " | ".join(sorted({term.query for term in words.terms}))
        self._ctes.append(f"found AS MATERIALIZED ({self._found_sql(words, has_trigrams)})")
        self._ctes.append(f"""words AS MATERIALIZED (
            SELECT min(id) AS moment_id FROM (
                SELECT id, scene_id, ({coverage}) * {_NAMED} AS raw FROM found AS own
                UNION ALL SELECT id, scene_id, ({coverage}) * {_APART} FROM {slides}
            ) AS compared
            GROUP BY scene_id ORDER BY max(raw) DESC, min(id) LIMIT {self._depth})""")
        number, place = len(self.names), _PLACE.replace("own.", "")
        self._scored.append(f"""
            SELECT {number} AS leg, ({coverage}) * {_NAMED} AS raw, {_PLACE}
            FROM own WHERE own.text IS NOT NULL""")
        self._scored.append(f"""
            SELECT {number}, ({coverage}) * {_APART}, {_PLACE} FROM {_slides("own", place)}""")
        self.names.append("words")
        self.keys.append(FULL_TEXT)

    def _found_sql(self, words: WordLeg, has_trigrams: bool) -> str:
        """Moments with all words, and such with heavy ones: so many that those of a few scenes do
        not stand before all others."""
        self.values["all_words"] = _all_of(words.terms)
        self.values["heavy_words"] = _heavy(words.terms)
        has_all = "moment.tsv @@ CAST(:all_words AS tsquery)"
        num_whole = _MATCHES_PER_SCENE * self._depth
        tests = {
            has_all: num_whole,
            f"moment.tsv @@ CAST(:heavy_words AS tsquery) AND NOT {has_all}": _MATCHES_READ,
        }
        if has_trigrams:
            self.values["substring"] = _like(words.text)
            tests[f"moment.text ILIKE :substring AND NOT {has_all}"] = num_whole
        joined = self._only_allowed("moment.id")
        joined += " AND" if "WHERE" in joined else " WHERE"
        return " UNION ALL ".join(
            f"(SELECT moment.id, moment.scene_id, moment.kind, moment.tsv, moment.text, "
            f"moment.language, moment.start_s AS begin_s, "
            f"moment.end_s AS gone_s FROM moment {joined} {test} LIMIT {limit})"
            for test, limit in tests.items()
        )

    def sql(self) -> str:
        """The whole statement, once every leg has been added."""
        found = " UNION ".join(f"SELECT moment_id FROM {name}" for name in self.names)
        return f"""
            WITH {", ".join(self._ctes)},
            candidate AS MATERIALIZED (
                SELECT DISTINCT scene_id FROM moment WHERE id IN ({found})),
            own AS MATERIALIZED (
                SELECT moment.id, scene.id AS scene_id, scene.start_s, scene.end_s,
                    scene.video_id, moment.kind, moment.tsv, moment.text, moment.language,
                    moment.start_s AS begin_s, moment.end_s AS gone_s
                FROM candidate JOIN scene ON scene.id = candidate.scene_id
                JOIN moment ON moment.scene_id = scene.id)
            SELECT * FROM ({" UNION ALL ".join(self._scored)}) AS scored"""

    def _only_allowed(self, moment_id: str) -> str:
        """Joins and the condition that leave only moments of allowed scenes."""
        if self._scan is Scan.INDEX:
            return ""
        if self._scan is Scan.EXACT:
            return f"JOIN allowed ON allowed.id = {moment_id}"
        return f"""JOIN moment AS its ON its.id = {moment_id}
            JOIN scene ON scene.id = its.scene_id JOIN video ON video.id = scene.video_id
            WHERE {self._condition}"""

    def _coverage_sql(self, terms: Sequence[Term], has_trigrams: bool) -> str:
        """The part of the query's weight that the words of `own` match, in [0, 1]."""
        cases: list[str] = []
        for language in sorted({term.language for term in terms}):
            theirs = [term for term in terms if term.language == language]
            total = sum(term.weight for term in theirs)
            matched = []
            for term in theirs:
                number = terms.index(term)
                self.values[f"term_{number}"] = term.query
                self.values[f"weight_{number}"] = term.weight / total
                matched.append(
                    f"CASE WHEN own.tsv @@ CAST(:term_{number} AS tsquery) "
                    f"THEN CAST(:weight_{number} AS float8) ELSE 0 END"
                )
            name = f"language_{len(cases)}"
            self.values[name] = language
            cases.append(f"WHEN :{name} THEN {' + '.join(matched)}")
        coverage = f"CASE coalesce(own.language, 'en') {' '.join(cases)} ELSE 0 END"
        if has_trigrams:
            return f"CASE WHEN own.text ILIKE :substring THEN 1 ELSE {coverage} END"
        return coverage


def _slides(moments: str, place: str) -> str:
    """The on-screen text of each scene as one text, where its words of the query first come in
    several moments that are seen together: a title stays while one line after the other comes.
    It is placed at the moment with which the last of them comes."""
    return f"""(
        SELECT {place}, joined.tsv, NULL AS text, joined.language
        FROM (SELECT (array_agg(id ORDER BY begin_s DESC, id))[1] AS id,
                array_to_tsvector(array_agg(lexeme)) AS tsv, language
            FROM (SELECT *, max(begin_s) OVER (PARTITION BY scene_id, language) AS last_s
                FROM (SELECT DISTINCT ON (own.scene_id, own.language, lexeme)
                        own.scene_id, own.language, lexeme, own.id, own.begin_s, own.gone_s
                    FROM {moments} AS own, unnest(own.tsv)
                    WHERE own.kind = 'ocr' AND own.tsv @@ CAST(:any_words AS tsquery)
                        AND NOT own.tsv @@ CAST(:all_words AS tsquery) AND lexeme = ANY(:lexemes)
                    ORDER BY own.scene_id, own.language, lexeme, own.begin_s, own.id) AS earliest
            ) AS seen
            WHERE gone_s > last_s
            GROUP BY scene_id, language HAVING min(id) < max(id)
        ) AS joined JOIN (SELECT {place} FROM {moments}) AS best USING (id)) AS own"""


def _all_of(terms: Sequence[Term]) -> str:
    """A tsquery that matches all terms of any one language."""
    by_language = {
        language: " & ".join(quoted(term.lexeme) for term in terms if term.language == language)
        for language in sorted({term.language for term in terms})
    }
    return " | ".join(f"({query})" for query in dict.fromkeys(by_language.values()))


def _heavy(terms: Sequence[Term]) -> str:
    """A tsquery that every text matches which has words of COVERED of the weight: the lightest
    terms, which together weigh less, need not be looked up (MaxScore: Turtle and Flood, "Query
    evaluation: strategies and optimizations", 1995)."""
    heavy: dict[str, None] = {}
    for language in sorted({term.language for term in terms}):
        theirs = sorted((t for t in terms if t.language == language), key=lambda t: t.weight)
        light = COVERED * sum(term.weight for term in theirs)
        for term in theirs:
            light -= term.weight
            if light <= 0:
                heavy[term.query] = None
    return " | ".join(heavy)


def _like(text: str) -> str:
    """A pattern of LIKE for texts that hold this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
