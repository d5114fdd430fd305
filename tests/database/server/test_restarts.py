"""The embedded server, killed or stopped while it is in use, is started by whoever needs it."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnreachable
from database.opening import open_database
from database.server import restarts
from database.server.cluster import find_postmaster
from database.server.connection import Database
from database.server.embedded import data_dir, running_url, start_embedded, stop_embedded
from database.settings import DatabaseSettings


@pytest.fixture(scope="module")
def own(home: Path) -> Iterator[tuple[Path, Database]]:
    """A home with a server of its own, and its database."""
    folder = home / "restarts"
    with closing(open_database(DatabaseSettings(sceneseek_home=folder))) as database:
        yield folder, database
    stop_embedded(folder)


def kill(home: Path) -> None:
    pid = find_postmaster(data_dir(home))
    assert pid is not None
    killed = psutil.Process(pid)
    killed.kill()
    killed.wait(10)


def answer(database: Database) -> int:
    with database.session() as session:
        return int(session.scalar(sa.text("SELECT 7")) or 0)


@pytest.mark.parametrize("end", [kill, stop_embedded])
def test_a_server_that_is_gone_is_started_by_the_next_who_asks(
    own: tuple[Path, Database], end: Callable[[Path], object]
) -> None:
    home, database = own
    assert answer(database) == 7
    end(home)
    assert running_url(home) is None
    assert answer(database) == 7
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT 7")) == 7


def test_many_who_ask_at_once_wait_for_one_start(
    own: tuple[Path, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, database = own
    starts: list[Path] = []

    def start(asked: Path) -> str:
        starts.append(asked)
        return start_embedded(asked)

    monkeypatch.setattr(restarts, "start_embedded", start)
    kill(home)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(answer(database))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [7] * 8
    assert len(starts) <= 2, "one who asks just after the start may look again"


def test_a_long_start_is_waited_for_no_longer_than_a_person_waits(
    own: tuple[Path, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, database = own
    may_start = threading.Event()

    def start(asked: Path) -> str:
        may_start.wait(10)
        return start_embedded(asked)

    monkeypatch.setattr(restarts, "PATIENCE_S", 0.1)
    monkeypatch.setattr(restarts, "start_embedded", start)
    kill(home)
    for _ in range(2):
        with pytest.raises(DatabaseUnreachable, match=r"being started again: try again"):
            answer(database)
    monkeypatch.setattr(restarts, "PATIENCE_S", 10)
    may_start.set()
    assert answer(database) == 7


def test_a_start_that_failed_is_tried_again_after_a_while_and_says_why_until_then(
    own: tuple[Path, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, database = own
    settings = data_dir(home) / "postgresql.auto.conf"
    before = settings.read_text()
    stop_embedded(home)
    settings.write_text("shared_buffers = 'much'\n")
    try:
        with pytest.raises(DatabaseUnreachable, match=r"did not start: .*FATAL: "):
            answer(database)
    finally:
        settings.write_text(before)
    with pytest.raises(DatabaseUnreachable, match=r"did not start: .*FATAL: "):
        answer(database)
    monkeypatch.setattr(restarts, "AGAIN_S", 0)
    assert answer(database) == 7


def test_a_library_whose_folder_is_gone_is_not_replaced_by_an_empty_one(home: Path) -> None:
    folder = home / "gone"
    with closing(open_database(DatabaseSettings(sceneseek_home=folder))) as database:
        stop_embedded(folder)
        shutil.rmtree(folder)
        with pytest.raises(DatabaseUnreachable, match=r"is gone, with the library in it"):
            answer(database)
        assert not folder.exists()


def test_what_a_server_that_was_killed_left_behind_names_nobody_who_is_at_work(
    own: tuple[Path, Database],
) -> None:
    home, database = own
    assert answer(database) == 7
    kill(home)
    with subprocess.Popen(["sleep", "60"], **as_owner(data_dir(home))) as stranger:
        for lock in (data_dir(home) / "postmaster.pid", data_dir(home) / ".s.PGSQL.5432.lock"):
            _, *rest = lock.read_text().splitlines()
            lock.write_text("\n".join([str(stranger.pid), *rest, ""]))
        try:
            assert answer(database) == 7
        finally:
            stranger.kill()


def as_owner(path: Path) -> dict[str, Any]:
    """The user whom the server runs as: it takes no other user's process for a server."""
    status = path.stat()
    return {"user": status.st_uid, "group": status.st_gid} if os.geteuid() == 0 else {}


@pytest.mark.parametrize("error", [psutil.AccessDenied(1), psutil.TimeoutExpired(10, 1)])
def test_a_server_of_before_that_cannot_be_ended_is_told(
    home: Path, error: psutil.Error, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "leftover"

    class Leftover:
        pid = 4711

        def __init__(self) -> None:
            self.info = {"name": "postgres", "cmdline": ["postgres", "-D", str(data_dir(folder))]}

        def kill(self) -> None:
            raise error

    monkeypatch.setattr(psutil, "process_iter", lambda _attributes: [Leftover()])
    with pytest.raises(DatabaseUnreachable, match=r"process 4711\) works in .*: end it"):
        start_embedded(folder)
    assert find_postmaster(data_dir(folder)) is None
