"""The host that a file belongs to: only there is judged whether it exists."""

import contextlib
import os
import re
import secrets
import socket
from pathlib import Path

from database.errors import DatabaseUnsuitable

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,78}[a-z0-9])?")
"""Names of hosts: letters, digits, hyphens and dots, at most 80 characters."""
_FILE = "host"
_RANDOM_BYTES = 3


def origin_of(home: Path, name: str | None) -> str:
    """The origin of local files in their URIs, `file://name`: by the given name, or else by the one
    that this home folder has been given when it was first used.

    A name of its own, rather than the machine's: two homes on one machine may share a database,
    containers are called otherwise each time, and a home that is moved takes its files along.
    Raises DatabaseUnsuitable if the home folder cannot keep it.
    """
    return f"file://{name or _kept(home)}"


def _kept(home: Path) -> str:
    path = home / _FILE
    try:
        if not path.exists():
            _keep(path)
        name = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise DatabaseUnsuitable(
            f"{path}, the name of this host, cannot be read or written ({error}): see to the "
            "folder, or set SCENESEEK_HOST"
        ) from error
    if not HOST.fullmatch(name):
        raise DatabaseUnsuitable(
            f"{path} does not hold the name of a host (letters, digits, hyphens): correct it, or "
            "set SCENESEEK_HOST to the name that this host has had"
        )
    return name


def _keep(path: Path) -> None:
    """Writes a new name; of two processes that do, the first is heard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().split(".")[0].lower()).strip("-")
    name = f"{machine[:40] or 'host'}-{secrets.token_hex(_RANDOM_BYTES)}"
    partial = path.with_name(f"{_FILE}.{secrets.token_hex(6)}.part")
    partial.write_text(f"{name}\n", encoding="ascii")
    with contextlib.suppress(FileExistsError):
        os.link(partial, path)
    partial.unlink()
