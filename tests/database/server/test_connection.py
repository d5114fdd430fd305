"""Which database is in use is always told; one that does not serve is a sentence, no fallback."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnreachable, SchemaMismatch
from database.opening import open_database
from database.server.connection import Database
from database.server.embedded import data_dir, running_url, start_embedded
from database.settings import DatabaseSettings
from tests.helpers.commands import run_command


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_an_unreachable_server_is_named_without_its_password(closed_port: int) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{closed_port}/films"
    with pytest.raises(DatabaseUnreachable) as raised:
        open_database(DatabaseSettings(database_url=url))
    message = str(raised.value)
    assert f"127.0.0.1:{closed_port}/films does not answer" in message
    assert "start it, or correct DATABASE_URL" in message
    assert "hunter2" not in message
    assert "\n" not in message


@pytest.mark.parametrize("url", ["films", "postgresql://me:hunter2@host:port/films", "://"])
def test_what_is_no_url_is_refused_with_an_example_and_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="postgresql://user:password@host") as raised:
        open_database(DatabaseSettings(database_url=url))
    assert "hunter2" not in str(raised.value)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(DatabaseUnreachable, match="names sqlite; sceneseek needs PostgreSQL"):
        open_database(DatabaseSettings(database_url="sqlite:///films.db"))


def test_a_database_that_does_not_exist_is_named(settings: DatabaseSettings) -> None:
    assert settings.database_url is not None
    url = sa.make_url(settings.database_url).set(database="nowhere")
    with pytest.raises(DatabaseUnreachable, match='"nowhere" does not exist'):
        open_database(DatabaseSettings(database_url=url.render_as_string(hide_password=False)))


def test_a_database_without_a_schema_is_refused_with_the_command_to_run(server: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"has schema none.*python -m database upgrade"):
        open_database(DatabaseSettings(database_url=server))


def test_a_database_of_a_newer_version_is_refused(
    settings: DatabaseSettings, database: Database
) -> None:
    with database.session() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match=r"schema 9999.*upgrade sceneseek"):
        open_database(settings)
    done = run_command("database", "upgrade", settings=settings)
    assert done.returncode == 1
    assert "upgrade sceneseek" in done.stderr


def test_a_server_that_comes_back_is_used_again_without_a_new_start(
    server: str, database: Database
) -> None:
    with database.session() as session:
        process_id = session.scalar(sa.text("SELECT pg_backend_pid()"))
        name = session.scalar(sa.text("SELECT current_database()"))
    with psycopg.connect(server) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (process_id,))
    with database.session() as session:
        assert session.scalar(sa.text("SELECT current_database()")) == name


def test_all_that_is_read_together_is_read_on_one_connection_that_goes_back(
    database: Database,
) -> None:
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    with database.reading() as outer:
        with pytest.raises(sa.exc.ProgrammingError), database.reading() as inner:
            inner.execute(sa.text("SELECT no_such_column"))
        with database.reading() as inner:
            assert inner is outer
            assert inner.scalar(sa.text("SELECT 1")) == 1
        assert pool.checkedout() == 1
    assert pool.checkedout() == 0
    with database.reading() as alone:
        assert alone is not outer


def test_the_status_says_which_database_it_is_and_what_it_holds(settings: DatabaseSettings) -> None:
    done = run_command("database", "status", "--json", settings=settings)
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["rows"] == {"video": 0, "scene": 0, "moment": 0, "embedding": 0}
    assert status["database"].startswith("postgresql://")
    assert status["embedded"] is False


def test_a_server_that_is_not_ours_is_never_stopped(settings: DatabaseSettings) -> None:
    done = run_command("database", "stop", settings=settings)
    assert done.returncode == 2
    assert "not ours to stop" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to the server")
def test_an_embedded_server_is_never_put_into_the_home_of_root() -> None:
    home = Path.home() / "sceneseek-test"
    with pytest.raises(DatabaseUnreachable, match="set SCENESEEK_HOME to a folder elsewhere"):
        start_embedded(home)
    assert not home.exists()


def test_an_embedded_server_that_was_killed_starts_again(home: Path) -> None:
    own = DatabaseSettings(sceneseek_home=home / "killed")
    own.home.mkdir()
    first = run_command("database", "status", "--json", settings=own)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["embedded"] is True
    postmaster = psutil.Process(int((data_dir(own.home) / "postmaster.pid").read_text().split()[0]))
    postmaster.send_signal(signal.SIGKILL)
    postmaster.wait(10)
    assert running_url(own.home) is None
    again = run_command("database", "status", "--json", settings=own)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    url = running_url(own.home)
    assert url is not None
    with psycopg.connect(url) as other:
        stopped = run_command("database", "stop", settings=own)
        assert stopped.stdout == "stopped\n"
        assert "1 connection of another program was cut" in stopped.stderr
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
    assert running_url(own.home) is None
    assert run_command("database", "stop", settings=own).stdout == "was not running\n"
