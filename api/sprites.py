"""Sprite sheets of videos: made when they are first asked for, and kept for a while."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import HTTPException

from api.settings import ApiSettings
from database.errors import NotFound
from database.videos.forgetting import SPRITES
from database.videos.read import VideoInfo
from database.videos.records import require_content_hash
from embeddings.weights.cached import written_whole
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.media.sprites import FORMAT, INDEX, write_sheets_aside

MAX_KEPT = 1000
"""Videos whose sheets are kept; those of a long one take about 2 MB."""
MAX_AT_ONCE = 2
MAX_QUEUED = 32
_PATIENCE_S = 20.0
"""As long as a request waits; the work goes on for a while, for whoever asks again."""
_LEFT_S = 10.0
"""After which work that nobody waits for ends."""
_LEFT_IN_THE_WAY_S = 3.0
"""The same, where other work waits; as long as `Retry-After` takes to ask again."""
_STALL_S = 20.0
_MAX_S = 120.0
"""As long as a video may be worked on: a damaged one may take long over every tile."""
_RETRY_S = 600.0
"""After which a video that could not be decoded is tried again: the machine may have been slow."""
_LEFTOVER_S = 3600.0


def _uncancelled() -> Future[Path]:
    """Of work that goes on when one of those who wait for it goes away."""
    folder: Future[Path] = Future()
    folder.set_running_or_notify_cancel()
    return folder


@dataclass(eq=False)
class Making:
    """The sheets of a video: queued, being made, or made."""

    video: VideoInfo
    find_file: Callable[[], Path]
    asked_s: float
    """When somebody last came for them or went away."""
    num_waiting: int = 0
    folder: Future[Path] = field(default_factory=_uncancelled)

    def is_left(self, seconds: float) -> bool:
        """Whether nobody has waited for so long."""
        return self.num_waiting == 0 and time.monotonic() - self.asked_s > seconds


class Sprites:
    """A folder with the sheets of each video, by the hash of its content.

    What was asked for last is made first: it is what somebody looks at now.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._shared = settings.shared
        self._folder = settings.home / SPRITES / FORMAT
        self._max_pixels = settings.ingest_max_pixels
        stall_s = min(settings.ingest_decode_stall_s, _STALL_S)
        self._isolation = Isolation(settings.ingest_decode_memory_mb, stall_s)
        self._lock = threading.Lock()
        """Of what follows; no file is touched under it: one on a mount that hangs would hold it."""
        self._begun: dict[str, Making] = {}
        self._queue: list[Making] = []
        """Of those begun, what no thread has taken up; the last one is next."""
        self._num_threads = 0
        self._unreadable: dict[str, tuple[str, float]] = {}
        """Why a content has no sheets, and until when it is not tried again."""

    def find(self, video: VideoInfo, find_file: Callable[[], Path]) -> Making:
        """A video's sheets and INDEX: there, or to be made from its file, once for all who ask; to
        be waited for with `made`. Raises DatabaseError for a content hash that is none."""
        require_content_hash(video.content_hash)
        making = Making(video, find_file, time.monotonic())
        folder = self._folder / video.content_hash
        if _is_kept(folder):
            making.folder.set_result(folder)
            return making
        with self._lock:
            if begun := self._begun.get(video.content_hash):
                begun.asked_s = time.monotonic()
                self._begin(begun)
                return begun
            reason, until_s = self._unreadable.get(video.content_hash, ("", 0.0))
            if until_s > time.monotonic():
                making.folder.set_exception(_no_sheets(video, reason))
            else:
                self._begun[video.content_hash] = making
                self._queue.append(making)
                self._begin(making)
        return making

    def _begin(self, making: Making) -> None:
        """Puts queued work first, and has a thread for it."""
        if making not in self._queue:
            return
        self._queue.remove(making)
        self._queue.append(making)
        if len(self._queue) > MAX_QUEUED:
            self._give_up(self._queue.pop(0))
        if self._num_threads < MAX_AT_ONCE:
            self._num_threads += 1
            # A daemon: a server that is told to end does not wait for stills.
            threading.Thread(target=self._work, daemon=True).start()

    def _give_up(self, making: Making) -> None:
        del self._begun[making.video.content_hash]
        making.folder.set_exception(_try_again("the stills of other videos are being made"))

    def _work(self) -> None:
        while making := self._next():
            self._make(making)

    def _next(self) -> Making | None:
        """What was asked for last, of what somebody waits for; without any, this thread ends."""
        with self._lock:
            while self._queue:
                making = self._queue.pop()
                if not making.is_left(_LEFT_IN_THE_WAY_S):
                    return making
                self._give_up(making)
            self._num_threads -= 1
            return None

    def _make(self, making: Making) -> None:
        video = making.video
        folder = self._folder / video.content_hash
        try:
            if not _is_kept(folder):
                with written_whole(folder) as partial:
                    if not self._bring(folder, partial):
                        footage = Footage(making.find_file(), video.clock, self._max_pixels)
                        self._isolation.run(
                            write_sheets_aside,
                            footage,
                            partial,
                            video.duration_s,
                            on_progress=self._ending(making),
                        )
                        self._share(folder, partial)
                self._forget_old()
            making.folder.set_result(folder)
        except DecoderKilled as error:
            making.folder.set_exception(_try_again(str(error)))
        except VideoUnreadable as error:
            with self._lock:
                self._unreadable[video.content_hash] = (str(error), time.monotonic() + _RETRY_S)
            making.folder.set_exception(_no_sheets(video, str(error)))
        except Exception as error:  # for those who wait: this thread has nobody to tell
            making.folder.set_exception(error)
        finally:
            with self._lock:
                del self._begun[video.content_hash]

    def _bring(self, folder: Path, partial: Path) -> bool:
        """Whether another host has shared the sheets of a folder, which are then in `partial`."""
        if self._shared is None or not self._shared.has(folder / INDEX):
            return False
        partial.mkdir()
        self._shared.bring_into(partial, folder)
        return (partial / INDEX).is_file()

    def _share(self, folder: Path, partial: Path) -> None:
        """Sends the sheets of a folder, its INDEX last: with it, all others are there."""
        if self._shared is not None:
            sheets = sorted(partial.iterdir(), key=lambda path: path.name == INDEX)
            for group in (sheets[:-1], sheets[-1:]):
                self._shared.send({path: folder / path.name for path in group})

    def _ending(self, making: Making) -> Callable[[float], None]:
        """Ends work that takes too long, or that nobody waits for."""
        deadline_s = time.monotonic() + _MAX_S

        def check(_part: float) -> None:
            if time.monotonic() > deadline_s:
                raise VideoUnreadable(f"decoding took more than {_MAX_S:.0f} s")
            if making.is_left(_LEFT_IN_THE_WAY_S if self._queue else _LEFT_S):
                raise _try_again("nobody waited for the stills of this video")

        return check

    def _forget_old(self) -> None:
        """Removes the sheets that were asked for longest ago, and what a killed server left."""
        kept = [path for path in self._folder.iterdir() if path.suffix != ".part"]
        kept.sort(key=_touched_s)
        old_s = time.time() - _LEFTOVER_S
        left = [path for path in self._folder.glob("*.part") if _touched_s(path) < old_s]
        for path in (*kept[:-MAX_KEPT], *left):
            shutil.rmtree(path, ignore_errors=True)


async def made(making: Making) -> Path:
    """The folder of a video's sheets. Raises NotFound if its file has gone or cannot be decoded,
    HTTPException (503) if it takes longer than a request waits or others are in the way."""
    making.num_waiting += 1
    try:
        return await asyncio.wait_for(asyncio.wrap_future(making.folder), _PATIENCE_S)
    except TimeoutError:
        raise _try_again("the stills of this video are being made") from None
    finally:
        making.num_waiting -= 1
        making.asked_s = time.monotonic()


def _is_kept(folder: Path) -> bool:
    """Whether sheets are there; if so, they count as asked for last."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return (folder / INDEX).is_file()


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
