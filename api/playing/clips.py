"""Clips of videos: made when they are asked for, once for all who ask, and kept for a while."""

import asyncio
import contextlib
import functools
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from api.playing.turns import MAX_AT_ONCE, Turns, try_again
from api.settings import ApiSettings
from database.errors import NotFound
from database.videos.forgetting import CLIPS
from database.videos.read import VideoInfo
from database.videos.records import require_content_hash
from embeddings.weights.cached import written_whole
from ingest.errors import DecoderKilled, NotClippable, VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.clip import ClipMade, write_clip
from search.errors import InvalidQuery

FORMAT = "v1"
"""Of what is kept, and in ETags."""
CLIP = "clip.mp4"
_MADE = "made.json"
_MAX_KEPT_BYTES = 4 << 30
_MAX_KEPT_S = 3600.0
"""After which a clip that nobody asks for is removed."""
_LEFT_S = 3.0
"""After which work that nobody waits for ends."""
_MAX_S = 3600.0
"""As long as a clip may be worked on."""
_STALL_S = 60.0


@dataclass(frozen=True)
class Cut:
    """A clip, as it is asked for."""

    video: VideoInfo
    start_s: float
    end_s: float
    is_exact: bool
    sounds: tuple[int, ...] | None
    """Which sound tracks, counted from 0; None for all that there are."""

    @property
    def name(self) -> str:
        """What no other clip is called."""
        kind = "exact" if self.is_exact else "fast"
        times = f"{round(self.start_s * 1000)}-{round(self.end_s * 1000)}"
        sounds = "all" if self.sounds is None else "-".join(map(str, self.sounds)) or "none"
        return f"{self.video.content_hash}-{times}-{kind}-{sounds}"


@dataclass(eq=False)
class _Making:
    """A clip that is being made."""

    num_waiting: int = 0
    left_s: float = field(default_factory=time.monotonic)
    """When somebody last came for it or went away."""
    task: "asyncio.Task[Path] | None" = None

    def is_left(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.num_waiting == 0 and time.monotonic() - self.left_s > _LEFT_S


class Clips:
    """A folder with clips, which the servers of a home share."""

    def __init__(self, settings: ApiSettings, turns: Turns) -> None:
        self.folder = settings.home / CLIPS
        """Also of what zips of clips hold for a moment."""
        self._max_pixels = settings.ingest_max_pixels
        self._max_s = settings.api_max_clip_s
        stall_s = min(settings.ingest_decode_stall_s, _STALL_S)
        self._isolation = Isolation(settings.ingest_decode_memory_mb, stall_s)
        self._turns = turns
        self._begun: dict[str, _Making] = {}
        self._is_over = False

    def sweep(self) -> None:
        """Removes what servers that have ended left. What is newer may be another's, of the same
        home, which is at work on it."""
        old_s = time.time() - _MAX_KEPT_S
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # the other has removed it
                if _touched_s(path) < old_s:
                    shutil.rmtree(path, ignore_errors=True)

    def end(self) -> None:
        """Ends what is being made, at its next step."""
        self._is_over = True

    async def made(self, cut: Cut, find_file: Callable[[], Path]) -> Path:
        """The folder of a clip, to be read with `clip_in` at once. Who is cancelled lets go of it,
        and what nobody waits for ends.

        Raises NotFound, InvalidQuery for one that cannot be made as it was asked for, HTTPException
        (503) where others are in the way.
        """
        require_content_hash(cut.video.content_hash)
        if cut.end_s - cut.start_s > self._max_s:
            raise InvalidQuery(
                f"a clip of {cut.end_s - cut.start_s:.0f} s is longer than the {self._max_s:.0f} s "
                "that API_MAX_CLIP_S allows: ask for a shorter part"
            )
        making = self._begun.get(cut.name)
        if making is None:
            making = self._begun[cut.name] = _Making()
            making.task = asyncio.create_task(self._make(cut, find_file, making))
            making.task.add_done_callback(asyncio.Task.exception)  # who waited may have gone
        assert making.task is not None
        making.num_waiting += 1
        try:
            return await asyncio.shield(making.task)
        finally:
            making.num_waiting -= 1
            making.left_s = time.monotonic()

    async def _make(self, cut: Cut, find_file: Callable[[], Path], making: _Making) -> Path:
        folder = self.folder / FORMAT / cut.name
        try:
            if not await to_thread.run_sync(_is_kept, folder, find_file, limiter=_workers()):
                async with self._turns.turn():
                    await to_thread.run_sync(
                        self._write, cut, find_file, folder, making, limiter=_workers()
                    )
            return folder
        finally:
            del self._begun[cut.name]

    def _write(
        self, cut: Cut, find_file: Callable[[], Path], folder: Path, making: _Making
    ) -> None:
        footage = Footage(find_file(), cut.video.clock, self._max_pixels)
        span = (cut.start_s, cut.end_s, cut.is_exact, cut.sounds)
        try:
            with written_whole(folder) as partial:
                partial.mkdir()
                clip = self._isolation.run(
                    write_clip, footage, partial / CLIP, *span, on_progress=self._ending(making)
                )
                find_file()  # raises where the file has become another meanwhile
                (partial / _MADE).write_text(json.dumps(asdict(clip)))
        except DecoderKilled as error:
            raise try_again(str(error)) from None
        except NotClippable as error:
            raise InvalidQuery(f"no such clip of video {cut.video.id}: {error}") from None
        except VideoUnreadable as error:
            raise NotFound(f"no clip can be made of video {cut.video.id}: {error}") from None
        self._forget_old()

    def _ending(self, making: _Making) -> Callable[[float], None]:
        """Ends work that takes too long, or that nobody waits for."""
        deadline_s = time.monotonic() + _MAX_S

        def check(_part: float) -> None:
            if self._is_over:
                raise try_again("the server is ending")
            if making.is_left():
                raise try_again("nobody waited for this clip")
            if time.monotonic() > deadline_s:
                raise VideoUnreadable(f"it took more than {_MAX_S:.0f} s; ask for a shorter one")

        return check

    def _forget_old(self) -> None:
        """Removes clips that were asked for longest ago, until the others fit."""
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile: the next one goes on
            kept = [path for path in (self.folder / FORMAT).iterdir() if path.suffix != ".part"]
            kept.sort(key=_touched_s, reverse=True)
            num_bytes = 0
            for number, path in enumerate(kept):
                num_bytes += sum(each.stat().st_size for each in path.iterdir())
                is_old = time.time() - _touched_s(path) > _MAX_KEPT_S
                if number and (is_old or num_bytes > _MAX_KEPT_BYTES):
                    shutil.rmtree(path, ignore_errors=True)


def clip_in(folder: Path) -> tuple[Path, ClipMade]:
    """The file of a clip that was made, and where it really begins and ends. Raises HTTPException
    (503) if it was removed meanwhile."""
    try:
        return folder / CLIP, ClipMade(**json.loads((folder / _MADE).read_bytes()))
    except FileNotFoundError:
        raise try_again("the clip was removed to make room") from None


def _is_kept(folder: Path, find_file: Callable[[], Path]) -> bool:
    """Whether a clip is there; if so, it counts as asked for last. Raises NotFound where its film
    is not, or may not be read any more."""
    find_file()
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return True


def _touched_s(path: Path) -> float:
    """When a clip was asked for last."""
    return path.stat().st_mtime


@functools.cache
def _workers() -> CapacityLimiter:
    """The threads that wait for children, of their own."""
    return CapacityLimiter(2 * MAX_AT_ONCE)
