"""The streams of a video, read from its file where no ingest has kept them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from api.codecs import common_name
from api.settings import ApiSettings
from database.errors import NotFound
from database.server.connection import Database
from database.videos.read import VideoInfo
from database.videos.stored import Store
from database.videos.streams import PictureStream, SoundStream, Streams
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.facts import read_streams

_MAX_S = 20.0
"""As long as a file may be read for them."""
_RETRY_S = 600.0
"""After which a file that could not be read is tried again: the machine may have been slow."""


@dataclass(frozen=True)
class Known:
    """What is known of the streams of a video."""

    streams: Streams
    why_no_more: str | None = None
    """Why these are only what the library says of its codecs."""

    @classmethod
    def of(cls, video: VideoInfo) -> Self | None:
        """What was kept of them; None for a video of before they were."""
        return None if video.streams is None else cls(video.streams)


class StreamsOfBefore:
    """The streams of videos of before they were kept, read from their files in a child; threads
    may share it. A file that cannot be read is not tried again for ten minutes."""

    def __init__(self, settings: ApiSettings, database: Database) -> None:
        self._store = Store(database)
        self._max_pixels = settings.ingest_max_pixels
        stall_s = min(settings.ingest_decode_stall_s, _MAX_S)
        self._isolation = Isolation(settings.ingest_decode_memory_mb, stall_s)
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[str, float]] = {}
        """By content: why it could not be read, and until when it is not tried again."""

    def read(self, video: VideoInfo, find_file: Callable[[], Path]) -> Known:
        """Those of a video that has none yet, which are kept with it from now on; `find_file`
        raises NotFound. Raises DatabaseError."""
        try:
            path = find_file()
            self._require_not_failed(video)
            footage = Footage(path, video.clock, self._max_pixels)
            streams = self._isolation.run(read_streams, footage, on_progress=_until_late())
        except NotFound as error:
            return Known(_told(video), str(error))
        except VideoUnreadable as error:
            self._note_failed(video, error)
            return Known(_told(video), f"the file of video {video.id} could not be read: {error}")
        self._store.set_streams(video.id, streams)
        return Known(streams)

    def _require_not_failed(self, video: VideoInfo) -> None:
        with self._lock:
            reason, until_s = self._failed.get(video.content_hash, ("", 0.0))
        if until_s > time.monotonic():
            raise VideoUnreadable(reason)

    def _note_failed(self, video: VideoInfo, error: VideoUnreadable) -> None:
        """Remembers what would be the same soon."""
        if isinstance(error, DecoderKilled):
            return
        now_s = time.monotonic()
        with self._lock:
            self._failed = {k: v for k, v in self._failed.items() if v[1] > now_s}
            self._failed.setdefault(video.content_hash, (str(error), now_s + _RETRY_S))


def _until_late() -> Callable[[float], None]:
    """Told of progress, ends what takes too long."""
    deadline_s = time.monotonic() + _MAX_S

    def check(_part: float) -> None:
        if time.monotonic() > deadline_s:
            raise VideoUnreadable(f"its beginning took more than {_MAX_S:.0f} s to decode")

    return check


def _told(video: VideoInfo) -> Streams:
    """What the library says, which does not know their profiles."""
    picture: PictureStream | None = None
    sounds: tuple[SoundStream, ...] = ()
    if video.video_codec:
        name = common_name(video.video_codec)
        picture = PictureStream(name, None, None, 0.0, video.width_px or 0, video.height_px or 0)
    if video.audio_codec:
        sounds = (SoundStream(common_name(video.audio_codec), None, None, None, 0),)
    return Streams(video.container, picture, sounds, None)
