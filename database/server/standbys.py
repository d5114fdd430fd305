"""Standbys: copies of the database, which follow it by streaming replication and may be read.

One is read only while it has every change that answers show (database/models/library.py), so that
nobody can tell which server has answered: who has just written finds what she wrote.
"""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg
import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy import exc

from database.server.sqlstates import first_line

AGAIN_S = 5.0
"""A standby that was left out is not asked again before."""
TOO_FAR_S = 5.0
"""One that was behind for so long, whenever it was asked, is left out; milliseconds are usual."""
_FORGOTTEN_S = 60.0
"""That it was behind so long ago says nothing of now."""
VERSION_SQL = "SELECT coalesce(sum(num), 0)::bigint FROM library_change"
"""The version of a library: the changes that a snapshot has."""
_FAULTS = (exc.DBAPIError, exc.TimeoutError, psycopg.Error)
READS = Counter("database_reads", "Searches and lists by the server that was read", ["server"])
_STATE = sa.text(
    "SELECT pg_is_in_recovery(), "
    "(SELECT system_identifier FROM pg_control_system())::text || current_database(), "
    f"({VERSION_SQL})"
)


class Use(StrEnum):
    """What a standby is good for at the moment."""

    READ = "read"
    BEHIND = "behind"
    GONE = "gone"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Reached:
    """How far a server is."""

    is_standby: bool
    library: str
    """Which database of which cluster it is: the same for a primary and its standbys."""
    version: int


@dataclass(frozen=True)
class Standing:
    """What a standby is good for, and why it is not read if it is not."""

    description: str
    use: Use
    reason: str = ""


class Standby:
    """One standby, as it was found when somebody last asked; threads may share it."""

    def __init__(self, engine: sa.Engine, description: str) -> None:
        self.engine = engine
        self.standing = Standing(description, Use.READ)
        self._is_ours = False
        """Whether it was found to be a standby of the primary."""
        self._behind_since, self._behind_at = float("-inf"), float("-inf")
        self._left_until = float("-inf")

    def connect(self, primary: Reached | None) -> sa.Connection | None:
        """A connection to it, if it has all that `primary` had just now; None if it has not, or was
        left out a moment ago. Without a primary, as far as it is."""
        if time.monotonic() < self._left_until:
            return None
        if self.standing.use is Use.GONE:  # one asks again, which may take long; no other waits
            self._left_until = time.monotonic() + AGAIN_S
        try:
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except _FAULTS as error:
            self._note_gone(error)
            return None
        try:
            if self._is_good(reached(connection), primary):
                return connection
        except _FAULTS as error:
            self._note_gone(error)
        connection.close()
        return None

    def leave_out(self, reason: str) -> None:
        """Has it not be read for a while, since something was wrong with it."""
        self._set(Use.GONE, f"does not answer ({first_line(reason)})")

    def _note_gone(self, error: Exception) -> None:
        self.leave_out(str(error.orig if isinstance(error, exc.DBAPIError) else error))

    def _is_good(self, own: Reached, primary: Reached | None) -> bool:
        if not own.is_standby:
            self._set(Use.FOREIGN, "takes writes itself: it is no standby, or not any more")
            return False
        if primary is not None and own.library != primary.library:
            self._set(Use.FOREIGN, "is no standby of the database of DATABASE_URL")
            return False
        if primary is not None and own.version < primary.version:
            self._note_behind()
            return False
        if primary is None and not self._is_ours:
            return False  # nobody knows whose it is
        self._is_ours = True
        self._behind_at = float("-inf")
        self._set(Use.READ, "")
        return True

    def _note_behind(self) -> None:
        now = time.monotonic()
        if now - self._behind_at > _FORGOTTEN_S:
            self._behind_since = now
        self._behind_at = now
        behind_s = now - self._behind_since
        if behind_s >= TOO_FAR_S:
            self._set(Use.BEHIND, f"has been behind for {behind_s:.0f} s")

    def _set(self, use: Use, reason: str) -> None:
        before, self.standing = self.standing, Standing(self.standing.description, use, reason)
        self._left_until = float("-inf") if use is Use.READ else time.monotonic() + AGAIN_S
        if use is not before.use:
            import structlog  # the quick commands do without

            log = structlog.get_logger()
            if use is Use.READ:
                log.info("a standby is read again", standby=before.description)
            else:
                log.warning("a standby is left out", standby=before.description, reason=reason)


class Standbys:
    """The standbys of a database, which are read in turn."""

    def __init__(self, standbys: Sequence[Standby] = ()) -> None:
        self._all = tuple(standbys)
        self._turn = itertools.count()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._all)

    def has(self, engine: sa.Engine) -> bool:
        """Whether an engine is of one of them."""
        return any(standby.engine is engine for standby in self._all)

    def find(self, primary: Reached | None) -> tuple[Standby, sa.Connection] | None:
        """The next one that has all that the primary had, with a connection to it; None if there is
        none."""
        with self._lock:
            first = next(self._turn) % len(self._all)
        for standby in (*self._all[first:], *self._all[:first]):
            connection = standby.connect(primary)
            if connection is not None:
                return standby, connection
        return None

    def look(self, primary: Reached | None) -> list[Standing]:
        """What each is good for; those that were not left out a moment ago are asked."""
        for standby in self._all:
            if (connection := standby.connect(primary)) is not None:
                connection.close()
        return [standby.standing for standby in self._all]

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for standby in self._all:
            standby.engine.dispose()


def reached(connection: sa.Connection) -> Reached:
    """How far the server of a connection is. Raises DBAPIError."""
    return Reached(*connection.execute(_STATE).one())
