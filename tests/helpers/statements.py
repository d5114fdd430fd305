"""What is asked of a database, counted: a bound that no busy machine breaks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

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


def plan_of_search(database: Database, search: Callable[[], object], *settings: str) -> str:
    """The plan of the last statement that a search sends, under settings such as jit = off."""
    sent: list[tuple[str, Mapping[str, object]]] = []
    rows = Database.rows

    def note(own: Database, sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        sent.append((sql, values))
        return rows(own, sql, values)

    with patch.object(Database, "rows", note):
        search()
    sql, values = sent[-1]
    with database.session() as session:
        for setting in settings:
            session.execute(sa.text(f"SET LOCAL {setting}"))
        return "\n".join(session.scalars(sa.text(f"EXPLAIN {sql}"), values))
