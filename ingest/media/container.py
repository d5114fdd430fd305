"""Containers and their headers: told by content, never by name, and refused before decoding."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from ingest.errors import NotMedia, StillImage, VideoUnreadable
from ingest.media import matroska, ogg
from ingest.media.chapters import Chapter, read_chapters
from ingest.media.damage import COPY_AGAIN
from ingest.media.formats import (
    FORMATS,
    MOVING,
    NO_DECODER,
    TRANSMITTED,
    looks_like_media,
    still_image,
)
from ingest.media.streams import Choice, choose
from ingest.media.subtitles import SubtitleTrack, subtitle_tracks
from ingest.media.transport import HEAD_BYTES

_LONG_LOOK = {"probesize": str(48 << 20), "analyzeduration": str(45_000_000)}
"""Bytes and microseconds that are searched for streams where no list of them is at the beginning,
in place of 5 MB and 5 s: sound may begin late."""
_FAR_START_S = 60.0
"""A clock that begins later than this is one of its own, as from 1970."""
_FIRST_YEAR, _LAST_YEAR = 1980, 9999


@dataclass(frozen=True)
class Track:
    """A stream of a container that can be decoded, as its header names it."""

    index: int
    codec: str
    language: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Probe:
    """What a container's header claims; measured facts come from decoding."""

    container: str
    title: str | None
    video: Track | None
    """The film: neither a preview nor a cover."""
    sounds: tuple[Track, ...]
    """Of the same programme; the one that people would hear comes first."""
    later_videos: tuple[int, ...]
    """Indexes of streams of pictures that have not begun: the film may go on in one of them."""
    left_out: tuple[str, ...]
    """Streams that cannot be decoded, each in words with its reason."""
    start_s: float
    """Where the container's clock begins; players call it 0."""
    declared_s: float | None
    """The duration, if the header says one."""
    recorded_at: datetime | None = None
    subtitles: tuple[SubtitleTrack, ...] = ()
    """Of the same programme."""
    chapters: tuple[Chapter, ...] = ()
    """By the container's clock; only those whose titles say something."""

    @property
    def is_readable(self) -> bool:
        """Whether there is a stream that can be decoded."""
        return self.video is not None or bool(self.sounds)


def open_media(path: Path, first_byte: int = 0) -> InputContainer:
    """The open container at an absolute path of a regular file, or in it from a byte on, to be
    closed. Where recordings were joined it is one of them, if that can be told.

    Raises NotMedia, StillImage, VideoUnreadable.
    """
    end = matroska.end_if_followed(path, first_byte) or ogg.end_if_followed(path, first_byte) or 0
    part = f"subfile,,start,{first_byte},end,{end},,:" if first_byte or end else ""
    url = f"{part}file:{path}"
    head = _head(path, first_byte, 64)
    kind = still_image(head)
    try:
        if kind is not None:
            return _open_animation(url, kind)
        container = _open(url)
        if container.format.name in TRANSMITTED:
            container.close()
            container = _open(url, look=_LONG_LOOK)
    except av.error.MemoryError:
        raise VideoUnreadable("is damaged, or needs more memory to open than is allowed") from None
    except (av.error.FFmpegError, ValueError) as error:
        if looks_like_media(head):
            why = f"the file is damaged or cut off ({_words(error)}); {COPY_AGAIN}"
            raise VideoUnreadable(why) from None
        raise NotMedia("not a video or audio file") from None
    return container


def probe(path: Path, max_pixels: int) -> Probe:
    """The header of a recording, with the streams to decode.

    Raises NotMedia, StillImage, VideoUnreadable if nothing in it can be decoded.
    """
    header = read_header(path, max_pixels)
    if not header.is_readable:
        raise VideoUnreadable(_why_nothing(header.left_out))
    return header


def read_header(path: Path, max_pixels: int, first_byte: int = 0) -> Probe:
    """The header of a recording, though nothing in it can be decoded.

    Raises NotMedia, StillImage, VideoUnreadable.
    """
    with open_media(path, first_byte) as container:
        chosen = choose(container, max_pixels, _head(path, first_byte, HEAD_BYTES))
        return Probe(
            container=container.format.name.split(",")[0],
            title=_title(container),
            video=None if chosen.film is None else _track(chosen.film),
            sounds=tuple(_track(sound) for sound in chosen.sounds),
            later_videos=tuple(video.index for video in chosen.later),
            left_out=chosen.left_out,
            start_s=chosen.start_s,
            declared_s=_declared_s(container, chosen),
            recorded_at=_recorded_at(container),
            subtitles=subtitle_tracks(chosen.subtitles),
            chapters=tuple(read_chapters(container)),
        )


def _head(path: Path, first_byte: int, num_bytes: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first_byte)
        return file.read(num_bytes)


def _open(
    url: str, container_format: str | None = None, look: dict[str, str] | None = None
) -> InputContainer:
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file,subfile"}
    return av.open(
        url,
        format=container_format,
        options=options | (look or {}),
        metadata_errors="replace",
    )


def _open_animation(url: str, kind: str) -> InputContainer:
    """A file that begins as a picture, if it is a film of them. Raises StillImage."""
    container_format, fewest = MOVING[kind]
    with suppress(av.error.FFmpegError), _open(url, container_format) as container:
        pictures = (packet for packet in container.demux() if packet.size)
        if len(list(islice(pictures, fewest))) == fewest:
            return _open(url, container_format)
    raise StillImage(f"a still image ({kind}), not a recording")


def _why_nothing(left_out: tuple[str, ...]) -> str:
    """Why a container has nothing to decode, and what to do where that is plain."""
    if not left_out:
        return "has neither video nor audio"
    advice = (
        "; convert it to MP4 (H.264, AAC)" if any(NO_DECODER in why for why in left_out) else ""
    )
    return "; ".join(left_out) + advice


def _declared_s(container: InputContainer, chosen: Choice) -> float | None:
    """How long the header says that the chosen streams are, or, if not of all, the container.

    Some containers whose clock does not begin at 0 tell the end by that clock for a length.
    """
    streams = [*chosen.sounds] if chosen.film is None else [chosen.film, *chosen.sounds]
    ends = [
        float(((stream.start_time or 0) + stream.duration) * stream.time_base) - chosen.start_s
        for stream in streams
        if stream.duration and stream.time_base
    ]
    if ends and len(ends) == len(streams):
        declared_s = max(ends)
    elif container.duration:
        declared_s = container.duration / 1e6
    else:
        return None
    is_end = _FAR_START_S < chosen.start_s < declared_s
    return declared_s - chosen.start_s if is_end else declared_s


def _track(stream: Any) -> Track:
    """A stream as its container describes it."""
    language = stream.metadata.get("language", "").strip()
    return Track(
        stream.index,
        stream.codec_context.name,
        language=language if language not in ("", "und") else None,
        title=stream.metadata.get("title", "").replace("\x00", "").strip()[:500] or None,
    )


def _title(container: InputContainer) -> str | None:
    title = container.metadata.get("title", "").replace("\x00", "").strip()
    return title[:500] or None


def _recorded_at(container: InputContainer) -> datetime | None:
    """The time of recording; None for one that cannot be, as cameras say whose clock was never set:
    1904 or 1970.
    """
    try:
        time = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return time if _FIRST_YEAR <= time.year < _LAST_YEAR else None


def _words(error: BaseException) -> str:
    """What FFmpeg says is wrong, without the path."""
    return str(getattr(error, "strerror", None) or error).split(":")[0]
