"""Driver errors as ours, in one table by SQLSTATE (PostgreSQL's manual, appendix A).

What a person can put right becomes a DatabaseError whose message says how. All else is a fault of
this program, and stays the driver's error with its traceback. A column, table or function that is
not there may be either; far more often another version has changed the database.
"""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import exc

from database.errors import (
    DatabaseError,
    DatabaseOverloaded,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    DiskFull,
    SchemaMismatch,
    SpaceGone,
    TooSlow,
    TransactionConflict,
    ValueRefused,
)

_REASON_CHARACTERS = 300
_NO_CONNECTION_LEFT = re.compile(r"too many (connections|clients)|connection slots")


@dataclass(frozen=True)
class Translation:
    """What the errors of the driver mean whose SQLSTATE begins with `sqlstate`."""

    sqlstate: str
    error: type[DatabaseError]
    message: str
    """`{database}` is its description, `{reason}` the first line of what the server says."""
    naming: str = ""
    """Only if this stands in what the server says."""


TRANSLATIONS = (
    Translation(
        "08",
        DatabaseUnreachable,
        "{database} does not answer ({reason}): start it, or correct DATABASE_URL",
    ),
    Translation(
        "57P0",
        DatabaseUnreachable,
        "{database} cut the connection ({reason}): try again once it is up",
    ),
    Translation("53100", DiskFull, "the disk of the {database} ({reason})"),
    Translation(
        "53",
        DatabaseOverloaded,
        "{database} has too much to do ({reason}): try again later, or raise that limit there",
    ),
    Translation(
        "57014",
        TooSlow,
        "{database} did not finish in time ({reason}): try again, or ask for less at once",
    ),
    Translation(
        "40",
        TransactionConflict,
        "{database} was changed from two sides at once ({reason}): try again",
    ),
    Translation(
        "55P03",
        TransactionConflict,
        "{database} is being changed by another program ({reason}): try again",
    ),
    Translation(
        "22",
        ValueRefused,
        "the database cannot hold a value ({reason}): correct the file or request that it is of",
    ),
    Translation(
        "54",
        ValueRefused,
        "a value is too large for the database ({reason}): shorten the text it is of",
    ),
    Translation(
        "25006",
        DatabaseUnsuitable,
        "{database} can only be read ({reason}): let DATABASE_URL name a server that takes writes",
    ),
    Translation(
        "42P01",
        SpaceGone,
        "a space of the library was removed ({reason}): try again",
        naming="embedding_",
    ),
    *(
        Translation(
            sqlstate,
            SchemaMismatch,
            "the tables of {database} are not those of this version of sceneseek ({reason}): run "
            "python -m database upgrade, then start again what runs; if that does not help, a "
            "draft of sceneseek has changed them",
        )
        for sqlstate in ("42P01", "42703", "42883")
    ),
    *(
        Translation(
            sqlstate,
            DatabaseUnsuitable,
            "{database} refuses what sceneseek needs ({reason}): install pgvector there, and let "
            "the user of DATABASE_URL create extensions and tables",
        )
        for sqlstate in ("42501", "0A000", "58P01")
    ),
    Translation(
        "58",
        DatabaseUnreachable,
        "{database} cannot read or write its own files ({reason}): its log says which",
    ),
)
"""Where two rows fit, the longer SQLSTATE is meant, and of two that are as long the one that names
something."""


def find_translation(sqlstate: str, message: str) -> Translation | None:
    """The most specific row for an error; None for one that is the program's own fault."""
    fitting = [
        row for row in TRANSLATIONS if sqlstate.startswith(row.sqlstate) and row.naming in message
    ]
    return max(fitting, key=lambda row: (len(row.sqlstate), row.naming), default=None)


def is_unreachable(error: psycopg.Error) -> bool:
    """Whether an error of the driver means that no server answers."""
    row = find_translation(_sqlstate(error), first_line(error))
    return row is not None and row.error is DatabaseUnreachable


@contextmanager
def translated_errors(database: str) -> Iterator[None]:
    """Errors of the driver, and of SQLAlchemy's pool, as ours; `database` is its description."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseOverloaded(
            f"all connections to {database} are in use: try again in a few seconds"
        ) from error
    except (exc.DBAPIError, psycopg.Error) as error:
        raw = error.orig if isinstance(error, exc.DBAPIError) else error
        reason = first_line(raw)
        row = find_translation(_sqlstate(raw), reason)
        if row is None:
            raise
        raise row.error(row.message.format(database=database, reason=reason)) from error
    except UnicodeEncodeError as error:
        raise ValueRefused(
            f"a text has half of a character ({error.reason}): correct the file or request that it "
            "is of"
        ) from error
    except OverflowError as error:  # of the driver, where it writes binary
        raise ValueRefused(
            f"the database cannot hold a number ({error}): correct the file or request that it is "
            "of"
        ) from error


def _sqlstate(error: BaseException | None) -> str:
    """As the server says it. The driver knows none of what goes wrong before there is a
    connection, when one breaks, or when it converts a value: these get the standard's."""
    sqlstate: str | None = getattr(error, "sqlstate", None)
    if sqlstate is not None:
        return sqlstate
    if isinstance(error, psycopg.DataError):
        return "22000"
    if isinstance(error, psycopg.OperationalError) and _NO_CONNECTION_LEFT.search(str(error)):
        return "53300"
    return "08000" if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else ""


def first_line(error: BaseException | str | None) -> str:
    """What an error says first, shortened."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else repr(error)
    return textwrap.shorten(text, _REASON_CHARACTERS, placeholder=" …")
