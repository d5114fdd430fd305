"""Films that are sent: from the first word of them to the job that ingests them."""

import dataclasses
import filecmp
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import anyio
import structlog
from starlette.exceptions import HTTPException

from api.errors import RETRY_AFTER_S
from api.settings import ApiSettings
from api.uploading.digests import digest_of
from api.uploading.kinds import require_name_of_recording, require_recording
from api.uploading.names import numbered, safe_name
from api.uploading.shelf import Partial, Shelf, Upload
from database.errors import DatabaseError
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.server.connection import Database
from database.videos.files import Files
from database.videos.read import Library, OwnFile, VideoInfo
from ingest.files.identity import content_hash
from ingest.media.child import Isolation

PRIORITY = 10
"""Of its job: somebody is waiting for it."""
MAX_AT_ONCE = 64
"""Bodies that are taken in at once: each has a piece in memory."""
MAX_COMPARED = 16
"""Files of one size that are read to know a digest: of a camera, thousands may have the same."""
_SWEEP_EVERY_S = 3600.0
_LET_GO_S = 2.0
_NUM_THREADS = 8
_NUM_FINISHING = 2
"""Films that are looked at as a whole at once, beside those that are taken in: it may take long."""
Made = TypeVar("Made")


class Uploads:
    """The uploads of a server: partial ones in a hidden folder beside the films that are whole."""

    def __init__(self, settings: ApiSettings, database: Database) -> None:
        self._settings = settings
        self._folder = settings.uploads_dir
        self._shelf = Shelf(self._folder / ".incoming")
        self._library, self._files = Library(database), Files(database)
        self._jobs = Jobs(database)
        self._threads = anyio.CapacityLimiter(_NUM_THREADS)
        self._finishing = anyio.CapacityLimiter(_NUM_FINISHING)
        self._num_at_once = 0
        self._swept_at_s = float("-inf")

    @property
    def max_bytes(self) -> int:
        """Of one film."""
        return int(self._settings.api_max_upload_gb * 1e9)

    async def run(self, work: Callable[..., Made], *arguments: object) -> Made:
        """What a plain function gives, in one of the threads that are for uploads."""
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._threads)

    def create(self, given: str, size_bytes: int | None, metadata: str = "") -> Upload:
        """A new upload, under a name as its client has it. Raises HTTPException: 413 and 422 by its
        size, 415 by its name, 507 by the room that there is."""
        name = safe_name(given)
        require_name_of_recording(name)
        if size_bytes == 0:
            raise HTTPException(422, "the file is empty")
        if size_bytes is not None and size_bytes > self.max_bytes:
            raise HTTPException(413, self.too_large(), {"Tus-Max-Size": str(self.max_bytes)})
        if time.monotonic() - self._swept_at_s > _SWEEP_EVERY_S:
            self.sweep()
        self.require_room((size_bytes or 0) + self._shelf.to_come())
        return self._shelf.add(name, size_bytes, metadata)

    def require_room(self, num_bytes: int) -> None:
        """Raises HTTPException (507) if the disk has no room for so much more."""
        self._shelf.require_room(num_bytes)

    def too_large(self) -> str:
        """What is said of a film that is."""
        gigabytes = self._settings.api_max_upload_gb
        return f"a film has {gigabytes:g} GB at most here (API_MAX_UPLOAD_GB)"

    def get(self, upload_id: str) -> Upload:
        """An upload by its id; if it is whole and a server ended before it was given to a job, that
        is done now. Raises HTTPException (404), and what `finish` does."""
        upload = self._shelf.get(upload_id)
        if upload.state != "receiving" or self.offset(upload) != upload.size_bytes:
            return upload
        try:
            with closing(Partial(self._shelf, upload)):
                return self.finish(self._shelf.get(upload_id))
        except HTTPException as error:
            if error.status_code != 423:
                raise
            return upload  # which is being finished

    def offset(self, upload: Upload) -> int:
        """How many bytes have come."""
        return self._shelf.offset(upload)

    def expires_at(self, upload: Upload) -> datetime:
        """When it is forgotten if nothing more comes."""
        return datetime.fromtimestamp(self._shelf.expires_at(upload), UTC)

    def forget(self, upload_id: str) -> None:
        """Removes what has come of an upload; a film that is stored stays. Raises HTTPException:
        404, and 423 if another request still sends or finishes it."""
        upload = self._shelf.get(upload_id)
        if upload.state == "receiving":
            with closing(self._held(upload)):
                upload = self._shelf.get(upload_id)
                self._shelf.forget(upload)
        else:
            self._shelf.forget(upload)

    def _held(self, upload: Upload) -> Partial:
        """What has come of an upload, once the request that has sent it, and may just have been
        given up, has let go. Raises HTTPException (423)."""
        until_s = time.monotonic() + _LET_GO_S
        while True:
            try:
                return Partial(self._shelf, upload)
            except HTTPException as error:
                if error.status_code != 423 or time.monotonic() > until_s:
                    raise
            time.sleep(0.05)

    def find_video(self, upload: Upload) -> int | None:
        """The video of an upload, once there is one."""
        if upload.stored is None:
            return upload.video
        found = self._files.of([str(self._folder / upload.stored)])
        return found[0].video_id if found else None

    async def take_in(
        self, upload: Upload, offset: int, body: AsyncGenerator[bytes, None]
    ) -> Upload:
        """Writes what comes from `offset` on, which has to be where the upload ends; it is finished
        as soon as it is whole. What came before a fault is kept, on the disk.

        Raises HTTPException: 409 for another offset, 503 if too many are taken in, those of
        Partial and `finish`; what the body raises.
        """
        if self._num_at_once >= MAX_AT_ONCE:
            retry = {"Retry-After": str(RETRY_AFTER_S)}
            raise HTTPException(503, "too much is being sent at once: try again soon", retry)
        self._num_at_once += 1
        try:
            async with aclosing(body):
                with closing(await self.run(Partial, self._shelf, upload)) as partial:
                    return await self._take_in(upload, offset, body, partial)
        finally:
            self._num_at_once -= 1

    async def _take_in(
        self, upload: Upload, offset: int, body: AsyncGenerator[bytes, None], partial: Partial
    ) -> Upload:
        if offset != partial.offset:
            detail = f"{partial.offset} bytes have come: go on there"
            raise HTTPException(409, detail, {"Upload-Offset": str(partial.offset)})
        try:
            async for piece in body:
                await self.run(partial.write, piece)
        except HTTPException as refused:
            if refused.status_code == 415:
                self._shelf.forget(upload)
            raise
        finally:
            await self.run(partial.sync)
        if upload.size_bytes is None:
            upload = dataclasses.replace(upload, size_bytes=partial.offset)
            await self.run(self._shelf.save, upload)
        if upload.size_bytes == partial.offset:
            return await anyio.to_thread.run_sync(self.finish, upload, limiter=self._finishing)
        return upload

    def finish(self, upload: Upload) -> Upload:
        """Gives a whole upload to a job that ingests it, or finds that the library has it. If that
        is cut off at any point, it can be done again.

        Raises HTTPException (415) for what is no recording, which is removed; DatabaseError.
        """
        part = self._shelf.part(upload)
        if upload.stored is None:
            self._shelf.require_part(upload)
            self._require_recording(upload, part)
            video = self._find_same(part)
            if video is not None:
                return self._shelf.end(dataclasses.replace(upload, video=video))
            upload = dataclasses.replace(upload, stored=self._store(part, upload.name))
            self._shelf.save(upload)
        path = str(self._folder / str(upload.stored))
        job = self._jobs.submit(IngestRequest(paths=(path,)), priority=PRIORITY)
        return self._shelf.end(dataclasses.replace(upload, job=job))

    def _require_recording(self, upload: Upload, part: Path) -> None:
        try:
            require_recording(part, Isolation.of(self._settings))
        except HTTPException:
            self._shelf.forget(upload)
            raise

    def _find_same(self, part: Path) -> int | None:
        """The video of the library with this content, whose file is on this host."""
        files = self.same_size(part.stat().st_size)
        if not files:
            return None
        own = content_hash(part)
        return next((f.video_id for f in files if f.content_hash == own and f.is_intact()), None)

    def _store(self, part: Path, wanted: str) -> str:
        """The name under which a film lies in the folder from now on. A link, unlike a rename,
        never takes the place of another film; one with the same content, whose job may not have
        ended yet, is as good."""
        for path in _files_of_size(self._folder, part.stat().st_size):
            if _are_same(path, part):
                return path.name
        for name in numbered(wanted):
            try:
                os.link(part, self._folder / name)
            except FileExistsError:
                continue
            _sync_folder(self._folder)
            return name
        raise HTTPException(409, f"there are too many films called {wanted}: rename this one")

    def same_size(self, size_bytes: int) -> list[OwnFile]:
        """The files of the library that have a size, and that this server may read."""
        roots = self._settings.media_roots
        found = []
        for file in self._library.files_of_size(size_bytes):
            real = Path(os.path.realpath(file.path))
            if not roots or any(real.is_relative_to(root) for root in roots):
                found.append(file)
        return found

    def find_known(self, files: list[OwnFile], digest: str) -> VideoInfo | None:
        """The video of one of these files that has a digest. They are read for it, once."""
        for file in files[:MAX_COMPARED]:
            try:
                is_same = file.is_intact() and digest == digest_of(
                    file.path, file.size_bytes, file.mtime_ns
                )
            except OSError:
                continue
            if is_same:
                return self._library.get_video(file.video_id)
        return None

    def sweep(self) -> None:
        """Removes uploads that nobody goes on with, and finishes those that a server has left when
        it ended."""
        self._swept_at_s = time.monotonic()
        self._shelf.forget_expired()
        for upload in self._shelf.whole():
            try:
                self.get(upload.id)
            except (HTTPException, DatabaseError, OSError) as error:
                structlog.get_logger().warning("upload not finished", reason=str(error))


def _files_of_size(folder: Path, size_bytes: int) -> list[Path]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # somebody has just removed it
                if entry.is_file() and entry.stat().st_size == size_bytes:
                    found.append(Path(entry.path))
    return sorted(found)


def _are_same(path: Path, other: Path) -> bool:
    return path.samefile(other) or filecmp.cmp(path, other, shallow=False)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
