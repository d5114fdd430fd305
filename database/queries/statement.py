"""The statement of a search: all legs in one round trip.

Each leg is a MATERIALIZED CTE with a LIMIT of its own: inlined into the outer query, the planner
gives up the HNSW index. The union of their scenes is then scored exactly in every leg, so that
a scene that only one leg found still has the scores of the others, and no cut-off of a leg
decides about a fused rank.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from database.models.moments import DESCRIBED
from database.queries.filters import Conditions, Scan
from database.queries.terms import NO_WORDS, WordLeg, lexemes_of
from database.queries.word_sql import (
    BESIDE,
    NAMED,
    OTHERWISE,
    all_of,
    coverage,
    heavy,
    lines_with_slides,
    slides,
)
from database.server.connection import Database
from database.spaces.coverage import KINDS
from database.spaces.nearest import distance_sql, nearest_sql
from database.spaces.partitions import partition_name
from embeddings.space import Input

FULL_TEXT = "full-text"
"""The key of the leg that matches words that are said or written."""
DESCRIPTION_WORDS = "description-words"
"""That of the leg that matches words of descriptions; all other legs are named by their space."""
WORD_LEGS = (FULL_TEXT, DESCRIPTION_WORDS)
WHOLE = OTHERWISE - 1e-6
"""The part of a query's words that a moment with all of them has, in whatever form: their weights
are no exact numbers."""
_APART = 1 - 5e-7
"""What words in several moments are worth: as good as in one, which comes before them all the same.
"""
_MATCHES_READ = 2000
"""Moments that match some of the words are compared up to here; all that match all come first."""
_MATCHES_PER_SCENE = 8
"""Of moments that match all words, so many are read for each scene wanted: a line may be seen again
and again in one scene."""
_WRITTEN = "moment.kind <> 'description'"
_STARVED = -1
"""Instead of a leg's number, which follows: it has found fewer moments than were asked for."""
_MISSING = "missing AS MATERIALIZED (SELECT id FROM video WHERE missing_since IS NOT NULL)"
_PLACE = "own.id, own.scene_id, own.start_s, own.end_s, own.video_id"


@dataclass(frozen=True)
class VectorLeg:
    """The leg of one space: the query's vector there, float32 [dim]."""

    space: str
    vector: npt.NDArray[np.float32]
    input: Input
    """What its vectors are made from: other moments are not looked up there."""
    bit_candidates: int | None = None
    """Of a space that is indexed by bits: so many of the nearest by these are compared."""


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
    words: WordLeg,
    conditions: Conditions,
    scan: Scan,
    depth: int,
    described: WordLeg = NO_WORDS,
) -> tuple[list[LegMatch], Scan]:
    """Every moment of every candidate scene, in every leg that it is comparable in; and how they
    were found in the end.

    `words` are matched with what is said and written, `described` with descriptions. Candidates are
    the scenes of the `depth` best moments of each leg. In a leg of words a moment that matches none
    scores 0. Scenes of missing videos are none. Where walking an index
    does not fill a leg, because what is allowed lies far from the query, everything that is allowed
    is compared.
    """
    first = _Statement(conditions, scan, depth)
    rows, keys = _read(database, vector_legs, words, described, first)
    starved = {keys[int(row[1])] for row in rows if row[0] == _STARVED}
    if starved:
        again = _Statement(conditions, scan, depth, starved)
        rows, keys = _read(database, vector_legs, words, described, again)
        scan = Scan.EXACT
    return [LegMatch(keys[row[0]], *row[1:]) for row in rows if row[0] != _STARVED], scan


def _read(
    database: Database,
    vector_legs: Sequence[VectorLeg],
    words: WordLeg,
    described: WordLeg,
    statement: "_Statement",
) -> tuple[Sequence[Any], list[str]]:
    """The rows of a statement that has these legs, and the keys of its legs."""
    for leg in vector_legs:
        statement.add_vectors(leg)
    if words.terms or words.pattern:
        statement.add_words(words)
    if described.terms:
        statement.add_descriptions(described)
    if not statement.keys:
        return [], []
    planned_once = statement.is_over_all and words.is_rare and described.is_rare
    rows = database.rows(statement.sql(), statement.values, planned_once=planned_once)
    return rows, statement.keys


class _Statement:
    """The statement of a search, put together leg by leg."""

    def __init__(
        self, conditions: Conditions, scan: Scan, depth: int, exact: Collection[str] = ()
    ) -> None:
        """The legs of the spaces `exact` are compared exactly, whatever the scan of the others."""
        self._of_videos, values = conditions.of_videos()
        self._of_scenes, more = conditions.of_scenes()
        self.values = values | more
        self._depth = depth  # a literal: as a parameter, the planner would guess its size
        self.keys: list[str] = []
        self._near: list[str] = []
        self._worded: list[str] = []
        self._scan = scan
        self._exact = exact
        self._scored: list[str] = []
        self._ctes = [_MISSING]
        if self._of_videos:
            self._ctes.append(f"""chosen AS MATERIALIZED (
                SELECT id FROM video WHERE missing_since IS NULL AND {self._of_videos})""")
        if self._of_scenes and (exact or scan is Scan.EXACT):
            self._ctes.append(f"""allowed AS MATERIALIZED (
                SELECT moment.video_id, moment.id
                FROM scene JOIN moment ON moment.scene_id = scene.id
                WHERE {self._of_scenes} AND {self._is_allowed("scene.video_id")})""")

    @property
    def is_over_all(self) -> bool:
        """Whether indexes alone find its scenes, without filters: then one plan suits all vectors,
        and all words that are rare. A table's statistics would tell of common words and of filters
        that another way is shorter."""
        filtered = self._of_videos or self._of_scenes
        return self._scan is Scan.INDEX and not self._exact and not filtered

    def add_vectors(self, leg: VectorLeg) -> None:
        """Adds the leg of a space: the nearest vectors, along its HNSW index or exactly."""
        number, name = len(self.keys), f"leg_{len(self.keys)}"
        table, dim = partition_name(leg.space), len(leg.vector)
        self.values[name] = HalfVector(leg.vector)
        scan = Scan.EXACT if leg.space in self._exact else self._scan
        nearest = nearest_sql(
            leg.space,
            dim,
            name,
            self._depth,
            candidates=leg.bit_candidates,
            exact=scan is Scan.EXACT,
            only=self._only_allowed_vectors(scan),
        )
        self._ctes.append(f"{name} AS MATERIALIZED ({nearest})")
        kinds = ", ".join(f"'{kind}'" for kind in KINDS[leg.input])
        self._scored.append(f"""
            SELECT {number} AS leg, -{distance_sql(dim, name)} AS raw, {_PLACE} FROM own
            JOIN {table} e ON e.video_id = own.video_id AND e.moment_id = own.id
            WHERE own.kind IN ({kinds})""")
        if scan is not Scan.EXACT:
            skips = "true" if scan is Scan.FILTERED_INDEX else "EXISTS (SELECT FROM missing)"
            self._scored.append(f"""
                SELECT {_STARVED}, {number}, 0, 0, 0, 0, 0
                WHERE (SELECT count(*) FROM {name}) < {self._depth} AND {skips}""")
        self._near.append(name)
        self.keys.append(leg.space)

    def add_words(self, words: WordLeg) -> None:
        """Adds the leg of full text: scenes with all words, then those with the heavy ones."""
        terms = words.terms
        covered = coverage(words, self.values, "word")
        self.values["lexemes"] = lexemes_of(terms)
        self.values["any_words"] = " | ".join(sorted({term.anything for term in terms}))
        found = self._found_sql(words, "words", _WRITTEN)
        self._ctes.append(f"found AS MATERIALIZED ({found})")
        first, texts = "id, scene_id", "tsv, text, language"
        self._ctes.append(f"""words AS MATERIALIZED (
            SELECT scene_id FROM (
                SELECT {first}, ({covered}) * worth AS raw FROM (
                    SELECT {first}, {texts}, {NAMED} AS worth FROM found AS own
                    UNION ALL
                    SELECT {first}, {texts}, {_APART} FROM {slides("found", first)}
                    OFFSET 0) AS own
            ) AS compared
            GROUP BY scene_id ORDER BY max(raw) DESC, min(id) LIMIT {self._depth})""")
        number, place = len(self.keys), _PLACE.replace("own.", "")
        # OFFSET 0 keeps the planner from copying the long sum into each part.
        self._scored.append(f"""
            SELECT {number} AS leg, ({covered}) * worth AS raw, {place} FROM (
                SELECT {place}, {texts}, {NAMED} AS worth FROM own
                WHERE text IS NOT NULL AND kind <> 'description'
                UNION ALL
                SELECT {place}, {texts}, {_APART} FROM {slides("own", place)}
                UNION ALL
                SELECT {place}, {texts}, {BESIDE} FROM {lines_with_slides("own", place)}
                OFFSET 0) AS own""")
        self._worded.append("words")
        self.keys.append(FULL_TEXT)

    def add_descriptions(self, words: WordLeg) -> None:
        """Adds the leg of the words of descriptions: each is compared by itself."""
        covered = coverage(words, self.values, "described")
        found = self._found_sql(words, "described", DESCRIBED)
        self._ctes.append(f"""described AS MATERIALIZED (
            SELECT scene_id
            FROM (SELECT id, scene_id, {covered} AS raw FROM ({found}) AS own) AS compared
            GROUP BY scene_id ORDER BY max(raw) DESC, min(id) LIMIT {self._depth})""")
        self._scored.append(f"""
            SELECT {len(self.keys)} AS leg, {covered} AS raw, {_PLACE} FROM own
            WHERE kind = 'description'""")
        self._worded.append("described")
        self.keys.append(DESCRIPTION_WORDS)

    def _found_sql(self, words: WordLeg, name: str, of: str) -> str:
        """Moments `of` a kind with all words, and such with heavy ones: so many that those of a few
        scenes do not stand before all others. The parameters are called by `name`."""
        self.values[f"all_{name}"] = all_of(words.terms)
        self.values[f"heavy_{name}"] = heavy(words.terms)
        has_all = f"moment.tsv @@ CAST(:all_{name} AS tsquery)"
        num_whole = _MATCHES_PER_SCENE * self._depth
        tests = {has_all: num_whole}
        if len(words.terms) > len({term.language for term in words.terms}):  # else it is the same
            heavy_only = f"moment.tsv @@ CAST(:heavy_{name} AS tsquery) AND NOT {has_all}"
            tests[heavy_only] = _MATCHES_READ
        if words.pattern:
            self.values["pattern"] = words.pattern
            tests[f"moment.text ~* :pattern AND NOT {has_all}"] = num_whole
        joined = self._only_allowed_moments()
        return " UNION ALL ".join(
            f"(SELECT moment.id, moment.scene_id, moment.kind, moment.tsv, "
            f"moment.text, moment.language, moment.start_s AS begin_s, "
            f"moment.end_s AS gone_s FROM moment {joined} AND {of} AND {test} LIMIT {limit})"
            for test, limit in tests.items()
        )

    def sql(self) -> str:
        """The whole statement, once every leg has been added."""
        found = [f"SELECT scene_id FROM {name}" for name in self._worded]
        if self._near:
            near = " UNION ".join(f"SELECT video_id, moment_id FROM {name}" for name in self._near)
            found.append(f"""SELECT scene_id FROM ({near}) AS near JOIN moment
                ON moment.video_id = near.video_id AND moment.id = near.moment_id""")
        return f"""
            WITH {", ".join(self._ctes)},
            candidate AS MATERIALIZED (
                SELECT DISTINCT scene_id FROM ({" UNION ALL ".join(found)}) AS found),
            own AS MATERIALIZED (
                SELECT moment.id, scene.id AS scene_id, scene.start_s, scene.end_s,
                    scene.video_id, moment.kind, moment.tsv, moment.text, moment.language,
                    moment.start_s AS begin_s, moment.end_s AS gone_s
                FROM candidate JOIN scene ON scene.id = candidate.scene_id
                JOIN moment ON moment.scene_id = scene.id)
            SELECT * FROM ({" UNION ALL ".join(self._scored)}) AS scored"""

    def _only_allowed_vectors(self, scan: Scan) -> str:
        """Joins and the condition that leave only those of `e` that are of allowed scenes."""
        if scan is Scan.EXACT and self._of_scenes:
            return "JOIN allowed ON allowed.video_id = e.video_id AND allowed.id = e.moment_id"
        if scan is Scan.EXACT:
            return f"WHERE {self._is_allowed('e.video_id')}"
        if not self._of_scenes:
            return f"WHERE {self._passes('e.video_id')}"
        return f"""JOIN moment ON moment.video_id = e.video_id AND moment.id = e.moment_id
            JOIN scene ON scene.id = moment.scene_id
            WHERE {self._passes("e.video_id")} AND {self._of_scenes}"""

    def _only_allowed_moments(self) -> str:
        """Joins and the condition that leave only moments of allowed scenes."""
        if not self._of_scenes:
            return f"WHERE {self._passes('moment.video_id')}"
        if self._scan is Scan.EXACT:
            return "JOIN allowed ON allowed.id = moment.id WHERE true"
        return f"""JOIN scene ON scene.id = moment.scene_id
            WHERE {self._passes("moment.video_id")} AND {self._of_scenes}"""

    def _passes(self, video_id: str) -> str:
        """`_is_allowed` as a test of each row. As a join, the planner would look up the rows of
        every allowed video, and leave the order of an HNSW index."""
        return f"({self._is_allowed(video_id)}) IS TRUE"

    def _is_allowed(self, video_id: str) -> str:
        """The condition that a video is searched: it is not missing, and the filters allow it."""
        if self._of_videos:
            return f"{video_id} IN (SELECT id FROM chosen)"
        return f"{video_id} NOT IN (SELECT id FROM missing)"
