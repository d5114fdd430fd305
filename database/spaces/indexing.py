"""The HNSW index of a space, built once the space is full: to keep one while it fills takes a
hundred times as long."""

import sqlalchemy as sa

from database.spaces.partitions import HNSW, index_memory_kb, index_name, partition_name

_HAS_INDEX = """
    SELECT EXISTS (SELECT FROM pg_index
        JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
        WHERE indrelid = to_regclass(:table) AND amname = 'hnsw' AND indisvalid)"""


def has_index(connection: sa.Connection, key: str) -> bool:
    """Whether a space has an HNSW index that is whole."""
    return bool(connection.scalar(sa.text(_HAS_INDEX), {"table": partition_name(key)}))


def build_index(connection: sa.Connection, key: str, dim: int, *, embedded: bool) -> None:
    """Builds the index while the space is read and written; what a build that was cut off has left
    is removed. `connection` commits by itself, and is thrown away afterwards with its settings; the
    server is our own if it is `embedded`, which then gives the build its memory."""
    import structlog  # the quick commands do without

    structlog.get_logger().info("indexing", space=key)
    table, index = partition_name(key), index_name(key)
    statements = [
        "SET statement_timeout = 0",
        "SET client_connection_check_interval = '1s'",  # a client that was killed holds no lock
        f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
        f"CREATE INDEX CONCURRENTLY {index} ON {table} "
        f"USING hnsw ((vector::halfvec({dim})) halfvec_ip_ops) WITH ({HNSW})",
    ]
    if embedded:
        statements.insert(0, f"SET maintenance_work_mem = {index_memory_kb()}")
    for statement in statements:
        connection.execute(sa.text(statement))
