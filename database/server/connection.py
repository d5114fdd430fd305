"""Connections to one PostgreSQL, for each use one with the right transaction and time limit; to
read, perhaps to one of its standbys."""

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from database.errors import DatabaseOverloaded, DatabaseUnreachable, TransactionConflict
from database.objects.shared import Shared
from database.server.locks import Locks
from database.server.sqlstates import translated_errors
from database.server.standbys import READS, Reached, Standby, Standbys, Standing, reached

_NAME = re.compile(r"(?<![:\w\\]):([a-z]\w*)\b(?!:)")
Answer = TypeVar("Answer")
Row = tuple[Any, ...]
_reading: ContextVar[sa.Connection | None] = ContextVar("reading", default=None)
_FAULTS = (DatabaseUnreachable, DatabaseOverloaded, TransactionConflict)
"""What a standby may fail with where the primary would not: it conflicts with what it replays."""
_ALONE = "without_primary"
Value = TypeVar("Value")


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
    shared: Shared | None = None
    """Where hosts share what is made of videos; None where each keeps its own."""
    has_trigrams: bool = False
    """Whether substrings of texts can be looked up (pg_trgm)."""
    standbys: Standbys = field(default_factory=Standbys, repr=False, compare=False)
    """Its copies, which only `from_anywhere` reads."""
    reads_anywhere: bool = False
    """Whether `reading` may give a connection to a standby."""
    locks: Locks = field(init=False, repr=False, compare=False)
    """What this process has to itself."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "locks", Locks(self.engine, self.description))

    def from_anywhere(self) -> "Database":
        """The same, for who only reads what a change of the library's version covers: from a
        standby that has all of it, if there is one. Itself where there are no standbys."""
        if not self.standbys:
            return self
        reader = replace(self, reads_anywhere=True)
        object.__setattr__(reader, "locks", self.locks)
        return reader

    def standings(self) -> list[Standing]:
        """What each standby is good for just now."""
        return self.standbys.look(self._primary()) if self.standbys else []

    @property
    def is_cut_off(self) -> bool:
        """Whether what is read just now may lack the last changes, since the primary is away."""
        outer = _reading.get()
        return outer is not None and bool(outer.get_execution_options().get(_ALONE))

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
            if outer is not None and (
                outer.engine is self.engine or self.standbys.has(outer.engine)
            ):
                yield outer
                return
            found = self._find_standby() if self.reads_anywhere else None
            if found is not None:
                with self._on_standby(*found) as connection:
                    yield connection
                return
            with self._on_primary() as connection:
                yield connection

    def read(self, work: Callable[[], Value]) -> Value:
        """What `work` reads, all of it over one connection; once more, from the primary, if the
        standby that it began on fails. Raises DatabaseError, and what `work` raises."""
        try:
            with self.reading():
                return work()
        except _StandbyFailed:
            with translated_errors(self.description), self._on_primary():
                return work()

    @contextmanager
    def reading_session(self) -> Iterator[Session]:
        """A session that only reads, over such a connection; ORM objects do not leave it. Raises
        DatabaseError."""
        with self.reading() as connection, Session(connection) as session:
            yield session

    @contextmanager
    def _on_primary(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            if self.reads_anywhere:
                READS.labels("primary").inc()
            connection.execution_options(isolation_level="AUTOCOMMIT")
            with _as_reading(connection):
                yield connection

    @contextmanager
    def _on_standby(self, standby: Standby, connection: sa.Connection) -> Iterator[sa.Connection]:
        """Raises _StandbyFailed."""
        READS.labels("standby").inc()
        try:
            with (
                connection,
                translated_errors(standby.standing.description),
                _as_reading(connection),
            ):
                yield connection
        except _FAULTS as error:
            standby.leave_out(str(error))
            raise _StandbyFailed(str(error)) from error

    def _find_standby(self) -> tuple[Standby, sa.Connection] | None:
        """One that may be read, with a connection; None if there is none now."""
        primary = self._primary()
        found = self.standbys.find(primary)
        if found is not None and primary is None:
            found[1].execution_options(**{_ALONE: True})
        return found

    def _primary(self) -> Reached | None:
        """How far it is; None while it does not answer."""
        try:
            with translated_errors(self.description), self.engine.connect() as connection:
                return reached(connection.execution_options(isolation_level="AUTOCOMMIT"))
        except (DatabaseUnreachable, DatabaseOverloaded):
            return None

    def rows(
        self, sql: str, values: Mapping[str, object] | None = None, *, planned_once: bool = False
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement that only reads, in which `:name` stands for a value: by the
        driver itself, since SQLAlchemy takes as long again. One that is planned once for whatever
        values is planned no more on the same connection. Raises DatabaseError."""
        numbered, names = _numbered(sql)
        given = [values[name] for name in names] if values is not None else None
        with self.reading() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            try:
                with _one_plan(driver) if planned_once else nullcontext():
                    cursor = psycopg.RawCursor(driver)
                    return cursor.execute(numbered, given, prepare=planned_once or None).fetchall()
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
        """A connection beside the pool, which its locks would take from others: advisory locks that
        end with the block, or with the process. Raises DatabaseError if there is none to be had;
        what the block raises stays as it is."""
        with translated_errors(self.description):
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
        try:
            yield connection
        finally:
            # Closing the session frees its locks, too, but in its own time, after we have gone on.
            with suppress(exc.SQLAlchemyError):  # one that was cut holds none
                connection.execute(sa.text("SELECT pg_advisory_unlock_all()"))
            connection.close()

    def of_origin(self, origin: str) -> "Database":
        """The same database, for files of another origin: a bucket, which many hosts may see."""
        other = copy.copy(self)  # with its locks, which a new one would have of its own
        object.__setattr__(other, "origin", origin)
        return other

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

    def gather_steadily(self, ask: Callable[["Database"], Answer]) -> list[Answer]:
        """What `gather` answers while no video moves from part to part."""
        return self.gather(ask)

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
        self.standbys.close()


class _StandbyFailed(DatabaseUnreachable):
    """A standby that failed while it was read."""


@contextmanager
def _as_reading(connection: sa.Connection) -> Iterator[None]:
    """Has all that is read in the block be read over a connection."""
    token = _reading.set(connection)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def _one_plan(driver: psycopg.Connection[Any]) -> Iterator[None]:
    """Has what is prepared in the block keep one plan; all else is planned for its values."""
    driver.execute("SET plan_cache_mode = force_generic_plan")
    try:
        yield
    finally:
        if not driver.closed:
            driver.execute("SET plan_cache_mode = force_custom_plan")


@lru_cache(256)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with `$1` and so on for `:name`, and the names in the order of their numbers."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return _NAME.sub(number, sql).replace("\\:", ":"), tuple(names)
