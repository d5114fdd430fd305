"""Containers and their headers: told by content, never by name, and refused before decoding."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from ingest.errors import NotMedia, StillImage, VideoUnreadable

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,gxf,dv,nut,"
    "rm,wtv,wav,w64,mp3,flac,aac,aiff,caf,amr,ac3,eac3,opus,gif,ivf,h264,hevc,m4v"
)
"""Demuxers of recordings, as FFmpeg names them; none of playlists, image sequences or devices."""
VIDEO_CODECS = frozenset(
    (
        "h264 hevc av1 vp6 vp6f vp6a vp8 vp9 mpeg1video mpeg2video mpeg4 msmpeg4v1 msmpeg4v2 "
        "msmpeg4v3 h261 h263 h263i flv1 wmv1 wmv2 wmv3 vc1 mjpeg mjpegb prores dnxhd ffv1 "
        "theora rv10 rv20 rv30 rv40 dvvideo huffyuv ffvhuff utvideo rawvideo qtrle svq1 svq3 "
        "cinepak indeo3 indeo5 gif png cfhd jpeg2000 vvc hap v210 rpza"
    ).split()
)
AUDIO_CODECS = frozenset(
    (
        "aac aac_latm ac3 eac3 alac amrnb amrwb amr_nb amr_wb ape dts flac gsm gsm_ms mp1 mp2 "
        "mp3 opus speex truehd vorbis wavpack wmav1 wmav2 wmapro wmalossless wmavoice cook "
        "qdm2 qcelp tta"
    ).split()
)
_IMAGE_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_FIRST_YEAR, _LAST_YEAR = 1980, 9999
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"<smil")


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


def open_media(path: Path, first_byte: int = 0) -> InputContainer:
    """The open container at an absolute path of a regular file, or in it from a byte on, to be
    closed.

    Raises NotMedia, StillImage, VideoUnreadable.
    """
    with path.open("rb") as file:
        file.seek(first_byte)
        head = file.read(16)
    _refuse_by_content(head)
    part = f"subfile,,start,{first_byte},end,0,,:" if first_byte else ""
    try:
        container = av.open(
            f"{part}file:{path}",
            options={"format_whitelist": FORMATS, "protocol_whitelist": "file,subfile"},
            metadata_errors="replace",
        )
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        if _looks_like_media(head):
            raise VideoUnreadable(f"the file is damaged or cut off: {_words(error)}") from None
        raise NotMedia("not a video or audio file") from None
    return container


def probe(path: Path, max_pixels: int, first_byte: int = 0) -> Probe:
    """The header of a recording, with the streams to decode.

    Raises NotMedia, StillImage, VideoUnreadable if nothing in it can be decoded.
    """
    with open_media(path, first_byte) as container:
        video = next(
            (s for s in container.streams.video if not s.disposition & s.disposition.attached_pic),
            None,
        )
        sounds = container.streams.audio
        if video is None and not sounds:
            raise VideoUnreadable("has neither video nor audio")
        if video is not None:
            _check_codec(video.codec_context, VIDEO_CODECS, "video")
            width, height = video.codec_context.width, video.codec_context.height
            if width * height > max_pixels:
                raise VideoUnreadable(
                    f"{width}×{height} pixels are more than INGEST_MAX_PIXELS allows ({max_pixels})"
                )
        for sound in sounds:
            _check_codec(sound.codec_context, AUDIO_CODECS, "audio")
        return Probe(
            container=container.format.name.split(",")[0],
            title=_title(container),
            video=None if video is None else _track(video),
            sounds=tuple(_track(sound) for sound in sounds),
            later_videos=(),
            left_out=(),
            start_s=(container.start_time or 0) / 1e6,
            declared_s=container.duration / 1e6 if container.duration else None,
            recorded_at=_recorded_at(container),
        )


def _track(stream: Any) -> Track:
    return Track(stream.index, stream.codec_context.name)


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


def _check_codec(context: av.CodecContext | None, accepted: frozenset[str], what: str) -> None:
    if context is None:
        raise VideoUnreadable(f"has {what} that no decoder knows")
    names = {context.name, context.codec.canonical_name}
    if not names & accepted and not context.name.startswith(("pcm_", "adpcm_")):
        raise VideoUnreadable(f"{what} codec {context.name} is not supported")


def _refuse_by_content(head: bytes) -> None:
    for magic, name in _IMAGE_MAGIC.items():
        if head.startswith(magic):
            raise StillImage(f"a still image ({name}), not a recording")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        raise StillImage("a still image (WebP), not a recording")
    if head[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1"):
        raise StillImage("a still image (HEIF), not a recording")
    if head.lstrip().startswith(_PLAYLISTS):
        raise NotMedia("a playlist or text, not a video or audio file")


def _looks_like_media(head: bytes) -> bool:
    boxes = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")
    starts = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"ID3", b"fLaC", b"FLV", b"\x00\x00\x01\xba")
    return head[4:8] in boxes or head.startswith(starts)


def _words(error: BaseException) -> str:
    """What FFmpeg says is wrong, without the path."""
    return str(getattr(error, "strerror", None) or error).split(":")[0]
