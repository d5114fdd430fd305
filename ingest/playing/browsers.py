"""What browsers play of a file as it is."""

from typing import Literal

from database.videos.streams import Streams

PICTURES = frozenset(("h264", "vp8", "vp9", "av1"))
SOUNDS = frozenset(("aac", "mp3", "opus", "vorbis", "flac"))
"""Codecs that all browsers play."""
CONTAINERS = frozenset(("mov", "ogg", "wav", "mp3", "flac", "aac"))
"""Those that browsers open, beside WebM."""
_WEBM = frozenset(("vp8", "vp9", "av1", "opus", "vorbis"))


def kind_needed(streams: Streams, *, has_one_clock: bool) -> Literal["copied", "converted"] | None:
    """How a file has to be made to play, with the sound that is heard first; None if it does."""
    picture = streams.picture
    if (picture and picture.codec not in PICTURES) or not has_one_clock:
        return "converted"
    codecs = {picture.codec} if picture else set()
    codecs |= {sound.codec for sound in streams.sounds[:1]}
    is_webm = streams.container == "matroska" and codecs <= _WEBM
    is_played = codecs <= PICTURES | SOUNDS and (streams.container in CONTAINERS or is_webm)
    if is_played or not codecs:
        return None
    return "copied" if picture else "converted"
