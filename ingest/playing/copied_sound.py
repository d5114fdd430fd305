"""The sound of copied pictures: frames of AAC as they are in the file, or made anew."""

import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.media.container import Probe
from ingest.media.frames import Sound
from ingest.playing.aac import frame_length, without_header
from ingest.playing.converted_sound import SoundTrack
from ingest.playing.layout import MAX_SEGMENT_BYTES, Layout, bytes_of
from ingest.playing.passages import read_from
from ingest.playing.streams import packets_before, shown_s

_MADE_S = 1.0
"""Made sound comes in pieces of this length."""
_BEFORE_S = 0.1
"""A frame of sound is shorter."""


def copied_frames(
    path: Path, index: int, start_s: float, layout: Layout, first: int
) -> "Iterator[list[av.Packet[Any]]]":
    """The frames of a stream of AAC that begin in each segment from `first` on, one after the other
    from `layout.sound_s` on. The clock of the file begins at `start_s`.
    """
    stamp_s = layout.starts_s[first] - _BEFORE_S + start_s if first else None
    return _by_segment(_placed(path, index, stamp_s, start_s, layout), layout, first)


def made_frames(
    footage: Footage, alone: Probe, encoder: Any, layout: Layout, first: int
) -> "Iterator[list[av.Packet[Any]]]":
    """The frames that begin in each segment from `first` on of the one sound of a header, decoded
    and encoded by `encoder`."""
    return _by_segment(_made(footage, alone, encoder, layout, first), layout, first)


def _placed(
    path: Path, index: int, stamp_s: float | None, start_s: float, layout: Layout
) -> "Iterator[av.Packet[Any]]":
    """Frames with the times at which they are heard: stamps of some containers are but about."""
    sound_s = layout.sound_s or 0.0
    for packet in packets_before(path, index, stamp_s):
        rate, length = packet.stream.codec_context.sample_rate, frame_length(packet)
        passed_s = float(shown_s(packet)) - start_s - sound_s
        at = round(sound_s * rate) + round(passed_s * rate / length) * length
        frame = without_header(packet)
        frame.time_base, frame.pts, frame.dts = Fraction(1, rate), at, at
        frame.duration, frame.is_keyframe = length, True
        yield frame


def _made(
    footage: Footage, alone: Probe, encoder: Any, layout: Layout, first: int
) -> "Iterator[av.Packet[Any]]":
    piece = math.floor(layout.starts_s[first] / _MADE_S)
    track = SoundTrack(encoder, piece, _MADE_S, layout.end_s)
    timeline, found = read_from(footage, alone, piece * _MADE_S, [0])
    for each in found:
        if isinstance(each, Sound):
            with timeline.tolerating_damage(each.track):
                track.take(each.time_s, each.frame)
        while track.segments:
            yield from track.segments.popleft()
    track.finish()
    while track.segments:
        yield from track.segments.popleft()


def _by_segment(
    frames: "Iterator[av.Packet[Any]]", layout: Layout, first: int
) -> "Iterator[list[av.Packet[Any]]]":
    """The frames that begin in each segment from `first` on."""
    ends_s = deque((*layout.starts_s[first + 1 :], math.inf))
    held: list[av.Packet[Any]] = []
    num_bytes = 0
    for frame in frames:
        at_s = float(shown_s(frame))
        while at_s >= ends_s[0]:
            ends_s.popleft()
            yield held
            held, num_bytes = [], 0
        if at_s >= layout.starts_s[first]:
            held.append(frame)
            num_bytes += bytes_of(frame)
            if num_bytes > MAX_SEGMENT_BYTES:
                raise VideoUnreadable("its sound has too many bytes")
    for _ in ends_s:
        yield held
        held = []
