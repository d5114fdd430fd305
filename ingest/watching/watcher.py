"""The library follows a folder: what comes is held until it is whole and becomes a job, what goes
is marked. All of the folder is looked at in the beginning and every SWEEP_S; what the system tells
in between only says where to look earlier."""

import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from database.errors import DatabaseError
from database.jobs.jobs import Jobs
from database.server.connection import Database
from database.videos.removal import Removal
from database.videos.stored import Store
from ingest.files.outcome import printable
from ingest.files.presence import mount_of
from ingest.watching.arrivals import Arrivals
from ingest.watching.changes import SWEEP_S, TICK_S, changes
from ingest.watching.departures import Departures
from ingest.watching.disks import remote_mounts
from ingest.watching.place import Place, is_bare, place_of

MANY = 10_000
"""Instead of at more paths than these, all of the folder is looked at."""
AGAIN_S = 5.0
"""After so long, a database that has been away is asked again."""


class Watcher:
    """One folder, in one thread: that of a disk which hangs holds no other."""

    def __init__(self, folder: Path, database: Database, stopped: threading.Event) -> None:
        self._folder = folder
        self._database = database
        self._stopped = stopped
        self._log = structlog.get_logger().bind(folder=printable(folder))

    def run(self) -> None:
        """Returns soon after `stopped` is set."""
        is_told = False
        while not self._stopped.is_set():
            place = place_of(self._folder)
            if place is not None:
                is_told = False
                self._follow(place)
            else:
                if not is_told:
                    self._log.warning("the folder is away: what was in it stays as it is")
                    is_told = True
                self._stopped.wait(TICK_S)

    def _follow(self, place: Place) -> None:
        """Follows the folder while it is the same one."""
        self._log.info("watching")
        if mount_of(self._folder / "film") in remote_mounts():
            self._log.info("what other machines write there is found every 15 minutes")
        visit = Visit(self._folder, place, self._database)
        was_away = False
        for changed in changes(self._folder, self._stopped):
            if place_of(self._folder) != place:
                return
            try:
                visit.follow(changed)
            except DatabaseError as error:
                if not was_away:
                    self._log.warning("the database is away", reason=str(error))
                was_away = True
                self._stopped.wait(AGAIN_S)
            else:
                if was_away:
                    self._log.info("the database is back")
                was_away = False


class Visit:
    """What is known of a folder for as long as it is the same one."""

    def __init__(
        self,
        folder: Path,
        place: Place,
        database: Database,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        store = Store(database)
        self._folder = folder
        self._place = place
        self._clock = clock
        self._arrivals = Arrivals(folder, store, Jobs(database), clock)
        self._departures = Departures(folder, store, Removal(database), clock)
        self._unseen = {folder}
        """Paths that are to be looked at."""
        self._sweep_at = clock() + SWEEP_S
        self._had_files = False

    def follow(self, changed: Collection[Path]) -> None:
        """Looks at what has changed, and does what is due. Raises DatabaseError; what has changed
        is then looked at the next time."""
        self._unseen.update(changed)
        is_due = self._clock() >= self._sweep_at or len(self._unseen) > MANY
        if is_due or self._folder in self._unseen:
            self._unseen = {self._folder}
            self._sweep_at = self._clock() + SWEEP_S
        self._arrivals.look(self._unseen)
        if self._is_trusted():
            self._departures.look(self._unseen)
        self._unseen = set()
        self._arrivals.submit()
        self._mark()

    def _is_trusted(self) -> bool:
        """Whether what is not there is gone. Of a folder that was empty from the beginning, it may
        be the disk that is away."""
        self._had_files = self._had_files or not is_bare(self._folder)
        return self._had_files

    def _mark(self) -> None:
        due = self._departures.due()
        if not due:
            return
        awaited = self._arrivals.awaited_sizes(set(due.values()))
        gone = [path for path, size in due.items() if size not in awaited]
        if gone and place_of(self._folder) == self._place:
            self._departures.mark(gone)
