"""A worker's bench, with the encoders of the session."""

import pytest

from database.jobs.jobs import Jobs
from database.server.connection import Database
from embeddings.loaded import Encoders
from ingest import pipeline
from ingest.settings import IngestSettings
from ingest.work.bench import Bench


@pytest.fixture
def bench(
    database: Database,
    settings: IngestSettings,
    encoders: Encoders,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setattr(pipeline, "Encoders", lambda _runtime: encoders)
    return Bench(database, settings)


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)
