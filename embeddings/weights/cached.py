"""Files that appear under their name only when they are whole, and the hash that seals them."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path, partial: Path | None = None) -> Iterator[Path]:
    """A partial file or folder, renamed to `path` when the block ends, removed when it raises.

    Its name holds the number of the process, so that no other process writes to it; a `partial`
    of the caller's stays from one run to the next, for work that goes on where it stopped.
    """
    partial = partial or path.with_name(f"{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        _rename(partial, path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)


def sealed_file(path: Path, make: Callable[[Path], None]) -> Path:
    """A file made once by `make(partial)`, with its SHA-256 beside it.

    It is made again when it differs from its seal: cut off while it was written, or damaged since.
    """
    seal = path.with_name(path.name + ".sha256")
    if path.is_file() and seal.is_file() and seal.read_text() == sha256_of(path):
        return path
    with written_whole(path) as partial:
        make(partial)
        digest = sha256_of(partial)
    seal.write_text(digest)
    return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rename(partial: Path, path: Path) -> None:
    try:
        partial.replace(path)
    except OSError:
        if not path.is_dir():  # a folder that another process put there meanwhile is as good
            raise
