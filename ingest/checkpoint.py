"""The results of finished stages of a file, on disk: what a run that was cut off resumes from."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

Result = TypeVar("Result")
GONE = ".gone"
"""Suffix of a folder that is being removed."""


class Checkpoint:
    """A folder for one content and one way of ingesting it."""

    def __init__(self, work_dir: Path, key: str) -> None:
        self.folder = work_dir / key

    def stage(self, name: str, kind: type[Result], compute: Callable[[], Result]) -> Result:
        """The result of the stage `name`: read if it was finished before, else computed, kept."""
        adapter = TypeAdapter(kind)
        path = self.folder / f"{name}.json"
        try:
            return adapter.validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            result = compute()
        write_atomically(path, adapter.dump_json(result))
        return result

    def clear(self) -> None:
        """Removes everything that was kept: by its name at once, then file by file."""
        gone = self.folder.with_name(f"{self.folder.name}{GONE}")
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Writes to a temporary name, syncs, renames: `path` is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
