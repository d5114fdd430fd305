"""The streams of a file as browsers and editors want to know them. Runs in a child process."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition

from database.videos.streams import PictureStream, SoundStream, Streams
from ingest.media.clips import Footage
from ingest.media.container import Probe, Track, open_media, probe
from ingest.media.frames import Picture
from ingest.media.timeline import Timeline
from ingest.playing.codec_strings import picture_codec_string, sound_codec_string
from ingest.playing.rates import Run, rate_of

_RUN = 500
"""So many frames in a row are looked at in each place of a film."""
_RUN_BYTES = 24 << 20
"""More is not read for them; a film without an index is looked at in a few places."""
_PLACES = (0.0, 0.3, 0.6, 0.9)
_TIMECODE = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)([:;.])(\d\d)", re.ASCII)
_MAX_LANGUAGE = 35
"""Characters of a language's name (RFC 5646)."""
_REPORT_EVERY_S = 0.5


def read_streams(footage: Footage, report: Callable[[float], None]) -> Streams:
    """The film and the sounds of a file that was decoded before. Raises VideoUnreadable."""
    header = probe(footage.path, footage.max_pixels)
    first = None if header.video is None else _first_picture(footage, header, report)
    with open_media(footage.path) as container:
        picture = None
        if header.video is not None and first is not None:
            picture = _picture(container, header.video, first, report)
        return Streams(
            header.container,
            picture,
            tuple(_sound(container.streams[track.index], track) for track in header.sounds),
            _timecode(container, header),
        )


def _first_picture(
    footage: Footage, header: Probe, report: Callable[[float], None]
) -> Picture | None:
    """None if no picture can be decoded, as of a recording that was heard alone."""
    reported = time.monotonic()
    for found in Timeline(footage.path, header, footage.max_pixels):
        if isinstance(found, Picture):
            return found
        if time.monotonic() - reported > _REPORT_EVERY_S:
            reported = time.monotonic()
            report(0.0)
    return None


def _picture(
    container: InputContainer, track: Track, first: Picture, report: Callable[[float], None]
) -> PictureStream:
    stream: Any = container.streams[track.index]
    declared = [rate for rate in (stream.average_rate, stream.base_rate) if rate]
    rate = rate_of(_runs(container, stream, report), declared)
    about = float(rate or next(iter(declared), 30))
    return PictureStream(
        codec=stream.codec_context.codec.canonical_name,
        codec_string=picture_codec_string(stream, about),
        rate=None if rate is None else (rate.numerator, rate.denominator),
        first_s=first.time_s,
        width_px=first.frame.width,
        height_px=first.frame.height,
        is_first=track.index == min(s.index for s in container.streams.video if not _is_cover(s)),
    )


def _is_cover(stream: Any) -> bool:
    """Whether it is a picture that belongs to the file as a whole, which players do not play."""
    return bool(stream.disposition & Disposition.attached_pic)


def _sound(stream: Any, track: Track) -> SoundStream:
    return SoundStream(
        codec=stream.codec_context.codec.canonical_name,
        codec_string=sound_codec_string(stream),
        language=track.language and track.language[:_MAX_LANGUAGE],
        title=track.title,
        num_channels=stream.codec_context.layout.nb_channels,
    )


def _runs(container: InputContainer, stream: Any, report: Callable[[float], None]) -> Iterator[Run]:
    """The stamps of frames that follow each other, from a few places of the film."""
    entries = stream.index_entries
    if stream.frames and len(entries) == stream.frames:
        for start in _starts(len(entries)):
            own = (entries[n] for n in range(start, min(start + _RUN, len(entries))))
            yield Run([entry.timestamp for entry in own], stream.time_base)
        return
    length = stream.duration or (container.duration or 0) / 1e6 / stream.time_base
    for place in _PLACES:
        report(place)
        try:
            if place:
                start = (stream.start_time or 0) + int(length * place)
                container.seek(start, stream=stream)
            yield from _runs_from_here(container, stream)
        except (av.error.FFmpegError, IndexError):
            return  # what cannot be sought in, or is damaged: the places before it say enough
        if not length:
            return


def _starts(num_frames: int) -> list[int]:
    """Where runs begin in an index, none within another."""
    starts = [int(num_frames * place) for place in _PLACES]
    return starts if num_frames > _RUN * len(_PLACES) else [*range(0, num_frames, _RUN)]


def _runs_from_here(container: InputContainer, stream: Any) -> Iterator[Run]:
    """Another one begins where the clock goes back, as it does where recordings were joined."""
    stamps: list[tuple[int | None, int | None]] = []
    num_packets = num_bytes = last = 0
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            if packet.dts is not None:
                if packet.dts < last:
                    yield _run(stamps, stream.time_base)
                    stamps = []
                last = packet.dts
            stamps.append((packet.pts, packet.dts))
            num_packets += 1
            num_bytes += packet.size
        if num_packets >= _RUN or num_bytes >= _RUN_BYTES:
            break
    yield _run(stamps, stream.time_base)


def _run(stamps: Sequence[tuple[int | None, int | None]], time_base: Fraction) -> Run:
    """By the decoding order where a frame has no stamp of its own."""
    shown, decoded = [pts for pts, _ in stamps], [dts for _, dts in stamps]
    chosen = decoded if None in shown else shown
    return Run([stamp for stamp in chosen if stamp is not None], time_base)


def _timecode(container: InputContainer, header: Probe) -> str | None:
    """Of the first frame: from a track of timecodes, or a tag of the film or the file."""
    film: list[Any] = [] if header.video is None else [container.streams[header.video.index]]
    tagged = chain(film, container.streams.data, [container])
    for metadata in (each.metadata for each in tagged):
        for name, value in metadata.items():
            if name.lower() == "timecode" and (found := _TIMECODE.fullmatch(value.strip())):
                time_of_day, mark, frames = found.groups()
                return f"{time_of_day}{':' if mark == ':' else ';'}{frames}"
    return None
