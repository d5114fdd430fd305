"""Connections to one PostgreSQL, for each use one with the right transaction and time limit."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from database.server.locks import Locks
from database.server.sqlstates import translated_errors

_NAME = re.compile(r"(?<![:\w\\]):([a-z]\w*)\b(?!:)")
Answer = TypeVar("Answer")
Row = tuple[Any, ...]
_reading: ContextVar[sa.Connection | None] = ContextVar("reading", default=None)


@dataclass(frozen=True)
class Database:
    """A pool of connections to one database, which threads may share, and how it is called."""

    engine: sa.Engine
    description: str
    """Which database it is, for people; without its password."""
    embedded: bool
    origin: str
    """Of the files that this host sees, such as file://studio: only their existence is known here.
    """
    has_trigrams: bool = False
    """Whether substrings of texts can be looked up (pg_trgm)."""
    locks: Locks = field(init=False, repr=False, compare=False)
    """What this process has to itself."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "locks", Locks(self.engine, self.description))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction, committed at the end; ORM objects do not leave it. Raises
        DatabaseError."""
        with translated_errors(self.description), Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for single statements that only read, without the round trips of a
        transaction; inside another one, the same. Raises DatabaseError."""
        with translated_errors(self.description):
            outer = _reading.get()
            if outer is not None and outer.engine is self.engine:
                yield outer
                return
            with self.engine.connect() as connection:
                token = _reading.set(connection.execution_options(isolation_level="AUTOCOMMIT"))
                try:
                    yield connection
                finally:
                    _reading.reset(token)

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement that only reads, in which `:name` stands for a value: by the
        driver itself, since SQLAlchemy takes as long again. Raises DatabaseError."""
        numbered, names = _numbered(sql)
        given = [values[name] for name in names] if values is not None else None
        with self.reading() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            try:
                return psycopg.RawCursor(driver).execute(numbered, given).fetchall()
            except psycopg.OperationalError:
                if driver.closed:
                    connection.invalidate()
                raise

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """The driver's own connection, for COPY, in a transaction without a time limit. Raises
        DatabaseError."""
        with translated_errors(self.description), self.engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.execute("SET LOCAL statement_timeout = 0")  # a long video takes long to store
            yield driver

    @contextmanager
    def lock_connection(self) -> Iterator[sa.Connection]:
        """A connection whose advisory locks end with the block, or with the process. Raises
        DatabaseError if there is none to be had; what the block raises stays as it is."""
        with translated_errors(self.description):
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield connection
        finally:
            # Closing the session frees its locks, too, but in its own time, after we have gone on.
            with suppress(exc.SQLAlchemyError):  # one that was cut holds none
                connection.execute(sa.text("SELECT pg_advisory_unlock_all()"))
            connection.invalidate()
            connection.close()

    @property
    def parts(self) -> "tuple[Database, ...]":
        """The databases that hold the library: this one alone, unless the library is spread over
        several (`database/server/spread.py`), which what follows is for."""
        return (self,)

    @property
    def home(self) -> "Database":
        """The part that holds what belongs to no video, and answers what all answer alike."""
        return self

    def gather(self, ask: Callable[..., Answer], *each: Sequence[Any]) -> list[Answer]:
        """What every part answers, asked at once; `each` has an argument for every part."""
        return [ask(self, *(own[0] for own in each))]

    def steady(self, read: Callable[[], Answer]) -> Answer:
        """What `read` finds in a library of which no video moves from part to part meanwhile."""
        return read()

    def found(
        self, ids: Collection[int], ask: Callable[["Database", list[int]], list[Row]]
    ) -> list[Row]:
        """What the parts that hold these ids answer of them: rows that begin with an id, those of
        one in the order of the answer."""
        return ask(self, sorted(ids))

    def holding(self, _table: str, _row_id: int) -> "Database":
        """The part that holds a row by its id, or any if none does."""
        return self

    def at(self, _content_hash: str) -> "Database":
        """The part that holds a content, or is to hold it."""
        return self

    def close(self) -> None:
        """Closes the connections that are not in use; the next use opens new ones."""
        self.engine.dispose()


@lru_cache(256)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with `$1` and so on for `:name`, and the names in the order of their numbers."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return _NAME.sub(number, sql).replace("\\:", ":"), tuple(names)
