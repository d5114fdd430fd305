"""A served library whose jobs nobody does, so that a test can say how far they are."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from database.jobs.jobs import Jobs
from database.opening import open_database
from database.server.connection import Database
from ingest.settings import IngestSettings
from tests.helpers.http import Serving, serving
from tests.helpers.sql import execute


@dataclass(frozen=True)
class Board:
    """The server, its jobs, and the one folder that it may be asked to ingest."""

    server: Serving
    database: Database
    folder: Path

    @property
    def client(self) -> httpx.Client:
        """One of the server's."""
        return self.server.client

    @property
    def jobs(self) -> Jobs:
        """The jobs, without the server."""
        return Jobs(self.database)

    def set(self, job_id: int, state: str, **files: str) -> None:
        """Has a job be in a state, with files of these names in theirs, as if a worker were at
        it."""
        execute(
            self.database,
            f"UPDATE job SET state = '{state}', changed = pg_current_xact_id()::text::bigint "
            f"WHERE id = {job_id}",
            *(
                f"INSERT INTO job_file (job_id, path, state) VALUES ({job_id}, '/{name}', '{of}') "
                "ON CONFLICT (job_id, path) DO UPDATE SET state = excluded.state"
                for name, of in files.items()
            ),
        )


@contextmanager
def board(settings: IngestSettings, folder: Path, **variables: str) -> Iterator[Board]:
    """An empty library that is served."""
    with (
        closing(open_database(settings)) as database,
        serving(settings, API_MEDIA_ROOTS=str(folder), **variables) as server,
    ):
        yield Board(server, database, folder)
