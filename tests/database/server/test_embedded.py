"""The embedded server starts where it can be reached, again after a crash, and stops when told."""

import json
import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest

from database.errors import DatabaseUnreachable
from database.server.embedded import data_dir, running_url, start_embedded
from database.settings import DatabaseSettings
from tests.helpers.commands import run_command


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
