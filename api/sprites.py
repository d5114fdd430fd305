"""Sprite sheets of videos: made when they are first asked for, and kept for a while."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from fastapi import HTTPException

from api.settings import ApiSettings
from database.errors import NotFound
from database.videos.read import VideoInfo
from embeddings.weights.cached import written_whole
from ingest.errors import VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.sprites import INDEX, write_sheets_aside

MAX_KEPT = 1000
"""Videos whose sheets are kept; those of a long one take about 2 MB."""
MAX_AT_ONCE = 2
_MAX_BEGUN = 32
"""Videos that are worked on, or wait for it."""
_PATIENCE_S = 20.0
"""As long as a request waits; the work goes on, for whoever asks again."""
_STALL_S = 20.0
_MAX_S = 120.0
"""As long as a video may be worked on: a damaged one may take long over every tile."""
_RETRY_S = 600.0
"""After which a video that could not be decoded is tried again: the machine may have been slow."""
_LEFTOVER_S = 3600.0


class Sprites:
    """A folder with the sheets of each video, by the hash of its content."""

    def __init__(self, settings: ApiSettings) -> None:
        self._folder = settings.home / "sprites"
        self._max_pixels = settings.ingest_max_pixels
        stall_s = min(settings.ingest_decode_stall_s, _STALL_S)
        self._isolation = Isolation(settings.ingest_decode_memory_mb, stall_s)
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._begun: dict[str, Future[Path]] = {}
        self._unreadable: dict[str, tuple[str, float]] = {}
        """Why a content has no sheets, and until when it is not tried again."""

    def find(self, video: VideoInfo, find_file: Callable[[], Path]) -> Future[Path]:
        """The folder with a video's sheets and INDEX: there, or to be made from its file, once for
        all who ask.

        The future raises NotFound for a file that cannot be decoded any more. Raises HTTPException
        (503) if too many wait, and what `find_file` raises.
        """
        folder = self._folder / video.content_hash
        with self._lock:
            if begun := self._begun.get(video.content_hash):
                return begun
            future: Future[Path] = Future()
            if (folder / INDEX).is_file():
                os.utime(folder)  # it was asked for last
                future.set_result(folder)
            elif self._unreadable.get(video.content_hash, ("", 0.0))[1] > time.monotonic():
                reason = self._unreadable[video.content_hash][0]
                future.set_exception(_no_sheets(video, reason))
            else:
                self._begin(video, find_file(), future)
            return future

    def _begin(self, video: VideoInfo, path: Path, future: Future[Path]) -> None:
        if len(self._begun) >= _MAX_BEGUN:
            raise _try_again("the stills of other videos are being made")
        self._begun[video.content_hash] = future
        # A daemon: a server that is told to end does not wait for stills.
        threading.Thread(target=self._work, args=(video, path, future), daemon=True).start()

    def _work(self, video: VideoInfo, path: Path, future: Future[Path]) -> None:
        folder = self._folder / video.content_hash
        try:
            with self._places, written_whole(folder) as partial:
                self._isolation.run(
                    write_sheets_aside,
                    path,
                    partial,
                    video.duration_s,
                    self._max_pixels,
                    on_progress=_until(time.monotonic() + _MAX_S),
                )
            self._forget_old()
            future.set_result(folder)
        except VideoUnreadable as error:
            retry_s = time.monotonic() + _RETRY_S
            self._unreadable[video.content_hash] = (str(error), retry_s)
            future.set_exception(_no_sheets(video, str(error)))
        except Exception as error:  # for those who wait: this thread has nobody to tell
            future.set_exception(error)
        finally:
            with self._lock:
                del self._begun[video.content_hash]

    def _forget_old(self) -> None:
        """Removes the sheets that were asked for longest ago, and what a killed server left."""
        kept = [path for path in self._folder.iterdir() if path.suffix != ".part"]
        kept.sort(key=_touched_s)
        old_s = time.time() - _LEFTOVER_S
        left = [path for path in self._folder.glob("*.part") if _touched_s(path) < old_s]
        for path in (*kept[:-MAX_KEPT], *left):
            shutil.rmtree(path, ignore_errors=True)


async def made(work: Future[Path]) -> Path:
    """The folder that work ends with. Raises HTTPException (503) if it takes longer than a request
    waits, and what the work raises."""
    try:
        # Shielded: the work goes on when one of those who wait for it goes away.
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(work)), _PATIENCE_S)
    except TimeoutError:
        raise _try_again("the stills of this video are being made") from None


def _until(deadline_s: float) -> Callable[[float], None]:
    """Ends work that goes on after a time."""

    def check(_part: float) -> None:
        if time.monotonic() > deadline_s:
            raise VideoUnreadable(f"decoding took more than {_MAX_S:.0f} s")

    return check


def _touched_s(path: Path) -> float:
    """When a folder was asked for last; now for one that another server has just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _no_sheets(video: VideoInfo, reason: str) -> NotFound:
    return NotFound(f"no stills can be made of video {video.id}: {reason}")


def _try_again(why: str) -> HTTPException:
    return HTTPException(503, f"{why}; try again in a few seconds", {"Retry-After": "2"})
