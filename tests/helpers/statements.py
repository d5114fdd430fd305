"""What is asked of a database, counted: a bound that no busy machine breaks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import psycopg
import sqlalchemy as sa

from database.server.connection import Database

_PING = ";"
"""Sent by the pool of SQLAlchemy for each connection that it gives."""


class Sent(NamedTuple):
    """A statement as it went to the driver."""

    cursor: type[psycopg.Cursor[Any]]
    sql: str
    values: Any

    def plan(self, driver: psycopg.Connection[Any]) -> dict[str, Any]:
        """The plan of PostgreSQL, with the rows that each of its nodes has seen."""
        told = self.cursor(driver).execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {self.sql}", self.values
        )
        (((plan,),),) = told.fetchall()
        return dict(plan["Plan"])


@contextmanager
def sent_statements() -> Iterator[list[Sent]]:
    """What this process asks of PostgreSQL meanwhile, through SQLAlchemy or past it."""
    sent: list[Sent] = []
    execute = psycopg.Cursor.execute

    def note(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **how: Any) -> Any:
        sql = query.decode() if isinstance(query, bytes) else str(query)
        if sql != _PING:
            sent.append(Sent(type(cursor), sql, params))
        return execute(cursor, query, params, **how)

    with patch.object(psycopg.Cursor, "execute", note):
        yield sent


def plan_of_search(database: Database, search: Callable[[], object], *settings: str) -> str:
    """The plan of the last statement that a search sends, under settings such as jit = off."""
    sent: list[tuple[str, Mapping[str, object]]] = []
    rows = Database.rows

    def note(
        own: Database, sql: str, values: Mapping[str, object], **how: bool
    ) -> list[tuple[Any, ...]]:
        sent.append((sql, values))
        return rows(own, sql, values, **how)

    with patch.object(Database, "rows", note):
        search()
    sql, values = sent[-1]
    with database.session() as session:
        for setting in settings:
            session.execute(sa.text(f"SET LOCAL {setting}"))
        return "\n".join(session.scalars(sa.text(f"EXPLAIN {sql}"), values))
