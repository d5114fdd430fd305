"""The results of finished stages of a file, on disk: what a run that was cut off resumes from.

A result is sealed with the hash of all that it is: its own bytes, those of the files that the stage
wrote, and what made it. Disks lose and damage what a machine wrote before its power went, and
programs, settings and models change between two runs; what is not, to the byte, what was sealed
counts as not there.
"""

import contextlib
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

import embeddings
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
        *,
        inputs: object = None,
        files: Path | None = None,
    ) -> Result:
        """The result of a stage: read if it is there and whole, else computed and kept; with it
        stand and fall the files in the folder `files`, which `compute` makes.

        One of other `inputs` is computed again: settings, models and earlier results, all that may
        change while the file stays the same, told apart by their repr. So is one that another
        version of this package has made.
        """
        adapter = TypeAdapter(kind)
        path = self.folder / f"{name}.json"
        try:
            seal, _, body = path.read_bytes().partition(b"\n")
            if seal == self._seal(name, inputs, body, files):
                return adapter.validate_json(body)
        except (OSError, ValidationError):
            pass  # computed again, as what is not whole is
        result = compute()
        body = adapter.dump_json(result)
        with atomically(path) as partial:
            partial.write_bytes(self._seal(name, inputs, body, files) + b"\n" + body)
        return result

    def clear(self) -> None:
        """Removes everything that was kept: by its name at once, then file by file."""
        gone = self.folder.with_name(f"{self.folder.name}{GONE}")
        remove(gone)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(gone)
        remove(gone)

    def _seal(self, name: str, inputs: object, body: bytes, files: Path | None) -> bytes:
        """The hash of a result, of what it is the result of, and of its files. Raises OSError."""
        made_by = f"{_code()}/{self.folder.name}/{name}\n{inputs!r}\n"
        sealed = hashlib.sha256(made_by.encode())
        sealed.update(body)
        for file in sorted(files.iterdir()) if files is not None else ():
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            sealed.update(f"\n{file.name} {digest}".encode())
        return sealed.hexdigest().encode()


@functools.cache
def _code() -> str:
    """The hash of the code of this package, and of that with the models: a number of its version
    would have to be thought of with each change of what a stage finds.
    """
    code = hashlib.sha256()
    for package in (Path(__file__).parent, Path(embeddings.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            code.update(f"{path.relative_to(package.parent)}\n".encode() + path.read_bytes())
    return code.hexdigest()
