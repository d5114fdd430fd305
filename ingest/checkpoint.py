"""The results of finished stages of a file, on disk: what a run that was cut off resumes from."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ingest.atomic import atomically

Result = TypeVar("Result")
GONE = ".gone"
"""Suffix of a folder that is being removed."""


class Checkpoint:
    """The folder of one content and one way of ingesting it; a JSON file for each stage."""

    def __init__(self, work_dir: Path, key: str) -> None:
        self.folder = work_dir / key

    def stage(self, name: str, kind: type[Result], compute: Callable[[], Result]) -> Result:
        """The result of a stage: read if it is there, else computed and kept.

        One that cannot be read as `kind`, damaged or of another version of this code, is computed
        again.
        """
        adapter = TypeAdapter(kind)
        path = self.folder / f"{name}.json"
        try:
            return adapter.validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            result = compute()
        with atomically(path) as partial:
            partial.write_bytes(adapter.dump_json(result))
        return result

    def clear(self) -> None:
        """Removes everything that was kept: by its name at once, then file by file."""
        gone = self.folder.with_name(f"{self.folder.name}{GONE}")
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
