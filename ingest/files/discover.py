"""The files that an ingest looks at, under folders, globs and names. Nothing is opened here."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import UsageError


@dataclass(frozen=True)
class FoundFile:
    """A file as its folder shows it, or why it is refused without being opened."""

    path: Path
    """Absolute."""
    size_bytes: int
    mtime_ns: int
    refusal: str | None = None
    """The reason; None for a file that may be opened."""


def discover(arguments: Sequence[str]) -> list[FoundFile]:
    """Every file under the arguments, each once, in the order of their names.

    Hidden files are left out. Raises UsageError if an argument leads nowhere.
    """
    found: dict[Path, FoundFile] = {}
    for argument in arguments:
        for path in _named(argument):
            files = _walk(path) if path.is_dir() else iter([_look(path, root=None)])
            for file in files:
                found.setdefault(file.path, file)
    return list(found.values())


def _named(argument: str) -> list[Path]:
    path = Path(argument).expanduser().absolute()
    if os.path.lexists(path):
        return [path]
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute
    if not matches:
        raise UsageError(f"no such file or folder: {argument}")
    return [Path(match) for match in matches]


def _walk(root: Path) -> Iterator[FoundFile]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield _look(Path(folder) / name, root)


def _look(path: Path, root: Path | None) -> FoundFile:
    """The file at a path, where links must not leave `root`; None if the person named the file."""
    path = Path(os.path.normpath(path))
    try:
        target = path.resolve(strict=True)
        status = target.stat()
    except (OSError, RuntimeError):
        return FoundFile(path, 0, 0, "the link leads nowhere, or the file vanished")
    refusal = None
    if not stat.S_ISREG(status.st_mode):
        refusal = "not a regular file"
    elif root is not None and path.is_symlink() and not target.is_relative_to(root.resolve()):
        refusal = "a link that leaves the folder"
    elif not _is_utf8(path):
        refusal = "the name is not valid UTF-8; rename the file"
    elif not os.access(target, os.R_OK):
        refusal = "no permission to read the file"
    elif status.st_size == 0:
        refusal = "the file is empty"
    return FoundFile(path, status.st_size, status.st_mtime_ns, refusal)


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
