"""Plain SQL, for what no method of ours does or shows."""

import sqlalchemy as sa

from database.server.connection import Database


def execute(database: Database, *statements: str) -> None:
    """The statements, in one transaction."""
    with database.session() as session:
        for statement in statements:
            session.execute(sa.text(statement))


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    with database.session() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]
