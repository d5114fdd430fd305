"""The streams of a file that are played: what browsers are asked, and what an editor counts by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class PictureStream:
    """The film, as its first frames have it."""

    codec: str
    """FFmpeg's name, such as hevc."""
    codec_string: str | None
    """RFC 6381, such as hvc1.1.6.L93.B0; None for what no browser knows."""
    rate: tuple[int, int] | None
    """Frames per second as a fraction, such as (30000, 1001); None if there is no one rate."""
    first_s: float
    """The presented time of the first frame."""
    width_px: int
    """As coded, before it is turned."""
    height_px: int
    is_first: bool = True
    """Whether it is the first of the pictures of the file, which is what browsers play."""


@dataclass(frozen=True)
class SoundStream:
    """A sound track."""

    codec: str
    codec_string: str | None
    language: str | None
    title: str | None
    num_channels: int


@dataclass(frozen=True)
class Streams:
    """The film and the sound tracks of a file."""

    container: str
    """FFmpeg's name, such as matroska."""
    picture: PictureStream | None
    sounds: tuple[SoundStream, ...]
    """The one that people would hear comes first."""
    timecode: str | None
    """Of the first frame: 01:00:00:00, or 01:00:00;00 where frames are dropped; None without."""

    def to_json(self) -> dict[str, Any]:
        """As `video.streams` holds it."""
        return asdict(self)

    @classmethod
    def of_json(cls, value: Mapping[str, Any] | None) -> Self | None:
        """What `to_json` gave; None for None."""
        if value is None:
            return None
        picture = value["picture"]
        if picture is not None:
            rate = picture["rate"]
            picture = PictureStream(**{**picture, "rate": None if rate is None else tuple(rate)})
        sounds = tuple(SoundStream(**sound) for sound in value["sounds"])
        return cls(value["container"], picture, sounds, value["timecode"])
