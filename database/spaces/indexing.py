"""The HNSW index of a space, of half floats or of bits, built once the space is full: to keep one
while it fills takes a hundred times as long."""

import math

import sqlalchemy as sa

from database.server.pgvector import require_pgvector
from database.spaces.partitions import (
    BITS,
    HALF,
    index_memory_kb,
    index_name,
    index_sql,
    partition_name,
)

BITS_FROM = 1_000_000
"""Vectors of a space whose first index is of bits (docs/benchmarks.md)."""
BIT_CANDIDATES, _MOST_CANDIDATES = 400, 1000
"""Of a space with BITS_FROM, and of any; twice as many for three times the vectors."""
_GROWTH = math.log(2, 3)
_OPERATORS = {False: HALF, True: BITS}
_INDEXES = """
    SELECT quote_ident(pg_class.relname) FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
    JOIN pg_opclass ON pg_opclass.oid = indclass[0]
    WHERE indrelid = to_regclass(:table) AND amname = 'hnsw'"""
_OF_A_KIND = f"{_INDEXES} AND opcname = :operators AND indisvalid"
_OF_ANOTHER_KIND = f"{_INDEXES} AND opcname <> :operators"


def candidates_for(num_vectors: int) -> int | None:
    """What the first index of a space of this size is: the candidates of bits, None for half
    floats."""
    if num_vectors < BITS_FROM:
        return None
    grown = BIT_CANDIDATES * math.pow(num_vectors / BITS_FROM, _GROWTH)
    return min(round(grown), _MOST_CANDIDATES)


def has_index(connection: sa.Connection, key: str, *, bits: bool) -> bool:
    """Whether a space has an HNSW index of this kind that is whole."""
    return find_index(connection, key, bits=bits) is not None


def find_index(connection: sa.Connection, key: str, *, bits: bool) -> str | None:
    """The name of the HNSW index of this kind, if it is whole, as it stands in SQL."""
    values = {"table": partition_name(key), "operators": _OPERATORS[bits]}
    name: str | None = connection.scalar(sa.text(f"{_OF_A_KIND} LIMIT 1"), values)
    return name


def build_index(
    connection: sa.Connection, key: str, dim: int, *, bits: bool, embedded: bool
) -> None:
    """Builds the index while the space is read and written; what a build that was cut off has left
    is removed. `connection` commits by itself, and is thrown away afterwards with its settings; the
    server is our own if it is `embedded`, which then gives the build its memory. Raises
    DatabaseUnsuitable."""
    import structlog  # the quick commands do without

    require_pgvector(connection)
    structlog.get_logger().info("indexing", space=key)
    statements = [
        "SET statement_timeout = 0",
        "SET client_connection_check_interval = '1s'",  # a client that was killed holds no lock
        f"DROP INDEX CONCURRENTLY IF EXISTS {index_name(key, bits=bits)}",
        f"CREATE INDEX CONCURRENTLY {index_sql(key, dim, bits=bits)}",
    ]
    if embedded:
        statements.insert(0, f"SET maintenance_work_mem = {index_memory_kb()}")
    for statement in statements:
        connection.execute(sa.text(statement))


def drop_other_index(connection: sa.Connection, key: str, *, bits: bool) -> None:
    """Removes every HNSW index of a space that is not of this kind, once nobody reads it.
    `connection` commits by itself."""
    values = {"table": partition_name(key), "operators": _OPERATORS[bits]}
    for index in connection.scalars(sa.text(_OF_ANOTHER_KIND), values).all():
        connection.execute(sa.text(f"DROP INDEX CONCURRENTLY {index}"))
