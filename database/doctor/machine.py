"""What the machine has: Python, disk, memory, a free port, open files."""

import contextlib
import os
import shutil
import socket
import sys
from pathlib import Path

from database.doctor.findings import Finding, fault, note, ok

OLDEST_PYTHON = (3, 11)
API_PORT = 8000
"""Of python -m api, unless told otherwise."""
_GIB = 2**30
_LEAST_FREE, _LOW_FREE = 1 * _GIB, 10 * _GIB
_LEAST_FILES, _LOW_FILES = 1_000, 100_000
"""Files that a disk may yet hold: every keyframe is one."""
_LOW_MEMORY = 4 * _GIB
_LOW_OPEN_FILES = 1024
_UNLIMITED = 2**60
"""Version 1 of control groups writes a number above this for no limit."""
_CGROUP = Path("/sys/fs/cgroup")


def python(version: tuple[int, ...] = sys.version_info[:3], largest: int = sys.maxsize) -> Finding:
    """The version, and whether addresses have 64 bits; `largest` is `sys.maxsize`."""
    bits = 64 if largest > 2**32 else 32
    found = f"{'.'.join(map(str, version))}, {bits} bit"
    if version >= OLDEST_PYTHON and bits == 64:
        return ok(found)
    needed = ".".join(map(str, OLDEST_PYTHON))
    return fault(
        f"{found}, and Python {needed} or newer with 64 bits is needed",
        f"install that, then: make clean, and make demo PYTHON=python{needed}",
    )


def disk(home: Path) -> Finding:
    """The room where the home folder lies, or would lie."""
    folder = home
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return fault(
            f"{folder} is no folder that this user may write to",
            "see to its owner and mode, or set SCENESEEK_HOME to another folder",
        )
    return judge_disk(folder, shutil.disk_usage(folder).free, _free_files(folder))


def judge_disk(folder: Path, free_bytes: int, free_files: int | None) -> Finding:
    """The same by its numbers; `free_files` is None where a file system has no limit."""
    found = f"{free_bytes / _GIB:,.1f} GiB free at {folder}"
    if free_files is not None:
        found += f", for {free_files:,} more files"
    remedy = "free space there, or set SCENESEEK_HOME to a folder on another disk"
    files = _LOW_FILES if free_files is None else free_files
    if free_bytes < _LEAST_FREE or files < _LEAST_FILES:
        return fault(found, remedy)
    if free_bytes < _LOW_FREE or files < _LOW_FILES:
        return note(f"{found}: little for many videos", remedy)
    return ok(found)


def memory(cgroup: Path = _CGROUP) -> Finding:
    """What is available, of the machine and of the container, where that has a limit."""
    import psutil

    own = psutil.virtual_memory()
    total, available, where = own.total, own.available, ""
    limit, used = _container_memory(cgroup)
    if limit is not None and limit < total:
        total, available, where = limit, min(available, max(0, limit - used)), " of this container"
    found = f"{available / _GIB:,.1f} of {total / _GIB:,.1f} GiB{where} available"
    if available < _LOW_MEMORY:
        return note(
            f"{found}: little for larger models, or for many files at once",
            "end other programs, or ingest with --jobs 1",
        )
    return ok(found)


def port(wanted: int = API_PORT) -> Finding:
    """Whether python -m api may listen where it does by default."""
    try:
        socket.create_server(("127.0.0.1", wanted)).close()
    except OSError as error:
        holder = _holder(wanted)
        reason = f"is in use by {holder}" if holder else f"cannot be had ({error.strerror})"
        return note(
            f"127.0.0.1:{wanted} {reason}",
            "if that is not the API of sceneseek: python -m api --port ANOTHER",
        )
    return ok(f"127.0.0.1:{wanted} is free for python -m api")


def limits() -> Finding:
    """How many files a process may hold open."""
    try:
        import resource
    except ImportError:
        return ok("this system has no limit of open files")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return ok("any number of files may be open")
    found = f"{soft:,} files may be open at once"
    if soft < _LOW_OPEN_FILES:
        highest = "unlimited" if hard == resource.RLIM_INFINITY else f"{hard:,}"
        return note(
            f"{found} (at most {highest}): too few for an API with many clients",
            f"ulimit -n {_LOW_OPEN_FILES} in the shell that starts it",
        )
    return ok(found)


def _free_files(folder: Path) -> int | None:
    """Of this user; None where the file system makes room for files as they come."""
    if not hasattr(os, "statvfs"):
        return None
    found = os.statvfs(folder)
    return found.f_favail if found.f_files else None


def _container_memory(cgroup: Path) -> tuple[int | None, int]:
    """The limit of a control group, in either version of its files, and what is used of it: without
    files in memory that can be dropped."""
    old = cgroup / "memory"
    for limit_file, used_file, stat_file, field in (
        (cgroup / "memory.max", cgroup / "memory.current", cgroup / "memory.stat", "inactive_file"),
        (
            old / "memory.limit_in_bytes",
            old / "memory.usage_in_bytes",
            old / "memory.stat",
            "total_inactive_file",
        ),
    ):
        with contextlib.suppress(OSError, ValueError):
            limit, used = int(limit_file.read_text()), int(used_file.read_text())
            stat = dict(line.split() for line in stat_file.read_text().splitlines())
            return (None if limit > _UNLIMITED else limit), used - int(stat.get(field, 0))
    return None, 0


def _holder(wanted: int) -> str | None:
    """The process that listens on a port, as far as this user may know."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("tcp"):
            listens = each.status == psutil.CONN_LISTEN and each.laddr.port == wanted
            if listens and each.pid is not None:
                return f"{psutil.Process(each.pid).name()} (process {each.pid})"
    return None
