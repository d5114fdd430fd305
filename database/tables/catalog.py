"""A table of vectors as the catalog of its database describes it.

A name is only ever compared with those of the catalog, as a parameter; statements are made of what
was found there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC, VECTOR
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import NullType

from database.errors import UnknownColumn, UnknownTable, ValueRefused
from embeddings.errors import DimensionMismatch, InvalidVector

Vector = npt.NDArray[np.float32]
Numbers = Sequence[float] | npt.NDArray[Any]
"""Of one vector, [dim]."""
MAX_FILTER_VALUES = 10_000
"""Of one column."""
WRITABLE, INDEXABLE, READABLE = "rp", "rpm", "rpmv"
"""Kinds of relations, as in `pg_class.relkind`: tables and partitioned ones; materialized views,
too; and views."""
_TYPES = {"vector": VECTOR, "halfvec": HALFVEC}
_STORED_AT: tuple[sa.ColumnElement[Any], ...] = (
    sa.literal_column("tableoid"),
    sa.literal_column("ctid"),
)
_SHOWN_CHARACTERS = 63
_COLUMNS = sa.text("""
    SELECT c.oid, n.nspname, c.relname, c.relkind::text AS kind, a.attname, t.typname, a.atttypmod,
           format_type(a.atttypid, a.atttypmod) AS type,
           array_position(p.indkey::int2[], a.attnum) AS place_in_key,
           (SELECT json_object_agg(am.amname || ' ' || o.opcname, x.indexrelid::regclass::text)
            FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                 JOIN pg_am am ON am.oid = i.relam JOIN pg_opclass o ON o.oid = x.indclass[0]
            WHERE x.indrelid = c.oid AND x.indkey[0] = a.attnum AND x.indnatts = 1
                  AND x.indpred IS NULL AND x.indisvalid) AS indexes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
         LEFT JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary
    WHERE (c.relname = CAST(:name AS text) AND pg_table_is_visible(c.oid)
           OR n.nspname || '.' || c.relname = CAST(:name AS text))
          AND c.relkind::text = ANY(:kinds) AND a.attnum > 0 AND NOT a.attisdropped
          AND has_schema_privilege(n.oid, 'USAGE')
          AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY a.attnum""")


@dataclass(frozen=True)
class VectorTable:
    """A table or view whose columns this role may read, one of which holds vectors."""

    table: sa.Table
    vector: sa.Column[Any]
    type_name: str
    """Of the vectors: vector or halfvec."""
    dim: int | None
    """Of the vectors; None if the column takes any."""
    ties: tuple[sa.ColumnElement[Any], ...]
    """What tells rows apart that are equally near: the primary key, or where a row is stored."""
    indexes: Mapping[str, str]
    """Of all vectors of the column: `hnsw vector_cosine_ops` to the index's name."""
    is_view: bool
    """Whether its rows, and perhaps indexes, are those of another table."""

    def column(self, name: str) -> sa.Column[Any]:
        """Raises UnknownColumn."""
        column = self.table.c.get(name)
        if column is None:
            raise _unknown_column(self.table, name)
        return column

    def vector_of(self, values: Numbers) -> Vector:
        """Numbers as the column would hold them, [dim]. Raises InvalidVector,
        DimensionMismatch."""
        try:
            given = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InvalidVector("a vector is a list of numbers") from None
        if given.ndim != 1:
            raise InvalidVector(f"expected one vector, got an array of shape {given.shape}")
        if self.dim is not None and len(given) != self.dim:
            raise DimensionMismatch(self.dim, len(given))
        with np.errstate(over="ignore"):
            held = given.astype(np.float16 if self.type_name == "halfvec" else np.float32)
        if not np.isfinite(held).all():
            raise InvalidVector(
                f"a vector has values that are not finite, or too large for {self.vector.name}"
            )
        return held.astype(np.float32)

    def nonzero_vector_of(self, values: Numbers) -> Vector:
        """The same, but of zeros only it is an InvalidVector: no search by cosine would find it."""
        vector = self.vector_of(values)
        if not vector.any():
            raise InvalidVector("a vector of zeros has no direction")
        return vector

    def direction_of(self, values: Numbers) -> Vector:
        """The same, of unit length: pgvector loses squares beyond float32."""
        vector = self.nonzero_vector_of(values).astype(np.float64)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def conditions(self, filters: Mapping[str, object]) -> list[sa.ColumnElement[bool]]:
        """What a row fulfils whose columns have these values, or, of a list, one of them; None is
        NULL. Raises UnknownColumn, ValueRefused."""
        return [_condition(self.column(name), values) for name, values in filters.items()]


async def find_vector_table(
    connection: AsyncConnection, name: str, embedding_column: str, kinds: str = READABLE
) -> VectorTable:
    """The table called `name` or `schema.name`, without quotes, written as in the catalog.

    Raises UnknownTable, UnknownColumn.
    """
    rows = (await connection.execute(_COLUMNS, {"name": name, "kinds": list(kinds)})).all()
    if len({row.oid for row in rows}) != 1:
        what = "table that can be read" if kinds == READABLE else "table with rows of its own"
        raise UnknownTable(
            f"there is {'more than one' if rows else 'no'} {what} called {_shown(name)}: write the "
            "name as the database has it, capitals too, and its schema before it"
        )
    table = sa.Table(
        quoted_name(rows[0].relname, quote=True),
        sa.MetaData(),
        *(sa.Column(quoted_name(row.attname, quote=True), _type_of(row)) for row in rows),
        schema=quoted_name(rows[0].nspname, quote=True),
    )
    vectors = next((row for row in rows if row.attname == embedding_column), None)
    if vectors is None:
        raise _unknown_column(table, embedding_column)
    if vectors.typname not in _TYPES:
        raise UnknownColumn(
            f"{vectors.attname} of {table.name} is of type {vectors.type}, not vector or halfvec"
        )
    is_view = vectors.kind == "v"
    key = {row.place_in_key: table.c[row.attname] for row in rows if row.place_in_key is not None}
    return VectorTable(
        table,
        table.c[vectors.attname],
        vectors.typname,
        _dim_of(vectors),
        tuple(key[place] for place in sorted(key)) or (() if is_view else _STORED_AT),
        vectors.indexes or {},
        is_view,
    )


def _condition(column: sa.Column[Any], values: object) -> sa.ColumnElement[bool]:
    if not isinstance(values, list | tuple | set | frozenset):
        values = [values]
    if len(values) > MAX_FILTER_VALUES:
        raise ValueRefused(f"{column.name} has {len(values)} values: at most {MAX_FILTER_VALUES}")
    given = [sa.literal(value, column.type) for value in values if value is not None]
    has_one = column.in_(given)
    return has_one | column.is_(None) if len(given) < len(values) else has_one


def _type_of(row: sa.Row[Any]) -> Any:
    """Of a column; all but vectors are taken and given as the driver has them."""
    if row.typname in _TYPES:
        return _TYPES[row.typname](_dim_of(row))
    return NullType()


def _dim_of(row: sa.Row[Any]) -> int | None:
    return row.atttypmod if row.atttypmod > 0 else None


def _unknown_column(table: sa.Table, name: str) -> UnknownColumn:
    columns = ", ".join(column.name for column in table.c)
    return UnknownColumn(f"{table.name} has no column {_shown(name)}; it has {columns}")


def _shown(name: str) -> str:
    return repr(name[:_SHOWN_CHARACTERS])
