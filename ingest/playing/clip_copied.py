"""Clips whose packets are copied as they are: quick, without loss, from an I-frame on.

Runs in a child process.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from ingest.errors import NotClippable
from ingest.media.clips import Footage
from ingest.media.clock import length
from ingest.media.container import Probe, open_media
from ingest.media.packets import end_of, stamp_of
from ingest.playing.clip_sound import name_track
from ingest.playing.streams import is_first

_PICTURES = frozenset(("h264", "hevc", "av1", "vp9", "libdav1d", "libvpx-vp9"))
_SOUNDS = frozenset(("aac", "mp3", "mp3float", "ac3", "eac3", "opus"))
"""What an MP4 holds and players expect in it."""
_BY_DECODING_ORDER = frozenset(("avi",))
"""Containers that do not say when a picture is shown."""
_BACK_S = (0.0, 2.0, 20.0)
"""So much before its time an I-frame is looked for at last: some containers are sought in by
guesses."""
_MAX_EARLIER_S = 120.0
"""A fast clip begins so much earlier than is asked for, at most."""
_BESIDE_S = 1.0
"""Sounds lie at most so far before the pictures that they go with."""
_LAG_S = 10.0
"""So far behind the end of a clip all its packets have come."""
_SAME_S = 0.001
_HELD_S = 0.5
"""No frame of a film is shown for as long."""
_REPORT_EVERY_S = 0.5
_USE_EXACT = "ask for an exact clip"


def copy_clip(
    footage: Footage,
    header: Probe,
    target: Path,
    start_s: float,
    end_s: float,
    sounds: tuple[int, ...],
    report: Callable[[float], None],
) -> tuple[float, float]:
    """Writes the packets of [start_s, end_s), from the I-frame at or before its start on, as an
    MP4; where it really begins and ends. Raises NotClippable, VideoUnreadable, OSError.
    """
    _require_copyable(footage, header, sounds)
    with (
        open_media(footage.path) as source,
        av.open(f"file:{target}", "w", format="mp4", options={"movflags": "faststart"}) as clip,
    ):
        first_s = header.start_s + start_s
        if header.video is not None:
            first_s = _iframe_before(source, header.video.index, first_s, header.start_s)
            if header.start_s + start_s - first_s > _MAX_EARLIER_S:
                early = length(header.start_s + start_s - first_s)
                raise NotClippable(f"the I-frame before it is {early} earlier: {_USE_EXACT}")
        copying = _Copying(source, header, sounds, first_s, header.start_s + end_s)
        streams = {
            index: clip.add_stream_from_template(source.streams[index], opaque=True)
            for index in copying.indexes
        }
        for track in (header.sounds[sound] for sound in sounds):
            name_track(streams[track.index], track)
        for packet in copying.packets(report):
            first = round(first_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - first, packet.dts - first
            packet.stream = streams[packet.stream.index]
            clip.mux(packet)
        if copying.end_s <= first_s:
            raise NotClippable(f"nothing was found there to be copied: {_USE_EXACT}")
    return first_s - header.start_s, copying.end_s - header.start_s


def _require_copyable(footage: Footage, header: Probe, sounds: tuple[int, ...]) -> None:
    """Raises NotClippable."""
    if not footage.may_be_sought_in or header.later_videos:
        raise NotClippable(f"its clock or its streams change on the way: {_USE_EXACT}")
    if header.container in _BY_DECODING_ORDER and header.video is not None:
        raise NotClippable(f"{header.container} does not say when pictures are shown: {_USE_EXACT}")
    names = [] if header.video is None else [(header.video.codec, _PICTURES)]
    names += [(header.sounds[sound].codec, _SOUNDS) for sound in sounds]
    for codec, known in names:
        if codec not in known:
            raise NotClippable(f"an MP4 that plays does not hold {codec}: {_USE_EXACT}")


def _iframe_before(
    source: InputContainer, index: int, stamp_s: float, begin_stamp_s: float
) -> float:
    """The stamp of the last I-frame that is shown at or before a stamp. Raises NotClippable."""
    for from_s in (*(stamp_s - back_s for back_s in _BACK_S), begin_stamp_s - _BESIDE_S):
        found = None
        for packet in _demuxed(source, from_s, [index]):
            packet_s = stamp_of(packet)
            if packet.is_keyframe and packet_s is not None and is_first(packet):
                if packet_s > stamp_s + _SAME_S:
                    break
                found = packet
            if _decoded_s(packet) > stamp_s + _SAME_S:
                break
        if found is not None:
            if found.is_discard:
                break  # of a film that was trimmed: what is before the cut is not shown
            return float(found.pts * found.time_base)
    raise NotClippable(f"no I-frame was found before it: {_USE_EXACT}")


def _demuxed(source: InputContainer, from_s: float, indexes: list[int]) -> Iterator[Any]:
    """Packets from a stamp on, or a little before. Raises NotClippable."""
    try:
        source.seek(round(from_s * 1e6))
        for packet in source.demux([source.streams[index] for index in indexes]):
            if packet.size:
                if packet.pts is None:
                    raise NotClippable(f"its packets have no times of their own: {_USE_EXACT}")
                yield packet
    except (av.error.FFmpegError, IndexError):
        raise NotClippable(
            f"that part of the file is not to be found or read: {_USE_EXACT}"
        ) from None


def _decoded_s(packet: Any) -> float:
    """The stamp by which a packet is decoded; Matroska does not tell it of the first pictures."""
    stamp = packet.dts if packet.dts is not None else packet.pts
    return float(stamp * packet.time_base)


class _Copying:
    """The packets of a clip as they come, and where the last of them ends."""

    def __init__(
        self,
        source: InputContainer,
        header: Probe,
        sounds: tuple[int, ...],
        first_s: float,
        last_s: float,
    ) -> None:
        self._source = source
        self._film = None if header.video is None else header.video.index
        self._first_s, self._last_s = first_s, last_s
        self._held: list[Any] = []
        """Pictures behind the end, until one comes that is shown before it and needs them."""
        self._has_begun = False
        self._film_end_s = last_s
        """The end, or where the last picture begins that others before it need."""
        self.indexes = [] if self._film is None else [self._film]
        self.indexes += [header.sounds[sound].index for sound in sounds]
        self.end_s = first_s
        """The stamp at which the clip ends."""

    def packets(self, report: Callable[[float], None]) -> Iterator[Any]:
        """Those of the clip, in the order of the file."""
        open_streams = set(self.indexes)
        reported = time.monotonic()
        for packet in _demuxed(self._source, self._first_s - _BESIDE_S, self.indexes):
            decoded_s, is_film = _decoded_s(packet), packet.stream.index == self._film
            if decoded_s >= (self._film_end_s if is_film else self._last_s) - _SAME_S:
                open_streams.discard(packet.stream.index)
            if not open_streams or decoded_s > self._last_s + _LAG_S:
                return
            if packet.stream.index in open_streams:
                yield from self._film_packets(packet) if is_film else self._sound_packets(packet)
            if time.monotonic() - reported > _REPORT_EVERY_S:
                reported = time.monotonic()
                done = (decoded_s - self._first_s) / (self._last_s - self._first_s)
                report(min(1.0, max(0.0, done)))

    def _film_packets(self, packet: Any) -> Iterator[Any]:
        stamp_s = float(packet.pts * packet.time_base)
        is_first = packet.is_keyframe and abs(stamp_s - self._first_s) < _SAME_S / 2
        self._has_begun = self._has_begun or is_first
        # Shown before the I-frame that it follows, it needs pictures that are not copied.
        if not self._has_begun or stamp_s < self._first_s - _SAME_S / 2:
            return
        self._held.append(packet)
        if stamp_s < self._film_end_s - _SAME_S and packet.dts is not None:
            for back, each in enumerate(reversed(self._held)):
                each.dts = each.dts if each.dts is not None else packet.dts - back
                self._hold_no_longer(each)
                self.end_s = max(self.end_s, end_of(each) or 0.0)
                self._film_end_s = max(self._film_end_s, float(each.pts * each.time_base))
            yield from self._held
            self._held = []

    def _hold_no_longer(self, packet: Any) -> None:
        """Has a picture that would be held far behind the end of the clip end with it."""
        if (end_of(packet) or 0.0) > self._last_s + _HELD_S:
            left_s = self._last_s - float(packet.pts * packet.time_base)
            packet.duration = max(1, round(left_s / packet.time_base))

    def _sound_packets(self, packet: Any) -> Iterator[Any]:
        stop_s = end_of(packet) or 0.0
        if stop_s > self._first_s:
            self.end_s = max(self.end_s, stop_s)
            yield packet
