"""What pages say of a whole library: counted once, not for everybody who looks."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from api.errors import Busy
from api.limits import PATIENCE_S
from api.spaces import Standing, standings
from database.jobs.jobs import Jobs
from database.jobs.records import JobInfo
from database.models import JobState, SpaceState
from database.queries.listing import VideoLists
from database.server.connection import Database
from database.spaces.coverage import Coverage
from database.spaces.spaces import Spaces
from database.videos.facets import read_facets
from database.videos.files import Files
from database.videos.read import Library
from embeddings.loaded import Encoders

_COUNT_S = 5
"""How long counts of vectors are good for: a backfill adds some without another version."""
_ROWS_S = 60
"""The same of rows, which only /metrics tells: to count them reads whole tables."""
_JOBS = 100
"""Of jobs that have not ended, so many are looked at for one that a worker is there to do."""
Value = TypeVar("Value")


@dataclass(frozen=True)
class UnderWay:
    """A job that has not ended, and whether nobody is there to do it."""

    job: JobInfo
    lacks_worker: bool


class Kept(Generic[Value]):
    """A value that is read once, as long as its key stays the same; safe to use from several
    threads, of which one reads while the others wait for what it finds."""

    def __init__(self, key: Callable[[], Hashable], read: Callable[[], Value]) -> None:
        self._key, self._read = key, read
        self._known: tuple[Hashable, Value] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Value:
        """The value. Raises Busy if another thread reads it for PATIENCE_S, and what reading
        raises."""
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise Busy
        try:
            key = self._key()  # before the value, which may then be newer, but never older
            if self._known is None or self._known[0] != key:
                self._known = (key, self._read())
            return self._known[1]
        finally:
            self._lock.release()


class LibraryFacts:
    """Counts and lists of a whole library. What its version covers (videos, files, tags) is read
    once for each version; the vectors of its spaces are counted every few seconds at most."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self._jobs = Jobs(database)
        database = database.from_anywhere()
        library, files = Library(database), Files(database)
        version = library.version
        spaces = Spaces(database)
        self.facets = Kept(version, lambda: read_facets(database))
        self.summary = Kept(version, VideoLists(database).summary)
        self.outcomes = Kept(version, files.counts)
        self.refusals = Kept(version, files.reasons)
        self.missing = Kept(version, files.missing)
        self.filling = Kept(version, lambda: _filling(spaces))
        self.rows = Kept(lambda: time.monotonic() // _ROWS_S, library.row_counts)
        self.standings = Kept(
            lambda: (version(), time.monotonic() // _COUNT_S),
            lambda: standings(spaces, encoders, counted=True),
        )

    def under_way(self) -> UnderWay | None:
        """A job that has not ended, one that is done if there is any."""
        staffed = {worker.origin for worker in self._jobs.workers()}
        jobs = self._jobs.page((JobState.WAITING, JobState.WORKING), limit=_JOBS)
        found = [UnderWay(job, job.origin not in staffed) for job in jobs]
        return min(found, key=lambda each: each.lacks_worker, default=None)

    def coverage(self) -> Coverage:
        """The vectors of all spaces in use, of how many that they should have."""
        used = [each.coverage for each in self.standings() if _in_use(each) and each.coverage]
        return Coverage(sum(each.embedded for each in used), sum(each.wanted for each in used))


def _filling(spaces: Spaces) -> list[str]:
    """The spaces that are not searched yet."""
    return [key for key, info in spaces.all().items() if info.state is SpaceState.FILLING]


def _in_use(standing: Standing) -> bool:
    return standing.info.state is not SpaceState.RETIRED
