"""What is gone from a watched folder: marked as missing when it has been for a while, unless it may
be only its disk that is away."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import structlog

from database.videos.removal import PlacedFile, Removal
from database.videos.stored import Store
from ingest.files.batches import batches
from ingest.files.outcome import printable
from ingest.files.presence import is_gone, is_unmounted

GONE_S = 5.0
"""Programs that save a file remove it before they write it; what is moved is gone before it is
found."""


class Departures:
    """The files of the library that are no longer in a watched folder."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        removal: Removal,
        clock: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._store = store
        self._removal = removal
        self._clock = clock
        self._gone: dict[str, float] = {}
        """Paths, and since when they have been seen to be gone."""
        self._away: set[str] = set()
        """Mount points of disks that are away and were told of."""

    def look(self, paths: Collection[Path]) -> None:
        """Looks for files of the library that were at or below these paths. Raises
        DatabaseError."""
        now = self._clock()
        for file in self._placed(paths):
            if file.missing_since is None and is_gone(Path(file.path)):
                self._gone.setdefault(file.path, now)

    def due(self) -> dict[str, int]:
        """Paths that are to be marked, each with the size of the file that was there; those that
        are not marked are due again after GONE_S. Raises DatabaseError."""
        now = self._clock()
        due = [path for path, since in self._gone.items() if now - since >= GONE_S]
        sizes = {}
        for batch in batches(due):
            known = self._store.find_files(batch)
            for path in batch:
                file = known.get(path)  # none, if it was found where it was moved to
                if file is None or file.is_missing or not is_gone(Path(path)):
                    del self._gone[path]
                elif is_unmounted(file.file.mount):
                    del self._gone[path]
                    self._tell_away(str(file.file.mount))
                else:
                    sizes[path] = file.file.size_bytes
        self._gone |= dict.fromkeys(sizes, now)
        return sizes

    def mark(self, paths: Collection[str]) -> None:
        """Marks files as missing: no search finds a video that has no other. Raises
        DatabaseError."""
        for batch in batches(paths):
            self._removal.mark_missing(batch)
        self._removal.settle()
        structlog.get_logger().info("files gone", folder=printable(self._folder), num=len(paths))
        for path in paths:
            del self._gone[path]

    def _tell_away(self, mount: str) -> None:
        if mount not in self._away:
            self._away.add(mount)
            structlog.get_logger().warning("a disk is away: its files stay", mount=mount)

    def _placed(self, paths: Collection[Path]) -> Iterator[PlacedFile]:
        folders = set(paths)
        for batch in batches(map(str, paths)):
            for file in self._removal.files_at(batch):
                folders.discard(Path(file.path))
                yield file
        for folder in folders:
            if not folder.is_file():
                yield from self._removal.files_under(str(folder))
