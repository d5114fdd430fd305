"""Files that are made once from verified weights and kept: each with its hash beside it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path


def sealed_file(path: Path, make: Callable[[Path], None]) -> Path:
    """`path`, made by `make(temporary path)` unless it is there and equal to its seal.

    A file cut off while it was written, or damaged later, is made again.
    """
    seal = path.with_name(path.name + ".sha256")
    if path.is_file() and seal.is_file() and seal.read_text() == _sha256(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        make(partial)
        digest = _sha256(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    seal.write_text(digest)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
