"""Processes that run beside the server, and end with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api import beside
from api.beside import Beside
from tests.helpers import lasting
from tests.helpers.commands import ROOT
from tests.helpers.waiting import wait_until

MODULE = lasting.__name__
SERVER = f"""
import signal
from api.beside import Beside
children = Beside(["{MODULE}"])
signal.pause()
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the processes say that they begin and end."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv(lasting.LOG, str(path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return path


@pytest.fixture
def running(log: Path) -> Iterator[Beside]:
    children = Beside([MODULE])
    wait_until(lambda: len(said(log)) == 1)
    yield children
    children.end()
    children.wait()


def said(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()]


def test_a_process_beside_gives_way_to_the_server_and_ends_with_it(
    running: Beside, log: Path
) -> None:
    ((begun, pid, niceness),) = said(log)
    assert begun == "begun"
    assert int(niceness) >= os.nice(0) + 10
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        assert group.read_text().split()[-2:] == ["nice", "10"]
    running.end()
    running.wait()
    assert said(log)[1:] == [["ended", pid, niceness]]
    assert not psutil.pid_exists(int(pid))


def test_a_process_beside_that_is_killed_is_started_again_and_later_each_time(
    log: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(beside, "_FIRST_PAUSE_S", 0.1)
    children = Beside([MODULE])
    try:
        for number in (1, 2, 3):
            wait_until(lambda: len(said(log)) == number)  # noqa: B023
            os.kill(int(said(log)[-1][1]), signal.SIGKILL)
        wait_until(lambda: len(said(log)) == 4)
    finally:
        children.end()
        children.wait()
    assert len({pid for _, pid, _ in said(log)}) == 4
    shown = capfd.readouterr()
    for pause_s in ("0.1", "0.2", "0.4"):
        assert f"again_in_s={pause_s}" in shown.out + shown.err


def test_nothing_is_started_again_once_the_server_ends(running: Beside, log: Path) -> None:
    running.end()
    running.wait()
    running.end()
    assert [word for word, _, _ in said(log)] == ["begun", "ended"]


def test_a_process_beside_a_server_that_is_killed_ends_too(log: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER])
    wait_until(lambda: len(said(log)) == 1)
    server.kill()
    server.wait()
    wait_until(lambda: len(said(log)) == 2)
    pid = int(said(log)[0][1])
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")


def test_what_does_not_end_in_time_is_killed(
    log: Path, running: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "GRACE_S", 0.2)
    pid = int(said(log)[0][1])
    os.kill(pid, signal.SIGSTOP)
    running.end()
    running.wait()
    assert not psutil.pid_exists(pid)
