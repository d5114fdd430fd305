"""Vectors and their indexes, written into a table."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from pgvector import Vector as PgVector
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

from database.errors import NotFound, ValueRefused
from database.tables.catalog import Numbers, VectorTable
from database.tables.transaction import driver_of, refused_rows


async def write_vectors(
    connection: AsyncConnection,
    own: VectorTable,
    key: sa.Column[Any],
    embeddings: Mapping[Any, Numbers],
) -> int:
    """Number of rows with these ids, whose vectors they now are; by COPY into a table that is gone
    afterwards. Raises NotFound."""
    vectors = {
        _checked_id(id_value): own.nonzero_vector_of(vector)
        for id_value, vector in embeddings.items()
    }
    driver = await driver_of(connection)
    names = {
        "table": _name_of(own),
        "id": sql.Identifier(key.name),
        "vector": sql.Identifier(own.vector.name),
        "new": sql.Identifier("pg_temp", f"new_{uuid.uuid4().hex}"),
    }

    async def execute(statement: LiteralString) -> psycopg.AsyncCursor[Any]:
        return await driver.execute(sql.SQL(statement).format(**names))

    await execute(
        "CREATE TEMP TABLE {new} ON COMMIT DROP AS "
        "SELECT {id} AS id, {vector} AS vector FROM {table} WITH NO DATA"
    )
    to_new = sql.SQL("COPY {new} FROM STDIN").format(**names)
    async with driver.cursor() as cursor, cursor.copy(to_new) as copy:
        for id_value, vector in vectors.items():
            await copy.write_row((id_value, PgVector(vector).to_text()))
    with refused_rows(ValueRefused, f"{own.table.name} does not take these vectors"):
        updated = await execute(
            "UPDATE {table} t SET {vector} = n.vector FROM {new} n WHERE t.{id} = n.id"
        )
    is_missing = "FROM {new} n WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.{id} = n.id)"
    missing = [row[0] for row in await (await execute("SELECT n.id " + is_missing)).fetchall()]
    if missing:
        with refused_rows(NotFound, _no_row(own, missing)):
            await execute(
                "INSERT INTO {table} ({id}, {vector}) SELECT n.id, n.vector " + is_missing
            )
    await execute("DROP TABLE {new}")
    return updated.rowcount + len(missing)


async def write_index(
    connection: AsyncConnection,
    own: VectorTable,
    method: str,
    operators: str,
    options: Mapping[str, int],
) -> None:
    """An index of all vectors. Raises ValueRefused for options that there are not."""
    if own.dim is None:
        raise ValueRefused(
            f"{own.vector.name} takes vectors of any dimension, but an index is of one: declare "
            f"it, as in {own.type_name}(384)"
        )
    statement = sql.SQL("CREATE INDEX ON {} USING {} ({} {}) WITH ({})").format(
        _name_of(own),
        *map(sql.Identifier, (method, own.vector.name, operators)),
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in options.items()
        ),
    )
    await (await driver_of(connection)).execute(statement)


def _name_of(own: VectorTable) -> sql.Identifier:
    return sql.Identifier(own.table.schema or "", own.table.name)


def _checked_id(id_value: Any) -> Any:
    if id_value is None:
        raise ValueRefused("an id is a value, not None")
    return id_value


def _no_row(own: VectorTable, ids: Sequence[object]) -> str:
    """That there is none, nor one to be made of an id and a vector alone."""
    shown = ", ".join(str(id_value)[:50] for id_value in ids[:3])
    more = ", …" if len(ids) > 3 else ""
    return f"{own.table.name} has no row of id {shown}{more}, and takes none without more columns"
