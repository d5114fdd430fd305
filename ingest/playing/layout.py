"""Where the segments of a copied picture begin, found in one pass over the packets of a file."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import av

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage
from ingest.media.container import Probe, Track, probe
from ingest.playing.aac import frame_length, is_described
from ingest.playing.iframes import COPIED, begins_alone, parameters
from ingest.playing.streams import Beginning, packets_of

MAX_SEGMENT_BYTES = 64 << 20
"""What the packets of a segment take at most, of the picture and of the sound each."""
_PACKET_BYTES = 500
"""What a packet takes besides its data."""
_MAX_SEGMENTS = 100_000
_MIN_S, _MAX_S = 2.0, 20.0
"""How long segments are: the least that is aimed at, and the most that a player is made to wait."""
_SAME_S = Fraction(1, 1000)
_LATE_S = 0.5
"""Players wait for ever for a picture or a sound that begins later than the other, or ends before
it, by more than this or not much more."""
_STEADY_S = 0.03
"""Frames of a sound that is copied lie so near to where they would if they just followed."""
_REPORT_EVERY_S = 0.5


class NotCopyable(VideoUnreadable):
    """A picture whose packets cannot be played as they are; the message says why."""


@dataclass(frozen=True)
class Layout:
    """The segments of a copied picture, in presented time."""

    starts_s: tuple[float, ...]
    """The first is 0; each later one is when an I-frame is shown."""
    end_s: float
    delay_s: float
    """How much later than it is decoded a picture may be shown."""
    sound_s: float | None
    """When the first frame of the sound is heard, whose frames are copied from there on; None if
    the sound is made anew, or there is none."""

    def to_json(self) -> dict[str, Any]:
        """What `of_json` takes."""
        return {
            "starts_s": list(self.starts_s),
            "end_s": self.end_s,
            "delay_s": self.delay_s,
            "sound_s": self.sound_s,
        }

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> Self:
        """The layout that `to_json` gave."""
        starts_s = tuple(value["starts_s"])
        return cls(starts_s, value["end_s"], value["delay_s"], value["sound_s"])


def lay_out(
    footage: Footage, sound: int | None, duration_s: float, report: Callable[[float], None]
) -> Layout:
    """The segments of a recording with one of its sounds.

    Raises NotCopyable where they must be converted, VideoUnreadable.
    """
    if not footage.may_be_sought_in:
        raise NotCopyable("its time stamps jump")
    header = probe(footage.path, footage.max_pixels)
    if header.video is None:
        raise NotCopyable("it has no picture")
    codec = av.Codec(header.video.codec, "r").canonical_name
    if codec not in COPIED:
        raise NotCopyable(f"browsers do not play {codec}")
    wanted = [header.video.index]
    heard = sound_of(header, sound)
    if heard is not None and heard.codec == "aac":
        wanted.append(heard.index)
    pictures, sounds = _Pictures(header), _Sounds(header)
    reported = time.monotonic()
    for packet in packets_of(footage.path, wanted):
        if packet.stream.index == header.video.index:
            pictures.take(packet)
        else:
            sounds.take(packet)
        if time.monotonic() - reported > _REPORT_EVERY_S:
            reported = time.monotonic()
            report(min(1.0, max(0.0, pictures.end_s / max(duration_s, 1e-6))))
    starts_s = pictures.finish()
    end_s = max(pictures.end_s, sounds.end_s, duration_s)
    if end_s - starts_s[-1] > 2 * _MAX_S:
        raise NotCopyable("it goes on for long after its last pictures")
    return Layout(tuple(starts_s), end_s, pictures.delay_s, sounds.copied_from_s(end_s))


def bytes_of(packet: "av.Packet[Any]") -> int:
    """What a packet takes."""
    return packet.size + _PACKET_BYTES


def sound_of(header: Probe, sound: int | None) -> Track | None:
    """The track of this number; None where none is wanted. Raises VideoUnreadable."""
    if sound is not None and sound >= len(header.sounds):
        raise VideoUnreadable("it has no such sound")
    return None if sound is None else header.sounds[sound]


@dataclass
class _Pictures:
    """The packets of the film as they pass, in the order of decoding."""

    header: Probe
    end_s: float = 0.0
    delay_s: float = 0.0
    _beginning: Beginning = field(default_factory=Beginning)
    _starts_s: list[float] = field(default_factory=list)
    _times: list[Fraction] = field(default_factory=list)
    """When the pictures since the last I-frame are shown, in seconds."""
    _latest: Fraction | None = None
    """When the last picture is shown of those before the last I-frame."""
    _bytes: int = 0
    """Of the segment so far."""
    _parameters: bytes | None = None

    def take(self, packet: "av.Packet[Any]") -> None:
        """The next packet. Raises NotCopyable."""
        if packet.pts is None:
            raise NotCopyable("its pictures have no time stamps")
        time_s = packet.pts * packet.time_base - Fraction(self.header.start_s)
        if not self._beginning.has(packet):
            return
        if packet.is_discard:
            raise NotCopyable("an edit list leaves out some of its pictures")
        if self._begins(packet):
            self._begin(time_s)
        if self._latest is not None and time_s <= self._latest:
            raise NotCopyable("its pictures' time stamps are out of order")
        if time_s < -_SAME_S:
            raise NotCopyable("its pictures begin before its clock")
        if packet.is_corrupt:
            raise NotCopyable(f"its picture is damaged at {float(time_s):.1f} s")
        self._times.append(time_s)
        self.end_s = max(self.end_s, float(time_s + (packet.duration or 0) * packet.time_base))
        self._bytes += bytes_of(packet)
        if self._bytes > MAX_SEGMENT_BYTES:
            raise NotCopyable("its picture has too many bytes between I-frames")
        if self.end_s - self._starts_s[-1] > _MAX_S:
            raise NotCopyable(
                f"from {self._starts_s[-1]:.1f} s on it has no I-frame to begin with for"
                f" {_MAX_S:.0f} s"
            )

    def finish(self) -> list[float]:
        """The starts of the segments. Raises NotCopyable."""
        if not self._starts_s:
            raise NotCopyable("it has no I-frame to begin with")
        self._settle()
        return self._starts_s

    def _begins(self, packet: "av.Packet[Any]") -> bool:
        """Whether decoding can begin with a packet."""
        if not packet.is_keyframe:
            return False
        if packet.has_sidedata("new_extradata"):
            raise NotCopyable("the parameters of its picture change")
        context = packet.stream.codec_context
        if self.header.container == "avi" and context.has_b_frames:
            raise NotCopyable("its container does not tell when its pictures are shown")
        codec = context.codec.canonical_name
        data, extradata = bytes(packet), bytes(context.extradata or b"")
        told = parameters(codec, data, extradata)
        if told is not None and self._parameters not in (None, told):
            raise NotCopyable("the parameters of its picture change")
        self._parameters = told or self._parameters
        return begins_alone(codec, data, extradata)

    def _begin(self, time_s: Fraction) -> None:
        """An I-frame that is shown at a time, where a segment may begin."""
        self._settle()
        if not self._starts_s:
            if time_s > _LATE_S:
                raise NotCopyable("its pictures begin later than its sound")
            self._starts_s.append(0.0)
        elif float(time_s) - self._starts_s[-1] >= _MIN_S:
            self._starts_s.append(float(time_s))
            self._bytes = 0
            if len(self._starts_s) > _MAX_SEGMENTS:
                raise NotCopyable("it is too long")

    def _settle(self) -> None:
        """All pictures up to an I-frame are known."""
        in_order = sorted(self._times)
        if len(set(in_order)) < len(in_order):
            raise NotCopyable("several of its pictures have the same time stamp")
        for shown, decoded in zip(self._times, in_order, strict=True):
            self.delay_s = max(self.delay_s, float(decoded - shown))
        if in_order:
            self._latest = in_order[-1]
        self._times.clear()


@dataclass
class _Sounds:
    """The packets of a sound that might be copied, as they pass."""

    header: Probe
    end_s: float = 0.0
    _first_s: float | None = None
    _length: Fraction | None = None
    """Of each frame, in seconds."""
    _number: int = 0
    _is_steady: bool = True

    def copied_from_s(self, end_s: float) -> float | None:
        """When the first frame is heard, if each of them follows the one before, and they are there
        from the beginning of a recording to its end."""
        if self._first_s is None or not self._is_steady:
            return None
        is_whole = self._first_s <= _LATE_S and self.end_s >= end_s - _LATE_S
        return self._first_s if is_whole else None

    def take(self, packet: "av.Packet[Any]") -> None:
        """The next packet."""
        rate = packet.stream.codec_context.sample_rate
        if packet.pts is None or not packet.duration or packet.is_corrupt or not rate:
            self._is_steady = False
            return
        time_s = float(packet.pts * packet.time_base) - self.header.start_s
        length = Fraction(frame_length(packet), rate)
        if self._first_s is None or self._length is None:
            self._is_steady = is_described(packet)
            self._first_s, self._length = time_s, length
        expected_s = self._first_s + float(self._number * self._length)
        self._is_steady &= length == self._length and abs(time_s - expected_s) < _STEADY_S
        self._number += 1
        self.end_s = time_s + float(length)
