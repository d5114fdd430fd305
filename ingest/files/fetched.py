"""Objects of buckets, fetched aside whole: to know one by its content, all of it is read anyway."""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from database.errors import DiskFull, ObjectGone, ObjectRefused
from database.objects.bucket import StoredObject, bucket
from database.videos.read import IntactFile, Library
from ingest.errors import FileChanged, NotFetched
from ingest.settings import IngestSettings

FETCHED = "fetched"
"""The folder of them, under the home folder."""
_LOCK, _PART, _ROOM = ".lock", ".part", "room"
_LOOK_EVERY_S = 0.25
_PLAYED_S = 600.0
"""What was asked for to be played stays so long, since a player's next request comes soon."""
_PATIENCE_S = 20.0
"""As long as a player waits for room."""
Report = Callable[[float], None]


@dataclass(frozen=True)
class Fetched:
    """A folder of fetched objects that takes no more than `max_bytes`; what was asked for longest
    ago goes first. Threads and processes may share it: who reads one holds a lock on it, which ends
    with the process."""

    folder: Path
    max_bytes: int

    @classmethod
    def of(cls, settings: IngestSettings) -> Self:
        """Under the home folder, of the size that the settings give."""
        return cls(settings.home / FETCHED, round(settings.ingest_fetched_gb * 1e9))

    @contextmanager
    def held(self, stored: StoredObject, report: Report = lambda _part: None) -> Iterator[Path]:
        """The file that an object was fetched into, which stays until the end of the block.
        `report` is told which part has come, also while room is waited for; what it raises ends the
        wait. Raises NotFetched, FileChanged, ObjectsUnreachable, DiskFull."""
        path = self._path_of(stored)
        with self._fetched(stored, path, report, patience_s=float("inf")):
            yield path

    def path_of(self, stored: StoredObject) -> Path:
        """The same for a player, for whom the file stays a while after each time that it is asked
        for. Raises NotFetched where there is no room soon, too."""
        path = self._path_of(stored)
        with self._fetched(stored, path, lambda _part: None, patience_s=_PATIENCE_S):
            os.utime(path)
            return path

    def film(self, library: Library, video_id: int) -> Path:
        """The file of a video as it was ingested, or of an object, what was fetched of it. Raises
        NotFound, and as `path_of`, NotFetched also where it may not be looked at."""
        try:
            there = library.get_intact(video_id)
        except ObjectRefused as error:
            raise NotFetched(str(error)) from None
        return there.path if isinstance(there, IntactFile) else self.path_of(there)

    def _path_of(self, stored: StoredObject) -> Path:
        name = hashlib.sha256(f"{stored.address}\n{stored.mark}".encode()).hexdigest()[:32]
        return self.folder / f"{name}{Path(stored.address.key).suffix[:8]}"

    @contextmanager
    def _fetched(
        self, stored: StoredObject, path: Path, report: Report, patience_s: float
    ) -> Iterator[None]:
        if stored.size_bytes > self.max_bytes:
            raise NotFetched(
                f"it takes {stored.size_bytes / 1e9:.1f} GB, and INGEST_FETCHED_GB allows "
                f"{self.max_bytes / 1e9:.1f}: raise it"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            with _locked(_lock_of(path), fcntl.LOCK_EX, lambda: report(0.0)):
                if not path.exists():
                    self._fetch(stored, path, report, patience_s)
            with _locked(_lock_of(path), fcntl.LOCK_SH, lambda: report(1.0)):
                if path.exists():  # it may have had to go between both
                    yield
                    return

    def _fetch(self, stored: StoredObject, path: Path, report: Report, patience_s: float) -> None:
        part = path.with_name(f"{path.name}{_PART}")
        late_s = time.monotonic() + patience_s
        try:
            while not self._make_room(part, stored.size_bytes):
                if time.monotonic() > late_s:
                    raise NotFetched(
                        "no room to fetch it into: others are read or played just now; try again, "
                        "or raise INGEST_FETCHED_GB"
                    )
                report(0.0)
                time.sleep(_LOOK_EVERY_S)
            _copy(stored, part, report)
            os.utime(part, (0, 0))  # the next that goes, unless a player asks for it
            part.replace(path)
        except OSError as error:
            if error.errno in DiskFull.ERRNOS:
                raise DiskFull("the disk of SCENESEEK_HOME") from error
            raise
        finally:
            part.unlink(missing_ok=True)

    def _make_room(self, part: Path, size: int) -> bool:
        """Whether there is room for so many bytes, which are taken by a file of that size."""
        with _locked(self.folder / _ROOM, fcntl.LOCK_EX, lambda: None):
            there = [
                (status.st_mtime, status.st_size, path)
                for path in self.folder.iterdir()
                if path.name not in (_ROOM, part.name)
                and path.suffix != _LOCK
                and (status := _status(path))
            ]
            too_many = sum(num for _, num, _ in there) + size - self.max_bytes
            for asked_s, num, path in sorted(there):
                if too_many <= 0:
                    break
                is_due = path.suffix == _PART or asked_s < time.time() - _PLAYED_S
                if is_due and _removed(path):
                    too_many -= num
            if too_many > 0:
                return False
            with part.open("wb") as file:
                file.truncate(size)
            return True


def _copy(stored: StoredObject, target: Path, report: Report) -> None:
    """Raises FileChanged, NotFetched, OSError."""
    num = 0
    try:
        with target.open("r+b") as file:
            for piece in bucket(stored.address.bucket).read(stored):
                file.write(piece)
                num += len(piece)
                report(num / stored.size_bytes)
    except ObjectGone:
        raise FileChanged("changed or vanished while it was fetched; ingest it again") from None
    except ObjectRefused as error:
        raise NotFetched(str(error)) from None
    if num != stored.size_bytes:
        raise NotFetched("it came in part only; ingest it again")


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(_PART)}{_LOCK}")


def _removed(path: Path) -> bool:
    """Whether a file that nobody reads, or writes, has gone."""
    lock = _lock_of(path)
    with lock.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
        return True


@contextmanager
def _locked(path: Path, kind: int, while_waiting: Callable[[], None]) -> Iterator[None]:
    """A lock of this kind on a file, which whoever removes it must have, too."""
    while True:
        with path.open("wb") as file:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                while_waiting()
                time.sleep(_LOOK_EVERY_S)
                continue
            status = _status(path)
            if status is None or status.st_ino != os.fstat(file.fileno()).st_ino:
                continue  # it was removed while it was waited for
            yield
            return


def _status(path: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return path.stat()
    return None
