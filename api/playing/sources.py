"""What plays a video: its file, that copied into segments, or converted; the best comes first.

Browsers fail silently, so each source says what a browser is to be asked about it, and why it is
there: what is wrong with the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from api.media import media_type_of
from api.playing.playlists import MEDIA_TYPE
from database.videos.file_clock import FileClock
from database.videos.read import VideoInfo
from database.videos.streams import Streams
from ingest.playing.browsers import CONTAINERS, NOT_FIRST, fault_of_picture, fault_of_sound
from ingest.playing.converted_picture import PICTURE_CODEC
from ingest.playing.converted_sound import SOUND_CODEC
from ingest.playing.iframes import COPIED
from ingest.playing.store import Kind

_SAYING_ALL = frozenset(("flac", "aac"))
"""Containers of one codec: browsers deny them if the codec is named, too."""


@dataclass(frozen=True)
class Source:
    """An address that plays a video, with one of its sound tracks."""

    kind: Literal["original", "copied", "converted"]
    url: str
    type: str
    """The MIME type of what is there."""
    codecs: str | None
    """What stands after `codecs=` in what a browser is asked, empty where the type says all; None
    if no browser plays it, or another picture of it."""
    reason: str | None
    """What is wrong with the file, such as hevc or matroska; None if nothing is known to be."""
    sound: int
    """Position of the sound track in `Streams.sounds`; 0 of a film without sound, too."""


def sources_of(video: VideoInfo, streams: Streams) -> list[Source]:
    """All sources of a video."""
    faults = _Faults(video, streams)
    sounds = range(max(1, len(streams.sounds)))
    return [
        _original(video, streams, NOT_FIRST if faults.plays_another else None),
        *(
            _segments(video, streams, "copied", sound, faults.beside_picture(sound))
            for sound in sounds
            if faults.may_be_copied and faults.beside_picture(sound) is not None
        ),
        *(
            _segments(video, streams, "converted", sound, faults.of(sound))
            for sound in sounds
            if streams.picture is not None or streams.sounds
        ),
    ]


@dataclass(frozen=True)
class _Faults:
    """What is wrong with a file, for a browser."""

    video: VideoInfo
    streams: Streams

    @property
    def may_be_copied(self) -> bool:
        """Whether the packets of the picture can be played as they are."""
        picture, clock = self.streams.picture, self.video.clock
        return (
            picture is not None
            and picture.codec in COPIED
            and picture.codec_string is not None
            and (clock is None or len(clock) == 1)
        )

    @property
    def plays_another(self) -> bool:
        """Whether browsers play another picture of the file than the library's."""
        return self.streams.picture is not None and not self.streams.picture.is_first

    def of(self, sound: int) -> str | None:
        """Whatever it is."""
        if self.streams.picture is not None and (fault := fault_of_picture(self.streams.picture)):
            return fault
        if FileClock.of(self.video.clock).clear_until_s < self.video.duration_s:
            return "time stamps"
        return self.beside_picture(sound)

    def beside_picture(self, sound: int) -> str | None:
        """What is wrong if one of the sounds is to be heard, but for the picture: the container
        or the sound. Of several sounds browsers play the first."""
        if self.plays_another:
            return NOT_FIRST
        if sound > 0:
            return "second sound track" if sound == 1 else f"sound track {sound + 1}"
        container = self.streams.container
        if self.streams.sounds and (fault := fault_of_sound(self.streams.sounds[0], container)):
            return fault
        is_web = container in CONTAINERS or media_type_of(self.video).endswith("/webm")
        return None if is_web else container


def _original(video: VideoInfo, streams: Streams, fault: str | None) -> Source:
    """With a fault that browsers do not see: no codecs are to be asked for."""
    parts = [] if streams.picture is None else [streams.picture.codec_string]
    parts += [sound.codec_string for sound in streams.sounds[:1]]
    known = [part for part in parts if part is not None]
    codecs = ",".join(known) if known and len(known) == len(parts) else None
    if streams.container in _SAYING_ALL:
        codecs = ""
    if fault is not None:
        codecs = None
    url = f"/videos/{video.id}/stream"
    return Source("original", url, media_type_of(video), codecs, fault, 0)


def _segments(
    video: VideoInfo, streams: Streams, kind: Kind, sound: int, fault: str | None
) -> Source:
    codecs = _copied(streams, sound) if kind == "copied" else _converted(streams)
    url = f"/videos/{video.id}/hls/{kind}/{sound}/index.m3u8"
    return Source(kind, url, MEDIA_TYPE, ",".join(codecs), fault, sound)


def _copied(streams: Streams, sound: int) -> Iterator[str]:
    """Segments hold the parameters of pictures in their beginning; what is no AAC becomes AAC."""
    if streams.picture is not None and (picture := streams.picture.codec_string) is not None:
        yield picture.replace("hev1", "hvc1").replace("avc3", "avc1")
    if streams.sounds:
        own = streams.sounds[sound]
        yield (own.codec == "aac" and own.codec_string) or SOUND_CODEC


def _converted(streams: Streams) -> Iterator[str]:
    if streams.picture is not None:
        yield PICTURE_CODEC
    if streams.sounds:
        yield SOUND_CODEC
