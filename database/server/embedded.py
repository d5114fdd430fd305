"""The embedded PostgreSQL: real servers from a pip wheel, one per home folder.

Servers outlive the commands that start them, so that the next command answers at once;
`python -m database stop` ends them.
"""

import os
import shlex
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from database.errors import DatabaseUnreachable
from database.server.cluster import find_postmaster, pid_lines, prepare_cluster
from database.server.programs import Owner, find_owner, newest_version, run_program
from database.server.sqlstates import translated_errors

if TYPE_CHECKING:  # only who starts or stops a server takes the time to import it
    from fasteners import InterProcessLock

_PROBE = "sceneseek-probe"
_START_S, _STOP_S = 600, 120
"""After a crash a server first does again what it had not written to its tables yet."""
_ANSWER_S = 10
"""What one that says that it is ready may take to answer."""
_PID_LINES = 8
"""Of postmaster.pid, the last of which is the state, once a server is as far as that."""
_LEFT, _LEFT_S = "shared memory block", 60
"""What a server says, and how long, where the one before was killed, and still has a process that
works on a long statement, which ends by itself."""
_POLL_S = 0.1


def data_dir(home: Path) -> Path:
    """Where the embedded server of this home folder keeps its data."""
    return home / "postgres"


def start_embedded(home: Path) -> str:
    """The URL of the running server of `home`, which is started, or made, if it has to be.

    Raises DatabaseUnreachable with what the server says, DatabaseError.
    """
    found = _find_running(home)
    if found is not None and found[1] >= newest_version():
        return found[0]
    _refuse_closed_home(home)
    data = data_dir(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home):
            return _find_current(home) or _start(home)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL in {data} did not start: {_reason(error)}; "
            "free disk space or repair the folder, or set DATABASE_URL to a server"
        ) from error


def running_url(home: Path) -> str | None:
    """The URL of the server of `home` if it is running and answers."""
    found = _find_running(home)
    return None if found is None else found[0]


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
    """Stops the server of `home`; False if none was running. Who starts it again meanwhile waits
    for the end. Raises DatabaseUnreachable."""
    if find_postmaster(data_dir(home)) is None:
        return False
    with _alone(home):
        return _stop(home)


def _alone(home: Path) -> "InterProcessLock":
    """What keeps one process from starting the server while another one starts or stops it."""
    import fasteners

    return fasteners.InterProcessLock(home / "postgres.lock")


def _stop(home: Path) -> bool:
    data = data_dir(home)
    if find_postmaster(data) is None:
        return False
    sockets = "".join(pid_lines(data)[4:5])
    try:
        run_program(
            "pg_ctl", "--wait", f"--timeout={_STOP_S}", "--mode=fast", "stop",
            data=data, owner=find_owner(data),
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL in {data} did not stop: {_reason(error)}; "
            f"try again, or see {data / 'log'}"
        ) from error
    if sockets not in ("", str(data.resolve())):
        with suppress(OSError):
            Path(sockets).rmdir()
    return True


def _find_running(home: Path) -> tuple[str, int] | None:
    """The URL of the server that answers, and its version."""
    data = data_dir(home)
    lines = pid_lines(data)
    # In a copy of a home that was in use, it names the server of the original.
    if len(lines) < _PID_LINES or Path(lines[1]) != data.resolve():
        return None
    url = f"postgresql://postgres:@/postgres?host={quote(lines[4], safe='/')}&port={lines[3]}"
    try:
        with psycopg.connect(url, connect_timeout=5, application_name=_PROBE) as connection:
            connection.execute("SELECT 1")
            return url, connection.info.server_version
    except psycopg.OperationalError:
        return None


def _find_current(home: Path) -> str | None:
    """The URL of the server that runs, or comes up meanwhile. One from before the program was
    upgraded is stopped unless others are at work on it: its own files may be gone."""
    found = _await_running(home)
    if found is None:
        return None
    url, version = found
    with translated_errors("the embedded PostgreSQL"):
        if version >= newest_version() or num_clients(url):
            return url
    _stop(home)
    return None


def _await_running(home: Path) -> tuple[str, int] | None:
    """None once there is no server, starting, running or stopping."""
    data = data_dir(home)
    begun = time.monotonic()
    while (found := _find_running(home)) is None and find_postmaster(data) is not None:
        is_ready = pid_lines(data)[_PID_LINES - 1 :] == ["ready"]
        if time.monotonic() - begun > (_ANSWER_S if is_ready else _START_S):
            raise DatabaseUnreachable(
                f"the embedded PostgreSQL in {data} runs but does not answer: "
                f"{_last_line(data / 'log')}"
            )
        time.sleep(_POLL_S)
    return found


def _start(home: Path) -> str:
    """Raises OSError, and CalledProcessError with what went wrong."""
    data = data_dir(home).resolve()
    owner = find_owner(data)
    prepare_cluster(data, owner)
    _run_server(data, owner)
    found = _find_running(home)
    if found is None:
        raise DatabaseUnreachable(
            f"the embedded PostgreSQL in {data} started but does not answer: "
            f"{_last_line(data / 'log')}"
        )
    _update_pgvector(found[0])
    return found[0]


def _run_server(data: Path, owner: Owner | None) -> None:
    log = data / "log"
    end = time.monotonic() + _LEFT_S
    while True:
        known = log.stat().st_size if log.exists() else 0
        try:
            run_program(
                "pg_ctl", "--wait", f"--timeout={_START_S}", f"--log={log.name}",
                f"--options=-D {shlex.quote(str(data))}", "start",
                data=data, owner=owner,
            )  # fmt: skip
            return
        except subprocess.CalledProcessError as error:
            error.output = _said_since(log, known) or error.output
            if _LEFT not in error.output or time.monotonic() > end:
                raise
        time.sleep(1)


def _update_pgvector(url: str) -> None:
    """The extension as the library knows it, from the version that another wheel had."""
    with (
        translated_errors("the embedded PostgreSQL"),
        psycopg.connect(url, autocommit=True) as connection,
    ):
        row = connection.execute(
            "SELECT string_to_array(extversion, '.')::int[] "
            "< string_to_array(default_version, '.')::int[] "
            "FROM pg_extension JOIN pg_available_extensions ON name = extname "
            "WHERE extname = 'vector'"
        ).fetchone()
        if row == (True,):
            connection.execute("ALTER EXTENSION vector UPDATE")


def _refuse_closed_home(home: Path) -> None:
    """As root the server runs as a user of its own, who must be able to reach its files."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and home.is_relative_to(Path.home()):
        raise DatabaseUnreachable(
            f"{home} lies in the home folder of root, which stays closed to the embedded "
            "PostgreSQL: set SCENESEEK_HOME to a folder elsewhere, or unset it"
        )


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    said = str(error.output).strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return said.splitlines()[-1] if said else str(error)


def _said_since(log: Path, known: int) -> str:
    """Why the server ended: the first line of its log that says FATAL or PANIC, else the last."""
    try:
        lines = log.read_bytes()[known:].decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    return (fatal or lines[-1:] or [""])[0]


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or [""])[-1]
