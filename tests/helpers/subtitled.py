"""Films with subtitles and chapters of known content, within them and beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition
from av.subtitles.subtitle import SubtitleSet

from tests.helpers.media import solid

FPS = 10
_MS = Fraction(1, 1000)
_HEADER = (
    b"[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\nFormat: Name, Fontname\r\n"
    b"Style: Default,Arial\r\n\r\n[Events]\r\n"
    b"Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)
Cue = tuple[float, float, str]
"""(start_s, end_s, text in the markup of ASS)."""


@dataclass(frozen=True)
class Track:
    """A track of subtitles to be written."""

    cues: Sequence[Cue]
    codec: str = "subrip"
    language: str | None = None
    title: str | None = None
    forced: bool = False


def subtitled(
    path: Path,
    tracks: Sequence[Track],
    *,
    seconds: float = 8.0,
    begins_s: float = 0.0,
    chapters: Sequence[Cue] = (),
) -> Path:
    """A film of one picture that changes its colour, with subtitles and chapters; its clock begins
    at `begins_s`."""
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        video = container.add_stream("libx264", FPS)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        video.options = {"preset": "ultrafast", "threads": "1"}
        streams = [_add(container, track) for track in tracks]
        if chapters:
            container.set_chapters([_chapter(*each) for each in chapters])
        packets: list[Any] = []
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(solid(number * 2 % 256, 40, 90, (160, 90)), "rgb24")
            packets += video.encode(frame)
        packets += video.encode(None)
        for packet in packets:
            packet.pts += round(begins_s / packet.time_base)
            packet.dts += round(begins_s / packet.time_base)
        for track, stream in zip(tracks, streams, strict=True):
            packets += [_packet(stream, cue, begins_s) for cue in track.cues]
        packets.sort(key=lambda each: each.dts * each.time_base)
        container.mux(packets)
    return path


def srt(*cues: Cue) -> str:
    """A SubRip file."""
    return "\n".join(
        f"{number}\n{_clock(start_s)} --> {_clock(end_s)}\n{text}\n"
        for number, (start_s, end_s, text) in enumerate(cues, start=1)
    )


def _add(container: av.container.OutputContainer, track: Track) -> Any:
    stream: Any = container.add_stream(track.codec)
    stream.codec_context.subtitle_header = _HEADER
    if track.language:
        stream.metadata["language"] = track.language
    if track.title:
        stream.metadata["title"] = track.title
    if track.forced:
        stream.disposition = Disposition.forced
    return stream


def _packet(stream: Any, cue: Cue, begins_s: float) -> Any:
    start_s, end_s, text = cue
    length_ms = round((end_s - start_s) * 1000)
    shown = SubtitleSet.create(f"0,0,Default,,0,0,0,,{text}".encode(), 0, max(length_ms, 0))
    packet = stream.codec_context.encode_subtitle(shown)
    packet.stream, packet.time_base = stream, _MS
    packet.pts = packet.dts = round((start_s + begins_s) * 1000)
    packet.duration = max(length_ms, 0)
    return packet


def _chapter(start_s: float, end_s: float, title: str) -> Any:
    start, end = round(start_s * 1000), round(end_s * 1000)
    metadata = {"title": title}
    return {"id": start, "start": start, "end": end, "time_base": _MS, "metadata": metadata}


def _clock(seconds: float) -> str:
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{ms:03d}"
