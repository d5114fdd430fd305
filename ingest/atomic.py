"""Files and folders that are whole or not there, however a run ends."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".part"
"""Suffix of the name under which something is written. Before it stands what no other process has:
its id would not do, since containers that share a folder have the same ones."""


@contextmanager
def atomically(path: Path) -> Iterator[Path]:
    """A partial name beside `path`: the file or folder written there is synced and then renamed.

    It replaces whatever is there. What was written before an error is removed; what a killed
    process left stays under its partial name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(6)}{PARTIAL}")
    try:
        yield partial
        if partial.is_dir():
            for file in partial.iterdir():
                _sync(file)
        else:
            _sync(partial)
        if partial.is_dir() or path.is_dir():
            remove(path)
        partial.replace(path)
    except BaseException:
        remove(partial)
        raise


def remove(path: Path) -> None:
    """Removes the file or folder of this name, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
