"""The connections to one PostgreSQL, and the one place where driver errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from database.errors import DatabaseUnreachable, DiskFull, SpaceGone

_NOT_OURS_TO_DO = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.UndefinedFile,
)
SWITCH_LOCK = 7_305_808_870
"""Advisory lock: shared while a video is stored, exclusive while spaces change."""
_reading: ContextVar[sa.Connection | None] = ContextVar("reading", default=None)


@dataclass(frozen=True)
class Database:
    """Connections to one database."""

    engine: sa.Engine
    description: str
    """Which database it is, for people; without its password."""
    embedded: bool
    has_trigrams: bool = False
    """Whether substrings of texts can be looked up (pg_trgm)."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in a transaction, committed at the end. Raises DatabaseError."""
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

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A driver's connection in a transaction, for COPY. Raises DatabaseError."""
        with translated_errors(self.description), self.engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.execute("SET LOCAL statement_timeout = 0")  # a long video takes long to store
            yield driver

    @contextmanager
    def lock_connection(self) -> Iterator[sa.Connection]:
        """A connection for advisory locks: they last until its end, or that of the process.
        Raises DatabaseError."""
        with translated_errors(self.description):
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield connection
        finally:
            # Closing the session, not returning it to the pool, is what frees the locks.
            connection.invalidate()
            connection.close()

    def close(self) -> None:
        """Closes the pool."""
        self.engine.dispose()


@contextmanager
def translated_errors(description: str) -> Iterator[None]:
    """The driver's errors that a person can do something about, as ours."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, psycopg.OperationalError) as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).strip().splitlines()[0] if str(cause).strip() else repr(cause)
        if isinstance(cause, psycopg.errors.DiskFull):
            raise DiskFull(f"the disk of the {description} ({reason})") from error
        raise DatabaseUnreachable(
            f"{description} does not answer ({reason}): start it, or correct DATABASE_URL"
        ) from error
    except exc.TimeoutError as error:
        raise DatabaseUnreachable(f"all connections to {description} are in use") from error
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.UndefinedTable):
            raise SpaceGone("a space of the library was removed: try again") from error
        if not isinstance(error.orig, _NOT_OURS_TO_DO):
            raise
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseUnreachable(
            f"{description} refuses what sceneseek needs ({reason}): install pgvector there, "
            "and let the user of DATABASE_URL create extensions and tables"
        ) from error
