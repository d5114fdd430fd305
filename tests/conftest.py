"""Real servers, real models, real files: what the tests share."""

import atexit
import os
import re
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

KEPT_VARIABLES = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|VIRTUAL_ENV|LD_LIBRARY_PATH|DYLD_.*|SYSTEMROOT"
    r"|OPENBLAS_.*|OMP_.*|PYTEST_.*|COV_.*"
)
"""What says where programs and folders are. Nothing else of the environment reaches the tests."""
for _name in [name for name in os.environ if not KEPT_VARIABLES.fullmatch(name)]:
    del os.environ[_name]
os.environ |= {"LANG": "C.UTF-8", "TZ": "UTC"}
time.tzset()

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database.migrate import upgrade_schema
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import start_embedded, stop_embedded
from database.settings import DatabaseSettings
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from ingest.settings import IngestSettings
from tests.helpers.commands import ROOT, TOUR, outcomes, run_command
from tests.helpers.fixtures import Ingested, NewSettings


@pytest.fixture(scope="session")
def home() -> Path:
    """The SCENESEEK_HOME of the session, where the user of the embedded server can reach it."""
    folder = Path(tempfile.mkdtemp(prefix="sceneseek-tests-"))
    # The server's wheel still writes here when the process ends.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[str]:
    """The URL of a running embedded PostgreSQL."""
    url = start_embedded(home)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    stop_embedded(home)


@pytest.fixture(scope="session")
def models(home: Path) -> Path:
    """The folder of the models made ready for use, shared by all homes of the session."""
    folder = home / "models"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def encoders(models: Path) -> Encoders:
    """The encoders, loaded once."""
    return Encoders(Runtime(models, num_threads=2))


@pytest.fixture(scope="session")
def new_settings(server: str, models: Path) -> NewSettings:
    """`new_settings(home)` is a context: settings with a home and an empty, migrated database of
    their own, which is dropped at the end."""
    template = "sceneseek_template"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {template}")
    fresh = DatabaseSettings(database_url=_url_of(server, template))
    made = open_database(fresh, require_schema=False)
    upgrade_schema(made.engine)
    made.close()

    @contextmanager
    def clone(folder: Path) -> Iterator[IngestSettings]:
        name = f"test_{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        (folder / "models").symlink_to(models)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            yield IngestSettings(sceneseek_home=folder, database_url=_url_of(server, name))
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return clone


@pytest.fixture
def settings(new_settings: NewSettings, tmp_path: Path) -> Iterator[IngestSettings]:
    """DatabaseSettings with a home and an empty, migrated database of the test's own."""
    with new_settings(tmp_path / "home") as made:
        yield made


@pytest.fixture
def database(settings: DatabaseSettings) -> Iterator[Database]:
    """The database of `settings`, open."""
    opened = open_database(settings)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    """The write side of `database`."""
    return Store(database)


@pytest.fixture(scope="session")
def ingested(new_settings: NewSettings, home: Path) -> Iterator[Ingested]:
    """sample/tour.mp4, ingested by the command."""
    with new_settings(home / "ingested") as settings:
        done = run_command("ingest", TOUR, "--json", settings=settings)
        assert done.returncode == 0, done.stderr
        database = open_database(settings)
        yield Ingested(settings, database, outcomes(done)[TOUR.name])
        database.close()


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The shared test data; tests that need it are skipped where it is not."""
    folder = ROOT.parent / "shared" / "data" / "dev"
    if not folder.is_dir():
        pytest.skip("the shared test data is not on this machine")
    return folder


def _url_of(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
