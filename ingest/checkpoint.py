"""The results of finished stages of a file, on disk: what a run that was cut off resumes from.

A result is sealed with the hash of all that it is: its own bytes, and those of the files that the
stage wrote. Disks lose and damage what a machine wrote before its power went; what is not, to the
byte, what was sealed counts as not there.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ingest.atomic import atomically, remove

Result = TypeVar("Result")
GONE = ".gone"
"""Suffix of a folder that is being removed."""


class Checkpoint:
    """The folder of one content and one way of ingesting it; for each stage a file, whose first
    line is the seal of the JSON that follows.
    """

    def __init__(self, work_dir: Path, key: str) -> None:
        self.folder = work_dir / key

    def stage(
        self,
        name: str,
        kind: type[Result],
        compute: Callable[[], Result],
        files: Path | None = None,
    ) -> Result:
        """The result of a stage: read if it is there and whole, else computed and kept; with it
        stand and fall the files in the folder `files`, which `compute` makes.

        One of another version of this code, which cannot be read as `kind`, is computed again.
        """
        adapter = TypeAdapter(kind)
        path = self.folder / f"{name}.json"
        try:
            seal, _, body = path.read_bytes().partition(b"\n")
            if seal == self._seal(name, body, files):
                return adapter.validate_json(body)
        except (OSError, ValidationError):
            pass  # computed again, as what is not whole is
        result = compute()
        body = adapter.dump_json(result)
        with atomically(path) as partial:
            partial.write_bytes(self._seal(name, body, files) + b"\n" + body)
        return result

    def clear(self) -> None:
        """Removes everything that was kept: by its name at once, then file by file."""
        gone = self.folder.with_name(f"{self.folder.name}{GONE}")
        remove(gone)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(gone)
        remove(gone)

    def _seal(self, name: str, body: bytes, files: Path | None) -> bytes:
        """The hash of a result, of what it is the result of, and of its files. Raises OSError."""
        sealed = hashlib.sha256(f"{self.folder.name}/{name}\n".encode())
        sealed.update(body)
        for file in sorted(files.iterdir()) if files is not None else ():
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            sealed.update(f"\n{file.name} {digest}".encode())
        return sealed.hexdigest().encode()
