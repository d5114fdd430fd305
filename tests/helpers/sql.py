"""Plain SQL, for what no method of ours does or shows."""

from typing import Any

import sqlalchemy as sa

from database.server.connection import Database


def execute(database: Database, *statements: str) -> None:
    """The statements, in one transaction."""
    with database.session() as session:
        for statement in statements:
            session.execute(sa.text(statement))


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with database.session() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]


def lose_vector(database: Database, where: str) -> None:
    """Deletes the vector of one moment, as one that has never been embedded."""
    execute(
        database,
        f"WITH lost AS (DELETE FROM embedding WHERE {where} RETURNING video_id, space) "
        "UPDATE coverage SET embedded = embedded - 1 FROM lost "
        "WHERE (coverage.video_id, coverage.space) = (lost.video_id, lost.space)",
    )


def forget_vectors(database: Database, *keys: str) -> None:
    """Empties spaces, as if they had just been added; all, if none is named."""
    own = f"space IN ({', '.join(map(repr, keys))})" if keys else "true"
    execute(
        database,
        f"DELETE FROM embedding WHERE {own}",
        f"UPDATE coverage SET embedded = 0 WHERE {own}",
    )


def cut_locks(database: Database) -> None:
    """Ends the connections that hold advisory locks, as a server does that is started again."""
    rows(
        database,
        "SELECT pg_terminate_backend(pid, 5000) FROM (SELECT DISTINCT pid FROM pg_locks "
        "JOIN pg_database ON pg_database.oid = database "
        "WHERE locktype = 'advisory' AND datname = current_database()) AS holders",
    )
