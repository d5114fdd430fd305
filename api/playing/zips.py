"""Zips of clips, sent while they grow: of each clip no more than itself lies on the disk."""

import asyncio
import io
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from api.playing.clips import Clips, Cut, clip_in
from database.errors import NotFound
from ingest.playing.zipped import ClipsZip
from search.errors import InvalidQuery

MAX_CLIPS = 200
MAX_ZIP_S = 1800.0
"""Of all clips of a zip together."""
_CHUNK_BYTES = 256 * 1024
_PATIENCE_S = 120.0
"""As long as a clip waits while others are in the way, once the zip has begun."""
_AGAIN_S = 2.0

FindFile = Callable[[int], Path]
"""The file of a video, by its id."""


async def zipped(
    clips: Clips, wanted: Sequence[tuple[str, Cut]], find_file: FindFile
) -> AsyncIterator[bytes]:
    """A zip of clips, each with its name, from the first that can be made on; those that cannot are
    named within it, with the reason.

    Raises NotFound if none can be made, HTTPException (503) if others are in the way of the first.
    """
    num_made, reasons = 0, []
    with _Drain(clips.folder) as drain:
        with ClipsZip(drain) as target:
            for name, cut in wanted:
                try:
                    folder = await _made(clips, cut, find_file, patience_s=_PATIENCE_S * num_made)
                    await _to_its_end(run_in_threadpool(target.add, name, clip_in(folder)[0]))
                except (NotFound, InvalidQuery) as error:
                    reasons.append(str(error))
                    target.leave_out(name, str(error))
                    continue
                num_made = 1
                async for chunk in iterate_in_threadpool(drain.take()):
                    yield chunk
            if not num_made:
                raise NotFound("; ".join(dict.fromkeys(reasons))[:1000])
        async for chunk in iterate_in_threadpool(drain.take()):
            yield chunk


async def _to_its_end(work: Coroutine[Any, Any, object]) -> None:
    """Waits for a thread that writes; who is cancelled meanwhile, too: it has the file open."""
    writing = asyncio.ensure_future(work)
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


async def _made(clips: Clips, cut: Cut, find_file: FindFile, *, patience_s: float) -> Path:
    """The folder of a clip, asked for again while others are in the way."""
    late_s = time.monotonic() + patience_s
    while True:
        try:
            return await clips.made(cut, lambda: find_file(cut.video.id))
        except HTTPException as error:
            is_busy = error.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            if not is_busy or not patience_s:
                raise
            if time.monotonic() > late_s:
                raise NotFound(str(error.detail)) from None
        await asyncio.sleep(_AGAIN_S)


class _Drain(io.BufferedRandom):
    """A file on the disk that is written at one end, and taken away from the other."""

    def __init__(self, folder: Path) -> None:
        """In a folder: that of the system may lie in memory, and a clip has gigabytes."""
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(tempfile.TemporaryFile(buffering=0, dir=folder))  # noqa: SIM115
        self._num_taken = 0

    def tell(self) -> int:
        """As if all of it were there still."""
        return super().tell() + self._num_taken

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Likewise, to what was not taken yet."""
        if whence == os.SEEK_SET:
            offset -= self._num_taken
        return super().seek(offset, whence) + self._num_taken

    def take(self) -> Iterator[bytes]:
        """All that was written since, which nothing is written over any more."""
        num_bytes = super().tell()
        super().seek(0)
        while chunk := self.read(_CHUNK_BYTES):
            yield chunk
        super().seek(0)
        super().truncate(0)
        self._num_taken += num_bytes
