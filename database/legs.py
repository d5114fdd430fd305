"""The SQL of a search: all legs and what their hits need, in one round trip.

Each leg is a MATERIALIZED CTE with a LIMIT of its own: inlined into the outer query, the planner
gives up the HNSW index. The union of their scenes is then scored exactly in every leg, so that
a scene that only one leg found still has the scores of the others, and no cut-off of a leg
decides about a fused rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from database.models import MomentKind
from database.session import Database
from database.vectors import partition_name

FULL_TEXT = "full-text"
"""The key of the leg that matches words; all other legs are named by their space."""


@dataclass(frozen=True)
class VectorLeg:
    """A query in one space: `vector` is float32 [dim]."""

    space: str
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Filters:
    """What a scene must satisfy; None asks for nothing."""

    video_ids: tuple[int, ...] | None = None
    from_s: float | None = None
    """The scene ends after this time."""
    to_s: float | None = None
    """The scene starts before this time."""
    language: str | None = None
    """Of the video's speech, ISO 639-1."""

    @property
    def narrow(self) -> bool:
        """Whether anything is asked for."""
        return self != Filters()


@dataclass(frozen=True)
class LegMatch:
    """The best moment of a scene in one leg."""

    leg: str
    raw: float
    """Inner product of unit vectors, or the part of the query's words matched, in [0, 1]."""
    moment_id: int
    kind: MomentKind
    start_s: float
    end_s: float
    text: str | None
    scene_id: int
    scene_start_s: float
    scene_end_s: float
    video_id: int


def search_legs(
    database: Database,
    vector_legs: Sequence[VectorLeg],
    words: str | None,
    filters: Filters,
    limit: int,
) -> list[LegMatch]:
    """The best moment of every candidate scene in every leg that the scene has moments for.

    Candidates are the scenes of the `limit` nearest moments of each leg. `words` is the query
    of the full-text leg, None to leave it out. In the full-text leg a scene whose texts match
    no word scores 0.
    """
    parameters: dict[str, object] = {"limit": limit}
    conditions = _conditions(filters, parameters)
    nearest: list[str] = []
    scored: list[str] = []
    names: list[str] = []
    for number, leg in enumerate(vector_legs):
        name = f"leg_{number}"
        dim = len(leg.vector)
        parameters[name] = "[" + ",".join(map(str, leg.vector.tolist())) + "]"
        nearest.append(_nearest_sql(name, partition_name(leg.space), dim, conditions))
        scored.append(_scored_sql(name, leg.space, dim))
        names.append(name)
    if words is not None:
        parameters["words"] = words
        nearest.append(_TERMS_SQL + _full_text_sql(conditions))
        scored.append(_FULL_TEXT_SCORED_SQL)
        names.append("full_text")
    if not names:
        return []
    union = " UNION ".join(f"SELECT moment_id FROM {name}" for name in names)
    statement = f"""
        WITH {", ".join(nearest)},
        candidate AS MATERIALIZED (
            SELECT DISTINCT scene_id FROM moment WHERE id IN ({union})),
        scored AS ({" UNION ALL ".join(scored)})
        SELECT DISTINCT ON (scored.leg, moment.scene_id)
            scored.leg, scored.raw, moment.id, moment.kind, moment.start_s, moment.end_s,
            moment.text, scene.id, scene.start_s, scene.end_s, scene.video_id
        FROM scored JOIN moment ON moment.id = scored.moment_id
        JOIN scene ON scene.id = moment.scene_id
        ORDER BY scored.leg, moment.scene_id, scored.raw DESC, moment.start_s, moment.id"""
    with database.reading() as connection:
        rows = connection.execute(sa.text(statement), parameters).all()
    return [LegMatch(row[0], float(row[1]), row[2], MomentKind(row[3]), *row[4:]) for row in rows]


def _conditions(filters: Filters, parameters: dict[str, object]) -> str:
    """SQL over `scene`, with its parameters added; empty without filters."""
    parts = []
    if filters.video_ids is not None:
        parts.append("scene.video_id = ANY(:video_ids)")
        parameters["video_ids"] = list(filters.video_ids)
    if filters.from_s is not None:
        parts.append("scene.end_s > :from_s")
        parameters["from_s"] = filters.from_s
    if filters.to_s is not None:
        parts.append("scene.start_s < :to_s")
        parameters["to_s"] = filters.to_s
    if filters.language is not None:
        parts.append("scene.video_id IN (SELECT id FROM video WHERE language = :language)")
        parameters["language"] = filters.language
    return " AND ".join(parts)


def _nearest_sql(name: str, table: str, dim: int, conditions: str) -> str:
    """The nearest moments. A filter is applied first and the rest scanned exactly, so that a
    narrow one never leaves a page half empty."""
    source = table
    prefix = ""
    if conditions:
        source = f"{name}_allowed"
        prefix = f"""{source} AS MATERIALIZED (
            SELECT e.moment_id, e.vector FROM {table} e
            JOIN moment ON moment.id = e.moment_id JOIN scene ON scene.id = moment.scene_id
            WHERE {conditions}), """
    return f"""{prefix}{name} AS MATERIALIZED (
        SELECT moment_id FROM {source}
        ORDER BY vector::halfvec({dim}) <#> CAST(:{name} AS halfvec({dim})) LIMIT :limit)"""


def _scored_sql(name: str, space: str, dim: int) -> str:
    return f"""
        SELECT '{space}' AS leg, e.moment_id,
            -(e.vector::halfvec({dim}) <#> CAST(:{name} AS halfvec({dim}))) AS raw
        FROM candidate JOIN moment ON moment.scene_id = candidate.scene_id
        JOIN {partition_name(space)} e ON e.moment_id = moment.id"""


# Every lexeme of the query, in each language that the library speaks, with its weight: the
# inverse document frequency of BM25 (Robertson and Zaragoza, 2009), rare words count more.
_TERMS_SQL = r"""
    language AS MATERIALIZED (
        SELECT DISTINCT language FROM video UNION SELECT NULL),
    lexeme AS MATERIALIZED (
        SELECT DISTINCT coalesce(language, 'en') AS language,
            ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery AS query
        FROM language, unnest(to_tsvector(text_config(language), :words))),
    total AS MATERIALIZED (
        SELECT greatest(reltuples, 1)::float8 AS num FROM pg_class WHERE oid = 'moment'::regclass),
    frequency AS MATERIALIZED (
        SELECT language, query,
            (SELECT count(*) FROM (SELECT FROM moment
                WHERE tsv @@ lexeme.query LIMIT 10000) AS seen) AS num
        FROM lexeme),
    term AS MATERIALIZED (
        SELECT language, query,
            ln(1 + (greatest(total.num, frequency.num) - frequency.num + 0.5)
                / (frequency.num + 0.5)) AS weight
        FROM frequency, total),
    query_weight AS MATERIALIZED (
        SELECT language, sum(weight) AS weight FROM term GROUP BY language),
    any_term AS MATERIALIZED (
        SELECT string_agg(DISTINCT query::text, ' | ')::tsquery AS query FROM term), """

# The part of the query's weight that a moment's text matches, in [0, 1].
_COVERAGE_SQL = """
    SELECT sum(term.weight) / min(query_weight.weight) AS raw
    FROM term JOIN query_weight USING (language)
    WHERE moment.tsv @@ term.query AND coalesce(moment.language, 'en') = term.language"""


def _full_text_sql(conditions: str) -> str:
    joined = "JOIN scene ON scene.id = moment.scene_id" if conditions else ""
    where = f"AND {conditions}" if conditions else ""
    return f"""full_text AS MATERIALIZED (
        SELECT moment.id AS moment_id FROM moment {joined}
        CROSS JOIN LATERAL ({_COVERAGE_SQL}) AS matched
        WHERE moment.tsv @@ (SELECT query FROM any_term) AND matched.raw > 0 {where}
        ORDER BY matched.raw DESC, moment.id LIMIT :limit)"""


_FULL_TEXT_SCORED_SQL = f"""
    SELECT '{FULL_TEXT}' AS leg, moment.id AS moment_id, coalesce(matched.raw, 0) AS raw
    FROM candidate JOIN moment ON moment.scene_id = candidate.scene_id
        AND moment.text IS NOT NULL
    CROSS JOIN LATERAL ({_COVERAGE_SQL}) AS matched"""
