"""Where uploads lie until they are whole: of each the bytes that have come, and its record aside.

How far an upload has come is the size of its file, and nothing else: a server that is killed at any
byte knows it when it starts again.
"""

import dataclasses
import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from starlette.exceptions import HTTPException

from api.uploading.kinds import HEAD_BYTES, require_head_of_recording
from database.errors import DiskFull
from ingest.atomic import PARTIAL, atomically

KEPT_S = 24 * 3600.0
"""An upload of which no byte comes for so long is removed, and so is the record of a whole one."""
_BEING_SENT_S = 600.0
"""One that has stood for longer keeps no room from others: it may never go on."""
SPARE_BYTES = 256 * 1024 * 1024
"""Of the disk: the database and the stills of other films lie there, too."""
ID_PATTERN = "[A-Za-z0-9_-]{32}"
_ID_BYTES = 24
_RECORD = ".json"
_NO_LINKS = "no films can be sent: SCENESEEK_HOME has to be on a file system with hard links"
_UNKNOWN = "there is no such upload, or not any more: begin anew with POST /uploads"


@dataclass(frozen=True)
class Upload:
    """The record of an upload."""

    id: str
    name: str
    """Made safe."""
    size_bytes: int | None
    """None until all of a form has come."""
    metadata: str = ""
    """As the client has sent it."""
    stored: str | None = None
    """Its name in the folder of films, once it lies there."""
    job: int | None = None
    video: int | None = None
    """The one of the library with the same content, so that this one was not stored."""

    @property
    def state(self) -> Literal["receiving", "stored", "known"]:
        """What has become of it."""
        if self.video is not None:
            return "known"
        return "receiving" if self.job is None else "stored"


class Shelf:
    """A folder of uploads: nobody else writes there, but several servers may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, size_bytes: int | None, metadata: str) -> Upload:
        """A new upload without a byte, under an id that nobody can guess. Raises HTTPException
        (503) where what comes could not be given its name in the end."""
        upload = Upload(secrets.token_urlsafe(_ID_BYTES), name, size_bytes, metadata)
        self.save(upload)
        part = self.part(upload)
        part.touch()
        link = part.with_suffix(f".link{PARTIAL}")
        try:
            os.link(part, link)
        except OSError as error:
            self.forget(upload)
            raise HTTPException(503, f"{_NO_LINKS} ({error.strerror})") from None
        link.unlink()
        return upload

    def get(self, upload_id: str) -> Upload:
        """An upload by its id. Raises HTTPException (404)."""
        if re.fullmatch(ID_PATTERN, upload_id):
            with suppress(OSError, ValueError, TypeError):
                upload = Upload(**json.loads(self._record(upload_id).read_bytes()))
                if time.time() < self.expires_at(upload):
                    return upload
        raise HTTPException(404, _UNKNOWN)

    def save(self, upload: Upload) -> None:
        """Writes the record."""
        with atomically(self._record(upload.id)) as partial:
            partial.write_text(json.dumps(dataclasses.asdict(upload)))

    def end(self, upload: Upload) -> Upload:
        """Writes the record of an upload that has become something, and only then removes what has
        come of it: who asks meanwhile finds it held."""
        self.save(upload)
        self.part(upload).unlink(missing_ok=True)
        return upload

    def part(self, upload: Upload) -> Path:
        """The file of what has come."""
        return self._folder / f"{upload.id}{PARTIAL}"

    def require_part(self, upload: Upload) -> None:
        """Raises HTTPException (404) if what has come was removed."""
        if not self.part(upload).exists():
            raise HTTPException(404, _UNKNOWN)

    def offset(self, upload: Upload) -> int:
        """How many bytes have come."""
        with suppress(FileNotFoundError):
            return self.part(upload).stat().st_size
        return upload.size_bytes or 0  # it has ended

    def expires_at(self, upload: Upload) -> float:
        """When it is removed if nothing more comes, in seconds of the clock."""
        with suppress(FileNotFoundError):
            return self.part(upload).stat().st_mtime + KEPT_S
        return self._record(upload.id).stat().st_mtime + KEPT_S

    def forget(self, upload: Upload) -> None:
        """Removes what has come, and the record."""
        self._record(upload.id).unlink(missing_ok=True)
        self.part(upload).unlink(missing_ok=True)

    def forget_expired(self) -> None:
        """Removes what is too old: uploads, their records, and what a killed server left."""
        for path in [*self._folder.glob(f"*{PARTIAL}"), *self._folder.glob(f"*{_RECORD}")]:
            with suppress(FileNotFoundError):
                part = path.with_suffix(PARTIAL)
                used_at = max(p.stat().st_mtime for p in (path, part) if p.exists())
                if time.time() - used_at > KEPT_S:
                    path.unlink()

    def whole(self) -> Iterator[Upload]:
        """Those of which all bytes have come, and nothing has become yet."""
        for path in self._folder.glob(f"*{_RECORD}"):
            with suppress(HTTPException):
                upload = self.get(path.stem)
                if upload.state == "receiving" and self.offset(upload) == upload.size_bytes:
                    yield upload

    def to_come(self) -> int:
        """Bytes that are still to come of the uploads that are being sent."""
        total = 0
        for path in self._folder.glob(f"*{_RECORD}"):
            with suppress(HTTPException, FileNotFoundError):
                upload = self.get(path.stem)
                status = self.part(upload).stat()
                if time.time() - status.st_mtime < _BEING_SENT_S:
                    total += max((upload.size_bytes or 0) - status.st_size, 0)
        return total

    def require_room(self, num_bytes: int) -> None:
        """Raises HTTPException (507) if the disk has no room for so much more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < num_bytes + SPARE_BYTES:
            raise _no_room()

    def _record(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}{_RECORD}"


class Partial:
    """The bytes of an upload that have come, held by one request: no other one, of whichever
    server, writes to them meanwhile. A process that is killed lets go."""

    def __init__(self, shelf: Shelf, upload: Upload) -> None:
        """Raises HTTPException: 423 while another request holds them, 404 if they are gone."""
        self._shelf, self._upload = shelf, upload
        try:
            self._file = os.open(shelf.part(upload), os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            raise HTTPException(404, _UNKNOWN) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise HTTPException(
                423, "another request is sending this upload: end it, or wait a second; then HEAD"
            ) from None
        self.offset = os.fstat(self._file).st_size

    def write(self, piece: bytes) -> None:
        """Adds a piece. Raises HTTPException: 507 if the disk is full, 415 for what is no
        recording."""
        self._shelf.require_room(len(piece))
        began_at, left = self.offset, memoryview(piece)
        with _full_disk_told():
            while left:
                num_bytes = os.write(self._file, left)
                self.offset += num_bytes
                left = left[num_bytes:]
        if began_at < HEAD_BYTES and self.offset >= min(HEAD_BYTES, self._upload.size_bytes or 0):
            require_head_of_recording(os.pread(self._file, HEAD_BYTES, 0))

    def sync(self) -> None:
        """Has the disk hold what was written, whatever becomes of the machine. Raises
        HTTPException (507)."""
        with _full_disk_told():
            os.fsync(self._file)

    def close(self) -> None:
        """Lets go."""
        os.close(self._file)


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.ERRNOS:
            raise _no_room() from None
        raise


def _no_room() -> HTTPException:
    return HTTPException(
        507,
        "the server's disk has no room for this: free some there, then go on; what has come is "
        "kept",
    )
