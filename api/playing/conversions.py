"""Conversions: children that make the segments of a video, one after the other, as long as somebody
asks for them."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from anyio import to_thread
from fastapi import HTTPException

from api.playing.conversion import MAX_S, Conversion
from api.playing.turns import Turns, try_again
from api.settings import ApiSettings
from database.errors import NotFound
from database.videos.read import VideoInfo
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.converted import convert, num_segments
from ingest.playing.copied import copy
from ingest.playing.layout import Layout, lay_out
from ingest.playing.store import SegmentStore, Variant

LEFT_S = 10.0
"""After which a conversion that nobody asks ends."""
_LEFT_IN_THE_WAY_S = 3.0
"""The same, where somebody waits for its turn."""
_SOUGHT_AWAY_S = 1.0
"""The same, where somebody has begun at another place of the video."""
_PATIENCE_S = 20.0
"""As long as a request waits; the work goes on for a while, for whoever asks again."""
_STALL_S = 20.0
_RETRY_S = 600.0
"""After which what could not be made is tried again: the machine may have been slow."""
_LAYOUT = -1
"""Stands for a number where a layout is made."""
_MAX_LAYOUT_S = 3600.0
"""As long as a file may be read for its layout: of a long recording on a slow disk, all of it is
read."""
_NUM_LAYOUTS = 32
"""Of layouts that are kept in memory: one of a day has some megabytes."""
_BEING_MADE = "this part of the video is being made"
_UNDER_WAY = (
    "not yet: the file is being read to its end once, to find where its segments begin, and that "
    "goes on meanwhile"
)
Found = TypeVar("Found")


@dataclass(frozen=True)
class Film:
    """A video, as somebody plays it."""

    video: VideoInfo
    variant: Variant
    sound: int | None
    """Which sound track; None where there is none."""
    find_file: Callable[[], Path]
    """Raises NotFound."""


@dataclass(frozen=True)
class Maker:
    """What makes the segments of a film, in a child."""

    function: Callable[..., Iterator[bytes]]
    arguments: tuple[object, ...]
    """Between the footage and the first number."""
    num_segments: int


class Conversions:
    """All conversions of a server, on its event loop. People at one place of a video share one."""

    def __init__(self, settings: ApiSettings, left_s: float = LEFT_S) -> None:
        self.turns = Turns(self._make_way)
        self._store = SegmentStore.of(settings)
        self._max_pixels = settings.ingest_max_pixels
        stall_s = min(settings.ingest_decode_stall_s, _STALL_S)
        self._isolation = Isolation(settings.ingest_decode_memory_mb, stall_s)
        self._left_s = left_s
        self._running: dict[Conversion, asyncio.Task[None]] = {}
        self._failed: dict[tuple[Hashable, int], tuple[str, float]] = {}
        """Why something could not be made, and until when it is not tried again."""
        self._layouts: dict[Variant, Layout] = {}
        """Those that were found or made last, which all segments need."""
        self._lock = threading.Lock()

    async def layout(self, film: Film) -> Layout:
        """How a film that is copied is cut into segments. It is made to its end though nobody
        waits any more, unless others need the turn. Raises what `segment` raises."""
        if film.variant not in self._layouts:
            kept = await to_thread.run_sync(self._store.find_layout, film.variant)
            if kept is not None:
                self._keep_layout(film.variant, Layout.of_json(kept))

        def find() -> Layout | None:
            return self._layouts.get(film.variant)

        key = ("layout", film.variant)
        return await self._there(find, film, key, _LAYOUT, partial(self._lay_out, film))

    async def segment(self, film: Film, number: int) -> Path:
        """The file of a segment: there, or made now.

        Raises NotFound if there is no such segment, or if it cannot be made; HTTPException (503) if
        it takes longer than a request waits, or others are in the way.
        """
        make = await self._making(film, number)
        find = partial(self._store.find, film.variant, number)
        path = await self._there(find, film, film.variant, number, make)
        for conversion in self._running:
            if conversion.key == film.variant and conversion.is_near(number):
                conversion.note(number)
        return path

    async def init(self, film: Film) -> Path:
        """The file that all segments of a film begin with. Raises what `segment` raises."""
        make = await self._making(film, 0)
        under_way = (each.next for each in self._running if each.key == film.variant)
        find = partial(self._store.find_init, film.variant)
        return await self._there(find, film, film.variant, next(under_way, 0), make)

    def end(self) -> None:
        """Ends all at once; who waits is told to try again."""
        self.turns.end()
        for conversion in self._running:
            conversion.end()
            conversion.close(try_again("the server is ending"))

    async def _making(self, film: Film, number: int) -> Callable[[Conversion], None]:
        """What makes the segments of a film. Raises NotFound if there are fewer."""
        maker = await self._maker(film)
        if number >= maker.num_segments:
            raise NotFound(
                f"video {film.video.id} has {maker.num_segments} segments: index.m3u8 names them"
            )
        return partial(self._make_segments, film, maker)

    async def _maker(self, film: Film) -> Maker:
        if film.variant.kind == "copied":
            layout = await self.layout(film)
            return Maker(copy, (film.sound, layout), len(layout.starts_s))
        duration_s = film.video.duration_s
        arguments = (film.sound, film.variant.lines, duration_s)
        return Maker(convert, arguments, num_segments(duration_s))

    async def _there(
        self,
        find: Callable[[], Found | None],
        film: Film,
        key: Hashable,
        number: int,
        make: Callable[[Conversion], None],
    ) -> Found:
        """What `find` finds, as soon as it is made; once more if a child was killed."""
        was_killed = False
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while (found := find()) is None:  # at once: else it might come meanwhile
                    self._require_not_failed(film, key, number)
                    conversion = self._reaching(key, number) or self._begin(film, key, number, make)
                    try:
                        await conversion.wait_for(number)
                    except DecoderKilled as error:
                        if was_killed:
                            raise try_again(str(error)) from error
                        was_killed = True
                    except VideoUnreadable as error:
                        raise _not_to_be_had(film, str(error)) from error
        except TimeoutError:
            raise try_again(_UNDER_WAY if number == _LAYOUT else _BEING_MADE) from None
        return found

    def _reaching(self, key: Hashable, number: int) -> Conversion | None:
        """What makes this number soon."""
        for each in self._running:
            if each.key == key and each.next <= number and each.is_near(number):
                return each
        return None

    def _begin(
        self, film: Film, key: Hashable, number: int, make: Callable[[Conversion], None]
    ) -> Conversion:
        """A conversion from this number on; one of the same video that is left for it ends."""
        content = film.variant.content_hash
        away_s = _SOUGHT_AWAY_S if self.turns.is_free else 0.0
        for each in self._running:
            is_left = each.content == content and each.idle_s() > away_s
            if is_left and not (each.goes_on and self.turns.is_free):
                each.end()
        is_layout = number == _LAYOUT
        left_s = math.inf if is_layout else self._left_s
        max_s = _MAX_LAYOUT_S if is_layout else MAX_S
        conversion = Conversion(key, content, number, left_s, max_s)
        self._running[conversion] = asyncio.create_task(self._run(film, conversion, make))
        return conversion

    async def _run(
        self, film: Film, conversion: Conversion, make: Callable[[Conversion], None]
    ) -> None:
        error: Exception | None = None
        try:
            async with self.turns.turn():
                if conversion.is_waited_for:  # who asked may have gone before its turn
                    error = await conversion.run(make)
        except HTTPException as busy:
            error = busy
        finally:
            del self._running[conversion]
        if error is not None and not isinstance(error, HTTPException):
            self._tell_failed(film, conversion, error)
        conversion.close(error)

    def _make_way(self) -> None:
        """Ends what nobody has needed for a while, for somebody who waits for a turn."""
        idlest = max(self._running, key=Conversion.idle_s, default=None)
        if idlest is not None and idlest.idle_s() > _LEFT_IN_THE_WAY_S:
            idlest.end()

    def _lay_out(self, film: Film, conversion: Conversion) -> None:
        """Runs in the thread of the conversion, as `_make_segments` does."""
        layout = self._isolation.run(
            lay_out,
            self._footage(film),
            film.sound,
            film.video.duration_s,
            on_progress=conversion.check,
        )
        film.find_file()  # raises where the file has become another meanwhile
        self._store.put_layout(film.variant, layout.to_json())
        self._keep_layout(film.variant, layout)
        conversion.made(_LAYOUT)

    def _keep_layout(self, variant: Variant, layout: Layout) -> None:
        """In memory, in place of the one that has been there longest."""
        with self._lock:
            kept = [*self._layouts.items()][-_NUM_LAYOUTS + 1 :]
            self._layouts = {**dict(kept), variant: layout}

    def _make_segments(self, film: Film, maker: Maker, conversion: Conversion) -> None:
        """One after the other, up to one that is there."""
        first = num_made = conversion.next
        arguments = (self._footage(film), *maker.arguments, first)
        segments = self._isolation.stream(maker.function, *arguments, on_progress=conversion.check)
        with contextlib.closing(segments):
            for number, segment in enumerate(segments, first):
                film.find_file()  # raises where the file has become another meanwhile
                self._store.put(film.variant, number, segment)
                if self._store.has(film.variant, number + 1):
                    return
                conversion.made(number)
                num_made = number + 1
        if num_made < maker.num_segments:
            raise VideoUnreadable("it ends before it should")

    def _footage(self, film: Film) -> Footage:
        return Footage(film.find_file(), film.video.clock, self._max_pixels)

    def _tell_failed(self, film: Film, conversion: Conversion, error: Exception) -> None:
        """Logs why nothing was made, and remembers it where it would be the same soon."""
        structlog.get_logger().warning(
            "conversion failed", video=film.video.id, source=film.variant.name, reason=str(error)
        )
        if isinstance(error, VideoUnreadable) and not isinstance(error, DecoderKilled):
            now_s = time.monotonic()
            self._failed = {k: v for k, v in self._failed.items() if v[1] > now_s}
            self._failed[conversion.key, conversion.next] = str(error), now_s + _RETRY_S

    def _require_not_failed(self, film: Film, key: Hashable, number: int) -> None:
        reason, until_s = self._failed.get((key, number), ("", 0.0))
        if until_s > time.monotonic():
            raise _not_to_be_had(film, reason)


def _not_to_be_had(film: Film, reason: str) -> NotFound:
    return NotFound(f"video {film.video.id} cannot be {film.variant.kind}: {reason}")
