"""What is asked of a database, counted: a bound that no busy machine breaks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from database.server.connection import Database


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements that go through SQLAlchemy meanwhile."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", count)
