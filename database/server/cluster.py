"""The data folder of the embedded server: made, given its settings, and who is at work in it."""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from database.server.programs import Owner, give, let_pass, run_program

_SETTINGS_FILE = "sceneseek.conf"
_PART_OF_MEMORY, _LEAST_MB, _MOST_MB = 8, 128, 4096
"""PostgreSQL's own cache, which a search of a large library is a quarter faster with."""
_LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
"""The environment's may be one that is not installed, or C, which knows no letters but those of
ASCII; and an upgrade of the system may sort another anew, and so part an index from its table."""
_PORT = 5432
"""Part of the name of a socket; nothing listens on the network."""
_SOCKET = f".s.PGSQL.{_PORT}"
_SOCKET_BYTES = 103
"""The longest address of a socket on any system: macOS's."""
_END_S = 10


def prepare_cluster(data: Path, owner: Owner | None) -> None:
    """The data folder as a server needs it to start, where none runs; one that is not there is
    made. Raises OSError, CalledProcessError."""
    let_pass(owner, data)
    if (data / "PG_VERSION").exists():
        give(data, owner)
    else:
        _make_cluster(data, owner)
    sockets = _socket_folder(data, owner)
    _write_settings(data, sockets, owner)
    # Of a server that was killed: its id may be a stranger's by now, or that of a process which
    # nobody has buried yet, and the next server would take it for one at work.
    for lock in (data / "postmaster.pid", sockets / f"{_SOCKET}.lock"):
        lock.unlink(missing_ok=True)


def find_postmaster(data: Path) -> int | None:
    """The process id of the server that runs in `data`, however far it has come."""
    import psutil

    try:
        pid = int(pid_lines(data)[0])
        process = psutil.Process(pid)
        # After a crash the id may be a stranger's, even another server's, or a zombie's.
        runs = process.status() != psutil.STATUS_ZOMBIE and process.name() == "postgres"
        return pid if runs and str(data.resolve()) in process.cmdline() else None
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError, IndexError):
        return None


def pid_lines(data: Path) -> list[str]:
    """postmaster.pid: process id, data folder, start time, port, socket folder, address, memory,
    state; the last ones come while the server starts."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _make_cluster(data: Path, owner: Owner | None) -> None:
    """Beside its place first: half of one, left by a command that was killed, is never taken for
    a whole one."""
    made = data.with_name(f"{data.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    give(made, owner)
    run_program(
        "initdb", "--username=postgres", "--encoding=UTF8", f"--locale={_LOCALE}",
        "--auth=trust",  # the folder is closed to all other users
        data=made, owner=owner,
    )  # fmt: skip
    _end_leftover(data)
    made.rename(data)


def _end_leftover(data: Path) -> None:
    """A server whose folder was removed under it lives on for a minute, and would then take the
    socket of the new one with it. Raises OSError for one that cannot be ended."""
    import psutil

    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and str(data) in (process.info["cmdline"] or ()):
            try:
                process.kill()
                process.wait(_END_S)
            except psutil.NoSuchProcess:
                continue
            except (psutil.AccessDenied, psutil.TimeoutExpired) as error:
                raise OSError(
                    f"a PostgreSQL of before (process {process.pid}) works in {data} and could not "
                    "be ended: end it"
                ) from error


def _write_settings(data: Path, sockets: Path, owner: Owner | None) -> None:
    import psutil

    buffers = psutil.virtual_memory().total // _PART_OF_MEMORY
    megabytes = min(max(buffers // 2**20, _LEAST_MB), _MOST_MB)
    quoted = str(sockets).replace("\\", "\\\\").replace("'", "''")
    settings = data / _SETTINGS_FILE
    settings.write_text(
        f"shared_buffers = {megabytes}MB\nrandom_page_cost = 1.1\nlisten_addresses = ''\n"
        f"port = {_PORT}\nunix_socket_directories = '\"{quoted}\"'\n",
        encoding="utf-8",
    )
    if owner is not None:
        os.chown(settings, owner.uid, owner.gid)
    main = data / "postgresql.conf"
    include = f"include_if_exists '{_SETTINGS_FILE}'\n"
    text = main.read_text(encoding="utf-8")
    if include not in text:
        main.write_text(f"{text}\n{include}", encoding="utf-8")


def _socket_folder(data: Path, owner: Owner | None) -> Path:
    """The data folder, unless its path cannot be the address of a socket: it is too long, or has a
    comma or quote, which part several addresses."""
    address = os.fsencode(data / _SOCKET)
    if len(address) <= _SOCKET_BYTES and not {",", '"'} & set(str(data)):
        return data
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"sceneseek-{name}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if owner is not None and status.st_uid == 0:
        os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
    elif status.st_uid != (os.geteuid() if owner is None else owner.uid) or not stat.S_ISDIR(
        status.st_mode
    ):
        raise PermissionError(f"{folder} is another user's: remove it")
    return folder
