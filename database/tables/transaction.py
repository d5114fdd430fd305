"""The transaction of an AsyncSession, worked in without a trace but what was asked for."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from database.errors import DatabaseError, TransactionConflict, ValueRefused
from database.server.sqlstates import translated_errors
from embeddings.errors import DimensionMismatch

_OTHER_DIMENSION = re.compile(r"different \w+ dimensions (\d+) and (\d+)")
_WRONG_TYPE = ("42883", "42804", None)
"""SQLSTATEs of an operator that there is not for these types, of a wrong type, and of a value that
the driver cannot send."""


@asynccontextmanager
async def savepoint(
    db: AsyncSession, *, only_reads: bool = False
) -> AsyncIterator[AsyncConnection]:
    """The connection of a session's transaction, which an error leaves as it was.

    What only reads is rolled back in any case, and with it the settings that it has made. Raises
    DatabaseError.
    """
    url = db.get_bind().engine.url.set(drivername="postgresql")
    with _translated_errors(url.render_as_string(hide_password=True)):
        await db.flush()
        connection = await db.connection()
        async with connection.begin_nested() as made:
            yield connection
            if only_reads:
                await made.rollback()


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """psycopg's own connection, in the same transaction, for what SQLAlchemy has no words for."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


@contextmanager
def refused_rows(error: type[DatabaseError], message: str) -> Iterator[None]:
    """Rows that a constraint of their table refuses as `error`, with the reason; as
    TransactionConflict if another program has made them meanwhile."""
    try:
        yield
    except (exc.DBAPIError, psycopg.Error) as refusal:
        raw = refusal.orig if isinstance(refusal, exc.DBAPIError) else refusal
        if not isinstance(raw, psycopg.IntegrityError | psycopg.errors.GeneratedAlways):
            raise
        if isinstance(raw, psycopg.errors.UniqueViolation):
            raise TransactionConflict(f"{raw.diag.message_primary}: try again") from refusal
        raise error(f"{message} ({raw.diag.message_primary})") from refusal


@contextmanager
def _translated_errors(database: str) -> Iterator[None]:
    """`translated_errors`, and what else may be wrong with a value where names are known."""
    with translated_errors(database):
        try:
            yield
        except (exc.DBAPIError, psycopg.Error) as error:
            raw = error.orig if isinstance(error, exc.DBAPIError) else error
            dims = _OTHER_DIMENSION.search(str(raw))
            if dims is not None:
                raise DimensionMismatch(int(dims[1]), int(dims[2])) from error
            if isinstance(raw, psycopg.ProgrammingError) and raw.sqlstate in _WRONG_TYPE:
                reason = str(raw).partition("\n")[0]
                raise ValueRefused(
                    f"a value is of another type than its column ({reason}): convert it"
                ) from error
            raise
