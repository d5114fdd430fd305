"""Files that the library knows and that are gone: marked after each ingest of their folder, and
forgotten when somebody says so, unless it may be only their disk that is away."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from database.errors import ObjectRefused, ObjectsUnreachable
from database.objects.address import Address
from database.videos.removal import PlacedFile, Removal
from ingest.files.batches import batches
from ingest.files.objects import stored_at
from ingest.files.presence import is_gone, mount_of, why_away


@dataclass(frozen=True)
class Kept:
    """A missing file that is not forgotten."""

    path: str
    reason: str


@dataclass(frozen=True)
class Forgotten:
    """What becomes of the missing files."""

    paths: list[str]
    """Those that are forgotten."""
    kept: list[Kept]


def mark_missing(roots: Collection[Path], removal: Removal) -> None:
    """Marks the files at or under these paths that are no longer there, and keeps where those lie
    of which a former version has not."""
    folders = [root for root in roots if not root.is_file()]
    files = (removal.files_at(batch) for batch in batches(map(str, roots)))
    below = (removal.files_under(str(folder)) for folder in folders)
    gone, unplaced = [], []
    for file in chain.from_iterable(chain(files, below)):
        if is_gone(Path(file.path)):
            gone.append(file.path)
        elif file.mount is None:
            unplaced.append(file.path)
    for batch in batches(gone):
        removal.mark_missing(batch)
    for batch in batches(unplaced):
        removal.save_mounts({path: mount_of(Path(path)) for path in batch})


def mark_missing_objects(place: Address, removal: Removal) -> None:
    """The same for a place of a bucket, which is listed rather than asked for each; nothing is
    marked where that fails."""
    try:
        there = {stored.address.path for stored in stored_at(place)}
    except (ObjectRefused, ObjectsUnreachable):
        return
    known = chain(removal.files_at([place.path]), removal.files_under(place.path))
    gone = [file.path for file in known if file.path not in there]
    for batch in batches(gone):
        removal.mark_missing(batch)


def missing_under(roots: Collection[Path], removal: Removal) -> Iterator[PlacedFile]:
    """The files at or under these paths that are marked as missing; all, if there are none."""
    for file in removal.missing():
        path = Path(file.path)
        if not roots or any(path.is_relative_to(root) for root in roots):
            yield file


def forget_missing(roots: Collection[Path], grace: timedelta, removal: Removal) -> Forgotten:
    """Forgets the missing files at or under these paths, or all, once they have been missing for
    so long; their videos go with the end of the run, if no other file leads to them. Of a disk that
    is away nothing is forgotten."""
    forgotten = to_forget(roots, grace, removal)
    removal.forget_files(forgotten.paths)
    return forgotten


def to_forget(roots: Collection[Path], grace: timedelta, removal: Removal) -> Forgotten:
    """What `forget_missing` would do."""
    forgotten = Forgotten([], [])
    for file in missing_under(roots, removal):
        reason = _why_kept(file, grace)
        if reason is None:
            forgotten.paths.append(file.path)
        else:
            forgotten.kept.append(Kept(file.path, reason))
    return forgotten


def _why_kept(file: PlacedFile, grace: timedelta) -> str | None:
    path = Path(file.path)
    if not is_gone(path, file.mount):
        return "it is there again: ingest it, and it is found"
    assert file.missing_since is not None
    left = file.missing_since + grace - datetime.now(UTC)
    if left > timedelta():
        days = left / timedelta(days=1)
        return f"missing for too short a time: it can be forgotten in {days:.1f} days"
    return why_away(path, file.mount)
