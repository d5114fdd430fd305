"""Files that appear under their name only when they are whole, and the hash that seals them."""

import glob
import hashlib
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".part"
_LOCKS: dict[Path, threading.Lock] = {}
"""What is being made; a lock between processes does not part the threads of one."""


@contextmanager
def written_whole(path: Path, partial: Path | None = None) -> Iterator[Path]:
    """A partial file or folder, renamed to `path` when the block ends, removed when it raises.

    Its name is one that nobody else writes to (a process id is not: containers that share a folder
    have the same ones); a `partial` of the caller's stays from one run to the next, for work that
    goes on where it stopped.
    """
    partial = partial or path.with_name(f"{path.name}.{secrets.token_hex(6)}{_PARTIAL}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        _rename(partial, path)
    finally:
        _remove(partial)


@contextmanager
def made_by_one(path: Path) -> Iterator[None]:
    """Who wants to make `path`, too, in whichever process, waits for the end of the block, and then
    finds it made: it may take a minute of all processors. A process that is killed lets go, and
    what it had begun is removed. The lock's file stays: who waits for one that is removed waits for
    another than who comes next."""
    import fasteners  # who finds everything made does without

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    with _LOCKS.setdefault(path, threading.Lock()), fasteners.InterProcessLock(lock):
        for left in path.parent.glob(f"{glob.escape(path.name)}.*{_PARTIAL}"):
            _remove(left)
        yield


def sealed_file(path: Path, make: Callable[[Path], None]) -> Path:
    """A file made once by `make(partial)`, with its SHA-256 beside it.

    It is made again when it differs from its seal: cut off while it was written, or damaged since.
    """
    seal = path.with_name(path.name + ".sha256")
    if _is_sealed(path, seal):
        return path
    with made_by_one(path):
        if not _is_sealed(path, seal):
            with written_whole(path) as partial:
                make(partial)
                digest = sha256_of(partial)
            with written_whole(seal) as partial:
                partial.write_text(digest)
    return path


def _is_sealed(path: Path, seal: Path) -> bool:
    return path.is_file() and seal.is_file() and seal.read_text() == sha256_of(path)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(partial: Path) -> None:
    if partial.is_dir():
        shutil.rmtree(partial)
    partial.unlink(missing_ok=True)


def _rename(partial: Path, path: Path) -> None:
    try:
        partial.replace(path)
    except OSError:
        if not path.is_dir():  # a folder that another process put there meanwhile is as good
            raise
