"""A process has all its locks on one connection, and keeps them, or says so, when that is cut."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from database.errors import ClaimLost, DatabaseUnreachable
from database.opening import open_database
from database.server.connection import Database
from database.server.locks import Locks
from database.settings import DatabaseSettings
from tests.helpers.sql import cut_locks, rows

SESSIONS = (
    "SELECT pid, count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE locktype = 'advisory' AND datname = current_database() GROUP BY pid"
)


@pytest.fixture
def other(settings: DatabaseSettings) -> Iterator[Locks]:
    """Those of another process."""
    with closing(open_database(settings)) as database:
        yield database.locks


def give_up() -> None:
    raise InterruptedError


def test_all_locks_of_a_process_are_on_one_connection_that_is_none_of_the_pool(
    database: Database,
) -> None:
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    with ExitStack() as held:
        for key in range(40):
            held.enter_context(database.locks.holding(key))
        ((_, count),) = rows(database, SESSIONS)
        assert count == 40
        assert pool.checkedout() == 0
    assert rows(database, SESSIONS) == []


def test_what_a_process_has_it_does_not_get_a_second_time(database: Database, other: Locks) -> None:
    locks = database.locks
    with locks.holding(1), locks.trying(1) as again, other.trying(1) as elsewhere:
        assert (again, elsewhere) == (False, False)
        with pytest.raises(InterruptedError), locks.holding(1, shared=True, while_waiting=give_up):
            pass
    with other.trying(1) as is_free:
        assert is_free


def test_a_shared_lock_is_given_back_with_the_last_who_has_it(
    database: Database, other: Locks
) -> None:
    locks = database.locks
    with locks.holding(1, shared=True):
        with locks.holding(1, shared=True), other.holding(1, shared=True):
            pass
        with locks.trying(1) as here, other.trying(1) as elsewhere:
            assert (here, elsewhere) == (False, False)
    with other.trying(1) as is_free:
        assert is_free


def test_of_many_threads_one_at_a_time_has_a_lock(database: Database) -> None:
    inside, most = 0, 0

    def work(own: int) -> None:
        nonlocal inside, most
        with database.locks.holding(own), database.locks.holding(100):
            inside += 1
            most = max(most, inside)
            database.locks.renew()
            inside -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (inside, most) == (0, 1)
    assert rows(database, SESSIONS) == []


def test_locks_are_taken_again_when_their_connection_was_cut(
    database: Database, other: Locks
) -> None:
    locks = database.locks
    with locks.holding(1) as first, locks.holding(2, shared=True):
        cut_locks(database)
        with locks.holding(3):  # by whoever is the next to want one
            for key in (1, 2, 3):
                with other.trying(key) as is_free:
                    assert not is_free
        cut_locks(database)
        first.confirm()
        with other.trying(1) as is_free:
            assert not is_free


def test_a_lock_that_another_process_got_meanwhile_is_lost_and_stays_with_it(
    database: Database, other: Locks
) -> None:
    locks = database.locks
    with ExitStack() as elsewhere:
        with locks.holding(1) as first, locks.holding(2) as second:
            cut_locks(database)
            elsewhere.enter_context(other.holding(1))
            second.confirm()
            for _ in range(2):
                with pytest.raises(ClaimLost, match="another process has taken over"):
                    first.confirm()
        with locks.trying(1) as is_free:
            assert not is_free


def test_a_shared_lock_that_was_lost_is_taken_again_once_nobody_has_it_alone(
    database: Database, other: Locks
) -> None:
    locks = database.locks
    with locks.holding(1, shared=True):
        cut_locks(database)
        with other.holding(1):
            locks.renew()
            with (
                pytest.raises(InterruptedError),
                locks.holding(1, shared=True, while_waiting=give_up),
            ):
                pass
        with locks.holding(1, shared=True), other.trying(1) as is_free:
            assert not is_free
        cut_locks(database)
        with other.holding(1):
            locks.renew()
        locks.renew()
        with other.trying(1) as is_free:
            assert not is_free


def test_a_lock_ends_though_its_connection_was_cut(database: Database, other: Locks) -> None:
    with database.locks.holding(1):
        cut_locks(database)
    with other.trying(1) as is_free, database.locks.trying(2) as is_next:
        assert is_free
        assert is_next


def test_where_no_server_answers_there_is_no_lock(tmp_path: Path) -> None:
    engine = sa.create_engine(f"postgresql+psycopg://nobody@/films?host={tmp_path}")
    locks = Locks(engine, "films")
    for _ in range(2):
        with pytest.raises(DatabaseUnreachable, match="films"), locks.holding(1):
            pass
    engine.dispose()


def test_what_another_thread_does_while_the_server_is_away_ends_no_lock(
    database: Database, other: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = database.locks

    def away() -> None:
        raise psycopg.OperationalError("no server")

    with locks.holding(1) as first:
        cut_locks(database)
        with monkeypatch.context() as patch:
            patch.setattr(sa.Engine, "raw_connection", lambda _: away())
            with pytest.raises(DatabaseUnreachable):
                first.confirm()
            with pytest.raises(DatabaseUnreachable), locks.trying(2):
                pass
        first.confirm()
        with other.trying(1) as is_free:
            assert not is_free
