"""What browsers do not play of a file as it is."""

from typing import Literal

from database.videos.streams import PictureStream, SoundStream, Streams

CONTAINERS = frozenset(("mov", "ogg", "wav", "mp3", "flac", "aac"))
"""Those that browsers open, beside WebM."""
_PICTURES = frozenset(("h264", "vp8", "vp9", "av1"))
_SOUNDS = frozenset(("aac", "mp3", "opus", "vorbis", "flac"))
"""Codecs that all browsers play."""
_WEBM = frozenset(("vp8", "vp9", "av1", "opus", "vorbis"))
_H264_BEYOND = {
    "6E": "h264 high 10",
    "7A": "h264 high 4:2:2",
    "F4": "h264 high 4:4:4",
}
"""Profiles that few browsers play, as their codec strings begin."""


NOT_FIRST = "not the first picture"
"""Why a file is not played of which another picture is the film: browsers play the first."""


def fault_of_picture(picture: PictureStream) -> str | None:
    """Why a picture is not played; None if it is."""
    if picture.codec not in _PICTURES:
        return picture.codec
    beyond = (picture.codec_string or "").partition(".")[2][:2]
    return _H264_BEYOND.get(beyond) if picture.codec == "h264" else None


def fault_of_sound(sound: SoundStream, container: str) -> str | None:
    """Why a sound is not played in a container; None if it is."""
    if sound.codec.startswith("pcm_"):
        return None if container == "wav" else "pcm"
    return None if sound.codec in _SOUNDS else sound.codec


def kind_needed(streams: Streams, *, is_clear: bool) -> Literal["copied", "converted"] | None:
    """How a file has to be made to play, with the sound that is heard first; None if it plays.
    `is_clear` says whether players can go by its time stamps."""
    picture, sound = streams.picture, next(iter(streams.sounds), None)
    if not is_clear or (picture and fault_of_picture(picture)):
        return "converted"
    codecs = {stream.codec for stream in (picture, sound) if stream}
    is_opened = streams.container in CONTAINERS or (
        streams.container == "matroska" and codecs <= _WEBM
    )
    if picture is not None and not picture.is_first:
        return "copied"
    if is_opened and not (sound and fault_of_sound(sound, streams.container)):
        return None
    return "copied" if picture else "converted"
