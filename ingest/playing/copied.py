"""Segments whose picture packets are those of the file, for where only the container or the sound
is one that browsers do not play."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.media.container import Probe, open_media, probe
from ingest.playing.aac import described
from ingest.playing.converted_sound import form_encoder
from ingest.playing.copied_sound import copied_frames, made_frames
from ingest.playing.fmp4 import nowhere, write_segment
from ingest.playing.layout import MAX_SEGMENT_BYTES, Layout, bytes_of, sound_of
from ingest.playing.streams import film_packets, shown_s

_MIN_TICKS = 10_000
"""A muxer of MP4 halves the ticks of a stream until a second has so many."""
_CHANGED = "its packets are not where they were when it was first looked through"


def copy(
    footage: Footage,
    sound: int | None,
    layout: Layout,
    first: int,
    report: Callable[[float], None],
) -> Iterator[bytes]:
    """The segments from `first` on to the end, each whole: ftyp and moov, and a fragment.

    Raises VideoUnreadable, also where the file is not as the layout has it.
    """
    header = probe(footage.path, footage.max_pixels)
    if header.video is None:
        raise VideoUnreadable(_CHANGED)
    with ExitStack() as opened:
        container = opened.enter_context(open_media(footage.path))
        templates: list[Any] = [container.streams[header.video.index]]
        tracks = [_pictures(footage, header, layout, first)]
        if (heard := sound_of(header, sound)) is not None:
            alone = replace(header, video=None, sounds=(heard,))
            template, frames = _sound(opened, footage, alone, layout, first)
            templates.append(template)
            tracks.append(frames)
        ends_s = (*layout.starts_s[1:], layout.end_s)
        for number in range(first, len(layout.starts_s)):
            try:
                segment = write_segment(number, templates, [next(track) for track in tracks])
            except av.error.FFmpegError as error:
                raise VideoUnreadable(f"its packets cannot be copied: {error}") from None
            report(min(1.0, ends_s[number] / max(layout.end_s, 1e-6)))
            yield segment


def _sound(
    opened: ExitStack, footage: Footage, alone: Probe, layout: Layout, first: int
) -> "tuple[Any, Iterator[list[av.Packet[Any]]]]":
    """What declares the one sound of a header, open with what is opened, and its frames in each
    segment."""
    if layout.sound_s is not None:
        index = alone.sounds[0].index
        template = opened.enter_context(described(footage.path, index))
        return template, copied_frames(footage.path, index, alone.start_s, layout, first)
    encoders = opened.enter_context(nowhere())
    made = encoders.add_stream("aac")
    form_encoder(made)
    encoders.start_encoding()
    return made, made_frames(footage, alone, made.codec_context, layout, first)


def _pictures(
    footage: Footage, header: Probe, layout: Layout, first: int
) -> "Iterator[list[av.Packet[Any]]]":
    """The pictures of each segment from `first` on, with the stamps that they have in it."""
    assert header.video is not None
    at_s = layout.starts_s[first] + header.start_s if first else None
    borders = deque(layout.starts_s[first:] if first else layout.starts_s[1:])
    held: list[av.Packet[Any]] = []
    num_bytes = 0
    for packet in film_packets(footage.path, header.video.index, at_s):
        base = _ticks_of(packet.time_base)
        at = _ticks(shown_s(packet) - Fraction(header.start_s), base)
        packet.duration = _ticks((packet.duration or 0) * packet.time_base, base)
        packet.time_base, packet.pts = base, at
        if borders and packet.is_keyframe and _is_at(borders[0], at, base):
            border_s = borders.popleft()
            if held:
                yield _with_order(held, layout.delay_s, border_s)
            held, num_bytes = [], 0
        elif first and not held:
            continue  # what lies before the first border
        held.append(packet)
        num_bytes += bytes_of(packet)
        if num_bytes > MAX_SEGMENT_BYTES:
            raise VideoUnreadable(_CHANGED)
    if borders or not held:
        raise VideoUnreadable(_CHANGED)
    yield _with_order(held, layout.delay_s, None)


def _with_order(
    packets: "list[av.Packet[Any]]", delay_s: float, end_s: float | None
) -> "list[av.Packet[Any]]":
    """Packets of pictures with the times when they are decoded: as the pictures follow each other,
    but earlier by the delay of the recording, where that does not lead to before its beginning.
    """
    base = packets[0].time_base
    delay = _ticks(Fraction(delay_s), base)
    shown = [packet.pts or 0 for packet in packets]
    decoded = [at - delay for at in sorted(shown)]
    num_early = next((n for n, at in enumerate(decoded) if at > 0), len(decoded))
    if decoded[0] < 0 and num_early < len(decoded):
        decoded[:num_early] = [n * decoded[num_early] // num_early for n in range(num_early)]
    following = decoded[-1] + max(packets[-1].duration or 0, 1)
    if end_s is not None:
        following = max(following, _ticks(Fraction(end_s), base) - delay)
    for number in reversed(range(len(packets))):
        at = min(decoded[number], shown[number], following - 1)
        packets[number].dts, packets[number].duration = at, following - at
        following = at
    return packets


def _ticks_of(base: Fraction) -> Fraction:
    """The time base in which a muxer of MP4 writes a stream that has this one."""
    ticks = base.denominator
    while ticks < _MIN_TICKS:
        ticks *= 2
    return Fraction(1, ticks)


def _is_at(time_s: float, ticks: int, base: Fraction) -> bool:
    return abs(_ticks(Fraction(time_s), base) - ticks) <= 1


def _ticks(time_s: Fraction, base: Fraction) -> int:
    return round(time_s / base)
