"""The streams of a video, read from its file where no ingest has kept them."""

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
from ingest.errors import VideoUnreadable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.facts import read_streams

_MAX_S = 20.0
"""As long as a file may be read for them."""


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


def read_streams_of(
    video: VideoInfo, find_file: Callable[[], Path], database: Database, settings: ApiSettings
) -> Known:
    """The streams of a video that has none yet, which are kept with it from now on; `find_file`
    raises NotFound. Raises DatabaseError."""
    deadline_s = time.monotonic() + _MAX_S

    def check(_part: float) -> None:
        if time.monotonic() > deadline_s:
            raise VideoUnreadable(f"its beginning took more than {_MAX_S:.0f} s to decode")

    isolation = Isolation(
        settings.ingest_decode_memory_mb, min(settings.ingest_decode_stall_s, _MAX_S)
    )
    try:
        footage = Footage(find_file(), video.clock, settings.ingest_max_pixels)
        streams = isolation.run(read_streams, footage, on_progress=check)
    except NotFound as error:
        return Known(_told(video), str(error))
    except VideoUnreadable as error:
        return Known(_told(video), f"the file of video {video.id} could not be read: {error}")
    Store(database).set_streams(video.id, streams)
    return Known(streams)


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
