"""A worker's bench, with the encoders of the session; servers that fail, and machines that have
them as their database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from database.jobs.jobs import Jobs
from database.server.connection import Database
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest import pipeline
from ingest.library.embed import prove
from ingest.settings import IngestSettings
from ingest.work.bench import Bench
from tests.helpers.replicated import NewMachine, Server, new_server, standby_of, url_of


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


@pytest.fixture
def servers(home: Path) -> Iterator[tuple[Server, Server]]:
    """A primary, and a standby that has all that was committed."""
    with (
        new_server(home, "synchronous_standby_names=*") as primary,
        standby_of(primary) as standby,
    ):
        yield primary, standby


@pytest.fixture
def new_machine(
    servers: tuple[Server, Server], models: Path, encoders: Encoders, tmp_path: Path
) -> NewMachine:
    """Makes a home of that name, whose models are ready and whose database is both servers."""
    prove(encoders, PROFILES["bundled"].spaces)  # so that the models are made ready

    def make(name: str, **variables: Any) -> IngestSettings:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "models").symlink_to(models)
        return IngestSettings(
            sceneseek_home=folder,
            database_url=url_of(*servers),
            database_read_urls=servers[1].url,
            **variables,
        )

    return make
