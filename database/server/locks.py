"""Advisory locks, all those of a process on one connection."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa

from database.errors import ClaimLost, DatabaseError
from database.server.sqlstates import translated_errors

_POLL_S = 0.25
_TAKE = {False: "SELECT pg_try_advisory_lock(%s)", True: "SELECT pg_try_advisory_lock_shared(%s)"}
_GIVE = {False: "SELECT pg_advisory_unlock(%s)", True: "SELECT pg_advisory_unlock_shared(%s)"}


@dataclass
class _Held:
    """A lock that this process has; a shared one as often as `count` says."""

    shared: bool
    count: int = 1
    was_cut: bool = False
    is_lost: bool = False
    """Whether another process has it since the connection was cut."""


class Locks:
    """Locks by number, between processes and between the threads of this one, for which a session's
    locks alone would do nothing: it may take its own again. They end with the process.

    The connection is opened for the first lock and closed after the last. If it was cut, the next
    who uses it opens another and takes the locks again, as far as nobody else has got them. While
    one thread waits for the server, all do that want something of their locks.
    """

    def __init__(self, engine: sa.Engine, description: str) -> None:
        self._engine = engine
        self._description = description
        self._alone = threading.Lock()  # of all below
        self._held: dict[int, _Held] = {}
        self._users = 0
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def holding(
        self,
        key: int,
        *,
        shared: bool = False,
        while_waiting: Callable[[], None] = lambda: None,
    ) -> Iterator["Holding"]:
        """A lock, which is waited for: `while_waiting` is called every quarter of a second, and
        what it raises ends the wait. Raises DatabaseError."""
        with self._in_use():
            while not self._take(key, shared):
                while_waiting()
                time.sleep(_POLL_S)
            try:
                yield Holding(self, self._held[key])
            finally:
                self._give(key)

    @contextmanager
    def trying(self, key: int) -> Iterator[bool]:
        """A lock, or False if somebody else has it. Raises DatabaseError."""
        with self._in_use():
            is_taken = self._take(key, False)
            try:
                yield is_taken
            finally:
                if is_taken:
                    self._give(key)

    def renew(self) -> None:
        """Takes the locks again if their connection was cut. Raises DatabaseError."""
        with self._alone:
            if self._held:
                self._ask("SELECT %s", 1)
            for key, held in self._held.items():
                self._regain(key, held)

    def _take(self, key: int, shared: bool) -> bool:
        with self._alone:
            held = self._held.get(key)
            if held is None:
                if is_taken := self._ask(_TAKE[shared], key):
                    self._held[key] = _Held(shared)
                return is_taken
            if not (shared and held.shared and self._regain(key, held)):
                return False
            held.count += 1
            return True

    def _regain(self, key: int, held: _Held) -> bool:
        """Whether this process has a lock, if it is a shared one: then one that was lost is as good
        as ever once nobody has it alone."""
        if held.is_lost and held.shared:
            held.is_lost = not self._ask(_TAKE[True], key)
        return not held.is_lost

    def _give(self, key: int) -> None:
        with self._alone:
            held = self._held[key]
            held.count -= 1
            if held.count:
                return
            del self._held[key]
            if self._connection is not None and not held.is_lost:
                with suppress(psycopg.OperationalError):  # the lock has gone with its connection
                    self._connection.execute(_GIVE[held.shared], (key,))

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._alone:
            self._users += 1
        try:
            yield
        finally:
            with self._alone:
                self._users -= 1
                if not self._users and self._connection is not None:
                    self._connection.close()
                    self._connection = None

    def _ask(self, statement: str, value: int) -> bool:
        """The answer to a statement; once more on a new connection if the one before was cut."""
        with translated_errors(self._description):
            if self._connection is not None:
                try:
                    return _answer(self._connection, statement, value)
                except psycopg.OperationalError:
                    if not self._connection.closed:
                        raise
            self._connection = self._open()
            return _answer(self._connection, statement, value)

    def _open(self) -> psycopg.Connection[Any]:
        """A connection that is none of the pool's, with the locks of the one before."""
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        pooled.detach()
        try:
            connection.autocommit = True
            for key, held in self._held.items():
                held.was_cut = True
                held.is_lost |= not _answer(connection, _TAKE[held.shared], key)
        except BaseException:
            connection.close()
            raise
        return connection


@dataclass(frozen=True)
class Holding:
    """A lock, for who has it."""

    _locks: Locks
    _held: _Held

    def confirm(self) -> None:
        """Raises ClaimLost if another process has the lock by now, DatabaseError."""
        self._locks.renew()
        if self._held.is_lost:
            raise ClaimLost(
                "another process has taken over what this one was doing, while the database was "
                "away: see what it has done"
            )

    def was_cut(self) -> bool:
        """Whether another process may have had the lock for a while, as far as can be told."""
        with suppress(DatabaseError):
            self._locks.renew()
        return self._held.was_cut


def _answer(connection: psycopg.Connection[Any], statement: str, value: int) -> bool:
    row = connection.execute(statement, (value,)).fetchone()
    assert row is not None
    return bool(row[0])
