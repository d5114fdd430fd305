"""The embedded server starts where it can be reached, again after a crash, and stops when told; a
library of an older one, or of another user, opens."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnreachable
from database.opening import open_database
from database.server import embedded
from database.server.cluster import find_postmaster
from database.server.embedded import (
    data_dir,
    num_clients,
    running_url,
    start_embedded,
    stop_embedded,
)
from database.settings import DatabaseSettings
from tests.helpers.commands import run_command, start_command

STRANGER = 54_321
"""A user of whom this machine has no name."""


@pytest.fixture(scope="module")
def own(home: Path) -> Iterator[Path]:
    """A home with a server that is stopped, and a table `kept` with the row 7."""
    folder = home / "own server"
    with psycopg.connect(start_embedded(folder)) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE kept AS SELECT 7 AS row")
    stop_embedded(folder)
    yield folder
    stop_embedded(folder)


@pytest.fixture
def stopped(own: Path) -> Path:
    stop_embedded(own)
    return own


def kept(home: Path) -> int:
    with psycopg.connect(start_embedded(home)) as connection:
        row = connection.execute("SELECT row FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def postmaster(home: Path) -> psutil.Process:
    pid = find_postmaster(data_dir(home))
    assert pid is not None
    return psutil.Process(pid)


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
    killed = postmaster(own.home)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
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


def test_a_server_that_was_killed_at_work_starts_again(stopped: Path) -> None:
    url = start_embedded(stopped)

    def work() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            connection.execute("SELECT count(*) FROM generate_series(1, 1e7) AS n")

    worker = Thread(target=work)
    worker.start()
    while not num_clients(url):
        time.sleep(0.005)
    killed = postmaster(stopped)
    killed.kill()
    killed.wait(10)
    assert kept(stopped) == 7
    worker.join()


def test_a_start_that_was_cut_short_is_gone_on_with(stopped: Path) -> None:
    kept(stopped)
    killed = postmaster(stopped)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    settings = DatabaseSettings(sceneseek_home=stopped)
    with start_command("database", "status", settings=settings) as command:
        while find_postmaster(data_dir(stopped)) is None:
            time.sleep(0.005)
        command.kill()
    assert kept(stopped) == 7


def test_the_server_that_a_copy_of_a_home_names_is_not_taken_for_its_own(
    stopped: Path, server: str
) -> None:
    with psycopg.connect(server) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    (data_dir(stopped) / "postmaster.pid").write_text(row[0])
    assert kept(stopped) == 7


def test_commands_that_start_at_once_make_one_server(home: Path) -> None:
    settings = [DatabaseSettings(sceneseek_home=home / name) for name in ("both", "both", "third")]
    for each in settings:
        each.home.mkdir(exist_ok=True)
    commands = [start_command("database", "status", settings=each) for each in settings]
    said = [command.communicate(timeout=60) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], said
    assert stop_embedded(home / "both")
    assert stop_embedded(home / "third")


@pytest.mark.parametrize("name", ['it\'s 100% "mine", $HOME & `id` 日本', "long" * 30])
def test_a_home_may_have_any_name(home: Path, name: str) -> None:
    url = start_embedded(home / name)
    assert running_url(home / name) == url
    database = open_database(DatabaseSettings(sceneseek_home=home / name))
    database.close()
    folder = sa.make_url(url).query["host"]
    assert isinstance(folder, str)
    sockets = Path(folder)
    assert any(sockets.iterdir())
    assert stop_embedded(home / name)
    assert sockets == data_dir(home / name) or not sockets.exists()


def test_half_a_library_of_a_command_that_was_killed_is_made_anew(home: Path) -> None:
    half = data_dir(home / "half").with_name("postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    start_embedded(home / "half")
    assert not half.exists()
    assert stop_embedded(home / "half")


def test_a_library_that_was_deleted_while_its_server_ran_is_made_anew(home: Path) -> None:
    start_embedded(home / "deleted")
    old = postmaster(home / "deleted")
    shutil.rmtree(home / "deleted")
    url = start_embedded(home / "deleted")
    old.wait(10)
    assert running_url(home / "deleted") == url
    assert stop_embedded(home / "deleted")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
@pytest.mark.parametrize("user", [STRANGER, 0])
@pytest.mark.parametrize("has_folder", [True, False], ids=["folder too", "folder not"])
def test_a_library_whose_server_ran_as_another_user_opens(
    stopped: Path, user: int, has_folder: bool
) -> None:
    data = data_dir(stopped)
    before = data.stat()
    for path in (*data.rglob("*"), *[data][: int(has_folder)]):
        os.chown(path, user, user)
    try:
        assert kept(stopped) == 7
        runs_as = postmaster(stopped).uids().real
        assert runs_as != 0
        assert runs_as == (user or before.st_uid)
        assert stop_embedded(stopped)
    finally:
        for path in (data, *data.rglob("*")):
            os.chown(path, before.st_uid, before.st_gid)


def test_pgvector_of_a_library_that_an_older_server_made_is_updated(stopped: Path) -> None:
    with psycopg.connect(start_embedded(stopped)) as connection:
        query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        newest = connection.execute(query).fetchone()
        connection.execute("UPDATE pg_extension SET extversion = '0.8.5' WHERE extname = 'vector'")
    stop_embedded(stopped)
    with psycopg.connect(start_embedded(stopped)) as connection:
        assert connection.execute(query).fetchone() == newest


def test_a_server_from_before_an_upgrade_gives_way_once_nobody_is_at_work_on_it(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = start_embedded(stopped)
    old = postmaster(stopped)
    monkeypatch.setattr(embedded, "newest_version", lambda: 990_000)
    with psycopg.connect(url) as connection:
        assert start_embedded(stopped) == url
        assert connection.execute("SELECT row FROM kept").fetchone() == (7,)
    assert kept(stopped) == 7
    assert postmaster(stopped) != old


def test_what_keeps_a_server_from_starting_is_told(stopped: Path) -> None:
    settings = data_dir(stopped) / "postgresql.auto.conf"
    settings.write_text("shared_buffers = 'much'\n")
    try:
        with pytest.raises(DatabaseUnreachable, match=r"did not start: .*FATAL:  .*errors; free"):
            start_embedded(stopped)
    finally:
        settings.write_text("")


def test_the_environments_language_is_not_the_librarys(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = home / "locale"
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")  # that of another machine, by ssh
    with psycopg.connect(start_embedded(own)) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        row = connection.execute("SELECT lower('ÄÉ'), similarity('東京', '東京')").fetchone()
    assert row == ("äé", 1)
    stop_embedded(own)
    shutil.rmtree(own)


def test_parts_of_words_can_be_looked_up_in_a_library_of_the_embedded_server(home: Path) -> None:
    database = open_database(DatabaseSettings(sceneseek_home=home / "parts"))
    assert database.has_trigrams
    database.close()
    assert stop_embedded(home / "parts")
