"""The connections to one PostgreSQL, and the one place where driver errors become ours."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from pgvector.psycopg import register_vector
from sqlalchemy import event, exc
from sqlalchemy.orm import Session

from database.errors import DatabaseError, DatabaseUnreachable, DiskFull, SpaceGone
from database.migrate import require_current_schema, upgrade_schema
from database.server.embedded import data_dir, start_embedded
from database.settings import Settings

_NOT_OURS_TO_DO = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.UndefinedFile,
)
EF_SEARCH = 100
"""Candidates an HNSW scan keeps; recall and speed are in docs/benchmarks.md."""
STATEMENT_TIMEOUT_S = 30
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


def open_database(settings: Settings, *, require_schema: bool = True) -> Database:
    """The database of DATABASE_URL, or the embedded one of the home folder.

    The schema of the embedded one is brought up to date; that of a server is checked, if
    `require_schema`. Raises DatabaseUnreachable, SchemaMismatch.
    """
    embedded = settings.database_url is None
    url = _driver_url(settings.database_url or start_embedded(settings.home))
    if embedded:
        description = f"embedded PostgreSQL in {data_dir(settings.home)}"
    else:
        description = url.set(drivername="postgresql").render_as_string(hide_password=True)
    database = Database(_engine(url), description, embedded)
    try:
        with translated_errors(description):
            if embedded:
                upgrade_schema(database.engine)
            elif require_schema:
                require_current_schema(database.engine, description)
            with database.engine.connect() as connection:
                found = connection.scalar(
                    sa.text("SELECT to_regclass('moment_text_trgm_idx') IS NOT NULL")
                )
    except BaseException:
        database.close()
        raise
    return dataclasses.replace(database, has_trigrams=bool(found))


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


def _driver_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (exc.ArgumentError, ValueError):
        raise DatabaseUnreachable(
            "DATABASE_URL is not a database URL; it looks like "
            "postgresql://user:password@host:5432/database"
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUnreachable(
            f"DATABASE_URL names {url.drivername}; sceneseek needs PostgreSQL with pgvector: "
            "postgresql://user:password@host:5432/database"
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url, pool_size=8, max_overflow=24, pool_pre_ping=True, connect_args={"connect_timeout": 10}
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: psycopg.Connection[Any], _record: object) -> None:
        driver.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        # A LIMIT above ef_search is filled all the same.
        driver.execute("SET hnsw.iterative_scan = relaxed_order")
        # A plan for any query vector and any filter would leave the HNSW index for some.
        driver.execute("SET plan_cache_mode = force_custom_plan")
        driver.execute("SET jit = off")  # compiling a search takes longer than running it
        driver.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        if psycopg.types.TypeInfo.fetch(driver, "vector") is not None:
            register_vector(driver)
        driver.commit()

    return engine


def keyframe_file(settings: Settings, image_path: str) -> Path:
    """The JPEG of a moment's `image_path`."""
    path = (settings.keyframes_dir / image_path).resolve()
    if not path.is_relative_to(settings.keyframes_dir.resolve()):
        raise DatabaseError("a keyframe's path leaves the keyframes folder")
    return path
