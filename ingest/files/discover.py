"""The files that an ingest looks at, under folders, globs and names. Nothing is opened here."""

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from database.forms import is_storable
from database.objects.address import Address, is_address
from database.videos.records import Sidecar, modified_ns
from ingest.errors import UsageError
from ingest.files.found import EMPTY, MAX_PATH_BYTES, FoundFile
from ingest.files.objects import objects_at, places_of, require_some
from ingest.files.patterns import expand
from ingest.files.rubbish import is_rubbish
from ingest.files.sidecars import Beside

LINKED_FOLDER = "a link to a folder is not followed; name it to ingest what it leads to"
RUBBISH_FOLDER = (
    "a folder that file servers and systems keep for themselves; name it to ingest what is in it"
)
SUBTITLES_OF = "subtitles, read with"
"""What is said of a file of subtitles, before the name of its video."""
_REMEDIES = {
    errno.EACCES: "let this user read it",
    errno.EPERM: "let this user read it",
    errno.ENAMETOOLONG: "move it to a shorter path",
}


@dataclass(frozen=True)
class Discovery:
    """The files under some paths, each once, and the folders that are not looked into: what a
    folder holds in the order of names, then what its folders hold.

    They are looked for while they are asked for, and only the names of one folder are in memory.
    """

    roots: Collection[Path]
    folder: Path | None = None
    """Where the roots are but parts of a folder that is looked at: what a link must not leave."""
    places: tuple[Address, ...] = ()
    """Of buckets, whose objects come after all files."""

    def __iter__(self) -> Iterator[FoundFile]:
        """Raises ObjectRefused, ObjectsUnreachable where a bucket cannot be listed."""
        folder, beside = None, Beside()
        for root in self.roots:
            home = Path(os.path.realpath(self.folder or root))
            for found in _walk(root, self.roots, may_leave=self.folder is None):
                if isinstance(found, FoundFile):
                    yield found
                    continue
                if found.path.parent != folder:
                    folder, beside = found.path.parent, Beside(found.names_beside())
                looked = _look(found, beside, home)
                is_named = self.folder is None and found.path == root
                yield self._named_alone(looked, beside) if is_named else looked
        yield from objects_at(self.places)

    def _named_alone(self, found: FoundFile, beside: Beside) -> FoundFile:
        """A file of subtitles that is named itself, with what to do if its video is not named."""
        owners = [found.path.with_name(name) for name in beside.owners(found.path.name)]
        is_read = any(owner in self.roots or is_met(owner, self.roots) for owner in owners)
        if not (found.refusal or "").startswith(SUBTITLES_OF) or is_read:
            return found
        videos = " and ".join(owner.name for owner in owners)
        return replace(found, refusal=f"subtitles of {videos}: name that file to have them read")

    def count(self) -> int:
        """How many there are, told from names alone."""
        num_objects = sum(1 for _ in objects_at(self.places))
        return sum(1 for root in self.roots for _ in _walk(root, self.roots)) + num_objects


def discover(arguments: Sequence[str]) -> Discovery:
    """What is under the arguments: folders, files and globs, and s3://bucket/folder. Hidden files
    and folders are left out unless they are named. Raises UsageError if an argument leads nowhere,
    ObjectRefused, ObjectsUnreachable.
    """
    roots = _roots([argument for argument in arguments if not is_address(argument)])
    places = places_of(arguments)
    require_some(places)
    return Discovery(roots, places=places)


def discover_in(folder: Path, paths: Iterable[Path]) -> Discovery:
    """What a walk of a folder comes by at and below some paths in it; nothing may be there."""
    walked = sorted(path for path in paths if _is_walked(path, folder))
    return Discovery(dict.fromkeys(walked), folder)


def _is_walked(path: Path, folder: Path) -> bool:
    if os.path.isdir(path):  # noqa: PTH112 - as in _walk
        return path == folder or is_met(path, (folder,))
    is_shown = os.path.lexists(path) and not path.name.startswith(".")
    return is_shown and (path.parent == folder or is_met(path.parent, (folder,)))


def _roots(arguments: Sequence[str]) -> dict[Path, None]:
    """The paths that arguments stand for, without those that the walk of one before them meets."""
    roots: dict[Path, None] = {}
    for argument in arguments:
        for path in _named(argument):
            if not is_met(path, roots):
                roots[path] = None
    return roots


def _named(argument: str) -> list[Path]:
    path = Path(os.path.abspath(os.path.expanduser(argument)))  # noqa: PTH100, PTH111
    try:
        path.lstat()
        matches = [path]
    except PermissionError:  # a look at it will tell
        matches = [path]
    except OSError:
        matches = expand(path)
    if argument and matches:
        return matches
    raise UsageError(f"no such file or folder: {argument}")


def is_met(path: Path, roots: Collection[Path]) -> bool:
    """Whether the walk of one of some roots comes by a path, and looks at it as if it was named."""
    while not (path.name.startswith(".") or is_rubbish(path.name) or _is_link(path)):
        if path.parent == path:
            return False
        path = path.parent
        if path in roots:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Met:
    """A file that a walk comes by."""

    path: Path
    is_link: bool
    """Whether it must not leave the root."""
    folder: Collection[str] | None = None
    """The names of the files in its folder, if that was looked into."""

    def names_beside(self) -> Collection[str]:
        """The names of the files in its folder."""
        if self.folder is not None:
            return self.folder
        try:
            return _names_in(self.path.parent).files
        except OSError:  # the file itself may be there all the same
            return ()


def _walk(
    root: Path, roots: Collection[Path], *, may_leave: bool = True
) -> Iterator[FoundFile | _Met]:
    """The files under a root, and the folders that are not looked into. A root below another one is
    left to its own walk; the root itself may be a link to wherever it leads, if it `may_leave`."""
    waiting = [root] if os.path.isdir(root) else []  # noqa: PTH112 - as below
    if not waiting:
        yield _Met(root, is_link=not may_leave and _is_link(root))
    while waiting:
        folder = waiting.pop()
        try:
            names = _names_in(folder)
        except OSError as error:
            yield FoundFile(folder, refusal=_unseen(folder, error, "the folder "), seen=False)
            continue
        for path in (folder / name for name in names.files):
            if path not in roots:
                yield _Met(path, path.name in names.links, names.files)
        inner = []
        for path in (folder / name for name in names.folders):
            if path in roots:
                continue
            if is_rubbish(path.name) or path.name in names.links:
                reason = RUBBISH_FOLDER if is_rubbish(path.name) else LINKED_FOLDER
                yield FoundFile(path, refusal=reason, left_out=True, seen=False)
            else:
                inner.append(path)
        waiting += reversed(inner)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a folder holds, in order."""

    files: list[str]
    folders: list[str]
    links: set[str]
    """Those of both that are links."""


def _names_in(folder: Path) -> _Names:
    """Raises OSError."""
    names = _Names([], [], set())
    with os.scandir(folder) as entries:
        for entry in entries:
            is_folder = _leads_to_folder(entry)
            if entry.name.startswith(".") and not (is_folder and is_rubbish(entry.name)):
                continue
            (names.folders if is_folder else names.files).append(entry.name)
            if entry.is_symlink():
                names.links.add(entry.name)
    names.files.sort()
    names.folders.sort()
    return names


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # of a link: a look at it says which
        return False


def _look(met: _Met, beside: Beside, home: Path) -> FoundFile:
    """The file at a path, where a link must not leave `home`."""
    path = met.path
    if (length := len(os.fsencode(path))) > MAX_PATH_BYTES:
        reason = (
            f"the path is too long for the library ({length} bytes, and {MAX_PATH_BYTES} at most): "
            "move the file to a shorter one"
        )
        return FoundFile(path, refusal=reason, seen=False)
    try:
        status = path.stat()
    except OSError as error:
        return FoundFile(path, refusal=_unseen(path, error), seen=False)
    refusal, left_out = None, False
    owners = beside.owners(path.name)
    if not stat.S_ISREG(status.st_mode):
        refusal = "not a regular file"
    elif met.is_link and not Path(os.path.realpath(path)).is_relative_to(home):
        refusal = "a link that leaves the folder; name it to ingest what it leads to"
    elif not is_storable(str(path)):
        refusal = "the name is not valid UTF-8; rename the file"
    elif not os.access(path, os.R_OK):
        refusal = "no permission to read the file: let this user read it, then ingest it again"
    elif owners:
        refusal, left_out = f"{SUBTITLES_OF} {' and '.join(owners)}", True
    elif status.st_size == 0:
        refusal = EMPTY
    return FoundFile(
        path,
        status.st_size,
        modified_ns(status),
        refusal,
        left_out=left_out,
        sidecars=tuple(_sidecars(path, beside, home)),
    )


def _sidecars(video: Path, beside: Beside, home: Path) -> Iterator[Sidecar]:
    """The subtitles of a file, without those that would not be read as files of their own."""
    for name in beside.of(video.name):
        path = video.with_name(name)
        with suppress(OSError):
            status = path.stat()
            leaves = _is_link(path) and not Path(os.path.realpath(path)).is_relative_to(home)
            if stat.S_ISREG(status.st_mode) and is_storable(name) and not leaves:
                yield Sidecar(name, status.st_size, modified_ns(status))


def _unseen(path: Path, error: OSError, what: str = "") -> str:
    """Why a file or folder could not be looked at, and what to do."""
    is_gone = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
    if is_gone and _is_link(path):
        return "the link leads nowhere"
    if is_gone:
        return "vanished while its folder was read; ingest it again"
    remedy = _REMEDIES.get(error.errno or 0, "see to its disk or server")
    return f"{what}cannot be read ({error.strerror}): {remedy}, then ingest it again"


def _is_link(path: Path) -> bool:
    return os.path.islink(path)  # noqa: PTH114 - Path's own raises where nobody may look
