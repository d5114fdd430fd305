"""Real servers, real models, real files: what the tests share."""

import contextlib
import json
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

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from fasteners import InterProcessLock

KEPT_VARIABLES = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|VIRTUAL_ENV|LD_LIBRARY_PATH|DYLD_.*|SYSTEMROOT"
    r"|OPENBLAS_.*|OMP_.*|PYTEST_.*|COV_.*|CI"
)
"""What says where programs and folders are, and whether tests that need a browser may be skipped.
Nothing else of the environment reaches the tests."""
for _name in [name for name in os.environ if not KEPT_VARIABLES.fullmatch(name)]:
    del os.environ[_name]
_ROOT = str(Path(__file__).resolve().parent.parent)
os.environ |= {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONPATH": _ROOT}
time.tzset()
sys.path.insert(0, _ROOT)

from database.migrate import upgrade_schema
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import start_embedded, stop_embedded
from database.settings import DatabaseSettings
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from ingest.settings import IngestSettings
from tests.helpers.commands import ROOT, TOUR, outcomes, run_command
from tests.helpers.failures import FailuresAtOnce
from tests.helpers.fixtures import Ingested, NewSettings

TEMPLATE = "sceneseek_template"
LONGEST = (
    "tests/ingest/test_backfill.py",
    "tests/search/test_query_forms.py",
)
"""Files of tests, the longest first. A worker runs whole files: none is left with these at the end,
and where the tiny models have to be trained first, all others that want them come long after."""
RUN_HOME = "PYTEST_SCENESEEK_HOME"
"""The variable that tells workers, and runs of pytest inside a test, which folder is theirs, too:
they share its server and all that is made once. It belongs to the process that has made it."""
_MADE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder of the run where the user of the embedded server can reach it."""
    if RUN_HOME not in os.environ:
        config.stash[_MADE] = Path(tempfile.mkdtemp(prefix="sceneseek-tests-"))
        os.environ[RUN_HOME] = str(config.stash[_MADE])
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """By now every worker has ended."""
    if _MADE in config.stash:
        stop_embedded(config.stash[_MADE])
        shutil.rmtree(config.stash[_MADE], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """LONGEST first, all else as it was."""

    def place(item: pytest.Item) -> int:
        name = item.nodeid.partition("::")[0]
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def home() -> Path:
    """The SCENESEEK_HOME of the run."""
    return Path(os.environ[RUN_HOME])


@pytest.fixture(scope="session", autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A working directory without the `.env` that a person may have in the repository's."""
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        yield


@pytest.fixture(scope="session")
def server(home: Path) -> str:
    """The URL of a running embedded PostgreSQL."""
    with InterProcessLock(home / "server.lock"):
        url = start_embedded(home)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
    return url


@pytest.fixture(scope="session")
def models(home: Path) -> Path:
    """The folder of the models made ready for use, shared by all homes of the run."""
    folder = home / "models"
    folder.mkdir(exist_ok=True)
    if "PYTEST_XDIST_WORKER" in os.environ:
        with InterProcessLock(home / "models.lock"):  # or each worker would make them
            made = Encoders(Runtime(folder))
            made.encode_query(SPACES["minilm-l6"], "anything")
            made.encode_items(SPACES["imagenet-concepts"], [np.zeros((8, 8, 3), np.uint8)])
    return folder


@pytest.fixture(scope="session")
def encoders(models: Path) -> Encoders:
    """The encoders, loaded once."""
    return Encoders(Runtime(models))


@pytest.fixture(scope="session")
def template(server: str, home: Path) -> str:
    """The name of an empty, migrated database, to be copied."""
    with InterProcessLock(home / "template.lock"):
        if _create_database(server, TEMPLATE):
            fresh = DatabaseSettings(database_url=_url_of(server, TEMPLATE))
            with contextlib.closing(open_database(fresh, require_schema=False)) as made:
                upgrade_schema(made)
    return TEMPLATE


@pytest.fixture(scope="session")
def new_settings(server: str, template: str, models: Path) -> NewSettings:
    """`new_settings(home)` is a context: settings with a home and an empty, migrated database of
    their own, which is dropped at the end."""

    @contextmanager
    def clone(folder: Path) -> Iterator[IngestSettings]:
        name = f"test_{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            (folder / "models").symlink_to(models)
            _create_database(server, name, template)
            yield IngestSettings(sceneseek_home=folder, database_url=_url_of(server, name))
        finally:
            shutil.rmtree(
                folder, ignore_errors=True
            )  # so that a fixture that failed can be made again
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

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
def ingested(server: str, template: str, models: Path, home: Path) -> Iterator[Ingested]:
    """sample/tour.mp4, ingested by the command; one library for all workers."""
    folder, outcome = home / "ingested", home / "ingested.json"
    settings = IngestSettings(
        sceneseek_home=folder, database_url=_url_of(server, "sceneseek_ingested")
    )
    with InterProcessLock(home / "ingested.lock"):
        if not outcome.exists():
            if _create_database(server, "sceneseek_ingested", template):  # not made in part before
                folder.mkdir()
                (folder / "models").symlink_to(models)
            done = run_command("ingest", TOUR, "--json", settings=settings)
            assert done.returncode == 0, done.stderr
            outcome.write_text(json.dumps(outcomes(done)[TOUR.name]))
    with contextlib.closing(open_database(settings)) as database:
        yield Ingested(settings, database, json.loads(outcome.read_text()))


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The shared test data; tests that need it are skipped where it is not."""
    folder = ROOT.parent / "shared" / "data" / "dev"
    if not folder.is_dir():
        pytest.skip("the shared test data is not on this machine")
    return folder


def _create_database(server: str, name: str, template: str = "template1") -> bool:
    """Whether it had to be made."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return True


def _url_of(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
