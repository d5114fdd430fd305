"""What a worker works with; models and all that goes with them only from the first job on."""

import dataclasses
import threading
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from database.jobs.worklog import WorkLog
from database.server.connection import Database
from ingest.errors import Interrupted
from ingest.settings import IngestSettings

if TYPE_CHECKING:  # a worker that waits for its first job is light
    from ingest.library.backfilling import Filler
    from ingest.library.null_statistics import Growth
    from ingest.pipeline import Ingest

DESCRIPTIONS = "descriptions"
"""What stands for a path in a job that describes keyframes."""


class Bench:
    """It is shared by the threads of a worker."""

    def __init__(self, database: Database, settings: IngestSettings) -> None:
        self.database = database
        self.settings = settings
        self.log = WorkLog(database)
        self.stopped = threading.Event()
        """Set when the worker is to end: files at work end with their next report."""
        self._lock = threading.Lock()  # of both below
        self._ingest: Ingest | None = None
        self._growth: Growth | None = None

    def ingest(self, *, retry: bool = True, again: bool = False) -> "Ingest":
        """The pipeline of one file or scan, with the profile that the library has now."""
        from database.videos.read import Library
        from ingest.library.spaces import profile_of
        from ingest.pipeline import make_ingest

        profile = profile_of(Library(self.database), None)
        with self._lock:
            if self._ingest is None or self._ingest.profile != profile:
                self._ingest = make_ingest(self.database, self.settings, profile)
            return dataclasses.replace(self._ingest, retry=retry, again=again, made=set())

    def filler(self) -> "Filler":
        """What a backfill works with."""
        from database.videos.read import Library
        from ingest.library.backfilling import Filler
        from ingest.media.child import Isolation

        ingest = self.ingest()
        return Filler(
            Library(self.database),
            ingest.spaces,
            ingest.encoders,
            Isolation.of(self.settings),
            self.settings.keyframes_dir,
            self.settings.ingest_max_pixels,
            ingest.fetched,
        )

    def grew(self, num_moments: int) -> None:
        """Renews what searches know of the library beside its rows, if it has grown by enough."""
        from ingest.library.null_statistics import Growth
        from ingest.settling import renew_statistics

        ingest = self.ingest()
        with self._lock:
            self._growth = self._growth or Growth(ingest.spaces)
            is_due = self._growth.is_due(num_moments, ingest.spaces_to_fill())
        if is_due:
            renew_statistics(ingest)

    def require_running(self) -> None:
        """Raises Interrupted once the worker is to end."""
        if self.stopped.is_set():
            raise Interrupted

    @cached_property
    def grace(self) -> timedelta:
        """How long files must have been missing before they are forgotten."""
        return timedelta(days=self.settings.ingest_forget_after_days)

    @property
    def keyframes_dir(self) -> Path:
        """Folder of the keyframes' JPEGs."""
        return self.settings.keyframes_dir
