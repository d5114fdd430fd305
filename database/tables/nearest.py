"""The rows of a table that are nearest to a vector, by an index or by comparing all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from database.errors import OutOfRange
from database.metrics import SEARCH_RESULTS, SEARCH_SECONDS
from database.opening import EF_SEARCH, STATEMENT_TIMEOUT_S
from database.tables.catalog import Numbers, Vector, VectorTable, find_vector_table
from database.tables.transaction import savepoint
from embeddings.settings import embedding_config

Row = dict[str, Any]
MAX_TOP_K = 10_000
_EXACT_ROWS = 2_000
"""Up to so many allowed rows are all compared, as in a library (queries/filters.py)."""


@dataclass(frozen=True)
class Metric:
    """A way to compare vectors."""

    operator: str
    operators: str
    """The operator class of an index, after the type of its column."""
    query_of: Callable[[VectorTable, Numbers], Vector]
    """What a column is compared with."""
    score: str
    """The key of a row that says how near it is."""
    score_of: Callable[[float], float]
    """The score, from the distance."""


COSINE = Metric(
    "<=>", "cosine_ops", VectorTable.direction_of, "similarity", lambda distance: 1 - distance
)
EUCLIDEAN = Metric("<->", "l2_ops", VectorTable.vector_of, "distance", lambda distance: distance)
METRICS = {"cosine": COSINE, "euclidean": EUCLIDEAN, "l2": EUCLIDEAN}

_SEARCH_SETTINGS = sa.select(
    *(
        sa.func.set_config(name, value, True)
        for name, value in {
            "plan_cache_mode": "force_custom_plan",  # one for all vectors may leave the index
            "hnsw.ef_search": str(EF_SEARCH),
            "hnsw.iterative_scan": "strict_order",
            "hnsw.max_scan_tuples": str(2**31 - 1),
            "hnsw.scan_mem_multiplier": "8",
            "ivfflat.iterative_scan": "relaxed_order",
            "ivfflat.probes": "10",  # the root of the usual number of lists
        }.items()
    ),
    sa.func.set_config(
        "statement_timeout",
        sa.func.coalesce(
            sa.func.nullif(sa.func.current_setting("statement_timeout"), "0"),
            f"{STATEMENT_TIMEOUT_S}s",
        ),
        True,
    ),
)
"""An index scan goes on until it has found enough rows that pass the filters; a time limit of the
caller's own stays."""


async def search_nearest(
    db: AsyncSession,
    table: str,
    embedding_column: str,
    query_embedding: Numbers,
    top_k: int | None,
    filters: Mapping[str, object],
    metric: Metric,
    is_near: Callable[[float], bool],
) -> list[Row]:
    """The rows whose score `is_near`, of the nearest `top_k`."""
    limit = embedding_config.similarity_top_k if top_k is None else top_k
    if not 1 <= limit <= MAX_TOP_K:
        raise OutOfRange(f"top_k is 1 to {MAX_TOP_K}, not {limit}")
    with SEARCH_SECONDS.labels("table").time():
        async with savepoint(db, only_reads=True) as connection:
            await connection.execute(_SEARCH_SETTINGS)
            own = await find_vector_table(connection, table, embedding_column)
            query = metric.query_of(own, query_embedding)
            nearest = await _nearest(connection, own, query, limit, filters, metric)
    rows = [row for row in nearest if is_near(row[metric.score])]
    SEARCH_RESULTS.labels("table").observe(len(rows))
    return rows


async def _nearest(
    connection: AsyncConnection,
    own: VectorTable,
    query: Vector,
    limit: int,
    filters: Mapping[str, object],
    metric: Metric,
) -> list[Row]:
    """The nearest rows with their scores, all of them compared if an index does not do: where few
    rows pass the filters, and where it ends before it has found enough."""
    where = [own.vector.is_not(None), *own.conditions(filters)]
    names = [str(c.name) for c in own.table.c if c.name not in (own.vector.name, metric.score)]

    async def rows(*, is_exact: bool) -> list[Row]:
        statement = _statement(own, names, query, limit, where, metric, is_exact)
        return [
            {**dict(zip(names, values, strict=True)), metric.score: metric.score_of(distance)}
            for *values, distance in await connection.execute(statement)
        ]

    if await _should_use_index(connection, own, where, bool(filters), metric):
        found = await rows(is_exact=False)
        if len(found) == limit:
            return found
    await connection.execute(sa.text("SET LOCAL enable_indexscan = off"))
    return await rows(is_exact=True)


async def _should_use_index(
    connection: AsyncConnection,
    own: VectorTable,
    where: Sequence[sa.ColumnElement[bool]],
    is_filtered: bool,
    metric: Metric,
) -> bool:
    operators = f" {own.type_name}_{metric.operators}"
    has_index = own.is_view or any(index.endswith(operators) for index in own.indexes)
    if not (has_index and embedding_config.use_hnsw_index):
        return False
    if not is_filtered:
        return True
    some = sa.select(sa.literal(1)).select_from(own.table).where(*where).limit(_EXACT_ROWS + 1)
    count = await connection.scalar(sa.select(sa.func.count()).select_from(some.subquery()))
    return (count or 0) > _EXACT_ROWS


def _statement(
    own: VectorTable,
    names: Sequence[str],
    query: Vector,
    limit: int,
    where: Sequence[sa.ColumnElement[bool]],
    metric: Metric,
    is_exact: bool,
) -> sa.Select[Any]:
    """The columns and the distance of the nearest rows. An index knows no order of equal distances:
    rows that it has found are sorted again."""
    distance = own.vector.op(metric.operator, return_type=sa.Float())(
        sa.literal(query, own.vector.type)
    )
    order = [distance, *own.ties] if is_exact else [distance]
    columns = [*(own.table.c[name] for name in names), distance.label(None)]
    ties = (tie.label(None) for tie in own.ties)
    found = sa.select(*columns, *ties).where(*where).order_by(*order).limit(limit).subquery()
    shown, tied = list(found.c)[: len(columns)], list(found.c)[len(columns) :]
    return sa.select(*shown).order_by(shown[-1], *tied)
