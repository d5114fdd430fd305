"""Each row of the table is met by a real server that gives that very SQLSTATE."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa

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
from database.server.connection import Database
from database.server.sqlstates import TRANSLATIONS, translated_errors
from database.spaces.spaces import Spaces
from database.videos.read import Library
from database.videos.records import VideoRecord
from database.videos.stored import Store
from embeddings.registry.spaces import SPACES
from tests.helpers import records
from tests.helpers.sql import execute

LOCK = "SELECT pg_advisory_xact_lock({})"
IS_WAITED_FOR = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))
"""
"""Whether another connection waits for a lock that this one holds."""


@contextmanager
def as_visitor(database: Database, options: str = "") -> Iterator[Database]:
    """The same database for a role that may do nothing there."""
    execute(database, f"CREATE ROLE visitor LOGIN {options}")
    engine = sa.create_engine(database.engine.url.set(username="visitor"))
    try:
        yield Database(engine, "the visitor's", embedded=False, origin="file://test")
    finally:
        engine.dispose()
        execute(database, "DROP ROLE visitor")


def closed_port(database: Database) -> None:
    nobody = sa.create_engine("postgresql+psycopg://me@127.0.0.1:1/films")
    execute(Database(nobody, "films", embedded=False, origin="file://test"), "SELECT 1")


def cut_connection(database: Database) -> None:
    with database.session() as session:
        process_id = session.scalar(sa.text("SELECT pg_backend_pid()"))
        execute(database, f"SELECT pg_terminate_backend({process_id})")
        session.execute(sa.text("SELECT 1"))


def full_disk(database: Database) -> None:
    """Said by a block: no test can fill the disk of the server, and of nobody else."""
    execute(database, "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$")


def no_temporary_space(database: Database) -> None:
    execute(
        database,
        "SET LOCAL temp_file_limit = 0",
        "SET LOCAL work_mem = '64kB'",
        "SELECT n FROM generate_series(1, 50000) AS n ORDER BY n % 7",
    )


def no_time(database: Database) -> None:
    execute(database, "SET LOCAL statement_timeout = 10", "SELECT pg_sleep(10)")


def deadlock(database: Database) -> None:
    """Each of two transactions holds a lock and waits for the other's; the test's is cut."""
    holds = threading.Event()

    def wait_for_first() -> None:
        with database.session() as session:
            session.execute(sa.text("SET LOCAL deadlock_timeout = '1min'"))
            session.execute(sa.text(LOCK.format(2)))
            holds.set()
            session.execute(sa.text(LOCK.format(1)))

    other = threading.Thread(target=wait_for_first)
    try:
        with database.session() as session:
            session.execute(sa.text("SET LOCAL deadlock_timeout = '20ms'"))
            session.execute(sa.text(LOCK.format(1)))
            other.start()
            holds.wait(10)
            while not session.scalar(sa.text(IS_WAITED_FOR)):
                time.sleep(0.01)
            session.execute(sa.text(LOCK.format(2)))
    finally:
        other.join(10)


def lost_update(database: Database) -> None:
    with database.session() as session:
        session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        session.execute(sa.text("SELECT num FROM library_change"))
        execute(database, "UPDATE library_change SET num = num + 1")
        session.execute(sa.text("UPDATE library_change SET num = num + 1"))


def locked(database: Database) -> None:
    with database.session() as session:
        session.execute(sa.text("LOCK TABLE video"))
        execute(database, "SET LOCAL lock_timeout = 10", "LOCK TABLE video")


def not_a_number(database: Database) -> None:
    vector = records.unit_vector(1) * float("nan")
    save(database, records.with_vector(records.video("a"), "minilm-l6", vector))


def null_character(database: Database) -> None:
    save(database, records.video("a", text="with a \0 in it"))


def half_a_character(database: Database) -> None:
    save(database, replace(records.video("a"), title="with a \ud800 in it"))


def number_out_of_range(database: Database) -> None:
    save(database, replace(records.video("a"), width_px=2**31))


def text_too_long(database: Database) -> None:
    text = " ".join(f"word{number}" for number in range(200_000))
    save(database, records.video("a", text=text))


def dropped_space(database: Database) -> None:
    spaces = Spaces(database)
    spaces.add([SPACES["imagenet-labels"]])
    spaces.drop("imagenet-labels")
    Library(database).vectors_of([1], "imagenet-labels")


def save(database: Database, video: VideoRecord) -> None:
    Store(database).save_video(video, records.file("/v/a.mp4"))


def no_right(database: Database) -> None:
    with as_visitor(database) as theirs:
        execute(theirs, "SELECT * FROM video")


def no_connection_left(database: Database) -> None:
    with as_visitor(database, "CONNECTION LIMIT 0") as theirs:
        execute(theirs, "SELECT 1")


def case(
    sqlstate: str | None, provoke: Callable[[Database], None], error: type[DatabaseError], says: str
) -> object:
    return pytest.param(sqlstate, provoke, error, says, id=f"{sqlstate}-{provoke.__name__}")


def statements(name: str, *of: str) -> Callable[[Database], None]:
    def provoke(database: Database) -> None:
        execute(database, *of)

    provoke.__name__ = name
    return provoke


CASES = [
    case(None, closed_port, DatabaseUnreachable, "films does not answer (.*refused.*): start it"),
    case("57P01", cut_connection, DatabaseUnreachable, "cut the connection (.*): try again"),
    case("53100", full_disk, DiskFull, "the disk of the .* is full: free disk space and run again"),
    case("53400", no_temporary_space, DatabaseOverloaded, "temporary file size .*: try again"),
    # libpq keeps the SQLSTATE of a connection that was not made, 53300, to itself.
    case(None, no_connection_left, DatabaseOverloaded, "too many connections .*: try again later"),
    case("57014", no_time, TooSlow, "did not finish in time .*statement timeout.*: try again"),
    case("40P01", deadlock, TransactionConflict, "deadlock detected.*: try again"),
    case("40001", lost_update, TransactionConflict, "could not serialize access .*: try again"),
    case("55P03", locked, TransactionConflict, "lock timeout.*: try again"),
    case("22000", not_a_number, ValueRefused, "cannot hold a value .*NaN.*: correct the file"),
    case(
        "22021", null_character, ValueRefused, "invalid byte sequence .* 0x00.*: correct the file"
    ),
    case("22003", number_out_of_range, ValueRefused, "out of range.*: correct the file"),
    case("54000", text_too_long, ValueRefused, "string is too long for tsvector.*: shorten"),
    case(
        "25006",
        statements("read_only", "SET TRANSACTION READ ONLY", "DELETE FROM video"),
        DatabaseUnsuitable,
        "can only be read .*: let DATABASE_URL name a server that takes writes",
    ),
    case("42P01", dropped_space, SpaceGone, "a space of the library was removed .*: try again"),
    *(
        case(
            sqlstate,
            statements(name, statement),
            SchemaMismatch,
            "does not exist.*: run python -m database upgrade, then start again",
        )
        for sqlstate, name, statement in (
            ("42P01", "no_table", "SELECT * FROM no_such_table"),
            ("42703", "no_column", "SELECT no_such_column FROM video"),
            ("42883", "no_function", "SELECT words_never(1)"),
        )
    ),
    case("42501", no_right, DatabaseUnsuitable, "permission denied.*: install pgvector there"),
    case(
        "0A000",
        statements("no_extension", "CREATE EXTENSION nowhere"),
        DatabaseUnsuitable,
        '"nowhere" is not available.*: install pgvector there',
    ),
    case(
        "58P01",
        statements("no_library", "LOAD 'nowhere'"),
        DatabaseUnsuitable,
        "could not access file .*: install pgvector there",
    ),
    case(
        "58030",  # said by a block: no disk of a test is broken
        statements(
            "broken_disk", "DO $$ BEGIN RAISE 'could not read' USING ERRCODE = '58030'; END $$"
        ),
        DatabaseUnreachable,
        "cannot read or write its own files .*: its log says which",
    ),
]


@pytest.mark.parametrize(("sqlstate", "provoke", "error", "says"), CASES)
def test_an_error_of_the_server_becomes_ours_with_what_to_do(
    sqlstate: str | None,
    provoke: Callable[[Database], None],
    error: type[DatabaseError],
    says: str,
    database: Database,
) -> None:
    with pytest.raises(DatabaseError, match=says) as raised:
        provoke(database)
    assert type(raised.value) is error
    assert "\n" not in str(raised.value)
    cause = raised.value.__cause__
    raw = cause.orig if isinstance(cause, sa.exc.DBAPIError) else cause
    assert getattr(raw, "sqlstate", None) == sqlstate


def test_every_row_of_the_table_has_such_a_test() -> None:
    given = [param.values[0] or "08" for param in CASES]  # type: ignore[attr-defined]
    for row in TRANSLATIONS:
        fitting = [code for code in given if code.startswith(row.sqlstate)]
        assert fitting, f"nothing provokes {row.sqlstate}"


def test_half_of_a_character_is_a_fault_of_the_value_too(database: Database) -> None:
    with pytest.raises(ValueRefused, match="half of a character"):
        half_a_character(database)


def test_a_pool_without_a_connection_left_is_overloaded(database: Database) -> None:
    engine = sa.create_engine(database.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    small = Database(engine, "films", embedded=False, origin="file://test")
    with small.session() as session:
        session.execute(sa.text("SELECT 1"))
        with pytest.raises(DatabaseOverloaded, match="all connections to films are in use"):
            execute(small, "SELECT 1")
    small.close()


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("SELEC", psycopg.errors.SyntaxError),
        ("INSERT INTO space SELECT * FROM space", psycopg.errors.UniqueViolation),
    ],
)
def test_a_fault_of_the_program_stays_as_it_is(
    statement: str, error: type[psycopg.Error], database: Database
) -> None:
    with pytest.raises(sa.exc.DBAPIError) as raised:
        execute(database, statement)
    assert isinstance(raised.value.orig, error)


def test_errors_of_the_bare_driver_are_ours_too(database: Database) -> None:
    with database.connection() as driver:
        driver.execute("SET LOCAL statement_timeout = 10")
        with pytest.raises(TooSlow), translated_errors("films"):
            driver.execute("SELECT pg_sleep(10)")


def test_a_long_message_of_the_server_is_cut(database: Database) -> None:
    with pytest.raises(ValueRefused, match="…") as raised:
        execute(database, f"SELECT CAST('{'x' * 10_000}' AS int)")
    assert len(str(raised.value)) < 500
