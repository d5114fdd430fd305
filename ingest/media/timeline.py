"""The decoded frames of a recording with their times, from one demux: the only decode loop."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer

from ingest.media.container import Probe

MAX_DECODE_ERRORS = 500
"""Of a recording that is damaged in so many places the rest is left out."""
_TIME_BASE = Fraction(1, 1000)
_FRAME_S, _LONGEST_FRAME_S = 0.04, 1.0
"""How long a frame is shown that does not say it, and at most: the stamps of cameras have gaps."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, shown from `time_s` on; one without a stamp follows the one before."""

    time_s: float
    frame: av.VideoFrame


@dataclass(frozen=True)
class Sound:
    """Decoded samples, heard from `time_s` on; None if they have no stamp."""

    time_s: float | None
    frame: av.AudioFrame


@dataclass(frozen=True)
class Passed:
    """A packet of pictures of which not every one is decoded; it ends at `end_s`."""

    end_s: float


@dataclass
class Timeline:
    """Pictures and sounds in the order of their packets; times in seconds since `header.start_s`.

    A damaged packet is left out and counted. Iterating ends with the file, or after
    MAX_DECODE_ERRORS.
    """

    container: InputContainer
    header: Probe
    max_pixels: int
    """Larger pictures are a decode error."""
    with_sound: bool = True
    iframes_only: bool = False
    """I-frames alone are decoded, and every packet of pictures is told as Passed."""
    video_end_s: float = 0.0
    """The end of the pictures so far; -inf after a seek, when nobody knows. A picture without a
    stamp is shown from then on, or, where nobody knows, from inf on."""
    num_errors: int = field(default=0, init=False)
    last_error: str = field(default="", init=False)
    """What the decoder said, in its own words; empty if it never failed."""
    _ended: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[Picture | Sound | Passed]:
        streams = self._streams()
        packets = self.container.demux(streams) if streams else iter(())
        while not self._ended and self.num_errors < MAX_DECODE_ERRORS:
            with self.tolerating_damage():
                packet = next(packets, None)
                if packet is None:
                    return
                yield from self._decoded(packet)

    @contextmanager
    def tolerating_damage(self) -> Iterator[None]:
        """Where a decoder or a filter may fail: what it raises is counted as a damaged packet.

        Whoever works on what the timeline yields does it in here: where one frame of a packet is
        damaged, the rest of the packet is left out. Running out of memory is no damage.
        """
        try:
            yield
        except av.error.EOFError:
            self._ended = True
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError) as error:
            self.num_errors += 1
            self.last_error = str(getattr(error, "strerror", None) or error)

    def _streams(self) -> list[Any]:
        indexes = [self.header.video_index, self.header.audio_index if self.with_sound else None]
        streams = [self.container.streams[index] for index in indexes if index is not None]
        for stream in streams:
            context = stream.codec_context
            context.thread_type = "AUTO"
            if stream.type == "video":
                context.options = {"max_pixels": str(self.max_pixels)}
                if self.iframes_only:
                    context.skip_frame = "NONKEY"
        return streams

    def _decoded(self, packet: "av.Packet[Any]") -> Iterator[Picture | Sound | Passed]:
        """What a packet holds, up to the first frame that is damaged."""
        if self.iframes_only and packet.stream.type == "video" and packet.pts is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            passed = Passed(end_s - self.header.start_s)
            yield passed
            self.video_end_s = max(self.video_end_s, passed.end_s)
        num_errors = self.num_errors
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                picture = Picture(self._start_of(frame), frame)
                yield picture
                if self.num_errors == num_errors:
                    self._note_end(picture)
            elif isinstance(frame, av.AudioFrame):
                yield Sound(None if frame.pts is None else self._stamp_of(frame), frame)
            if self._ended or self.num_errors > num_errors:
                return

    def _start_of(self, frame: av.VideoFrame) -> float:
        if frame.pts is None:
            if self.video_end_s == -math.inf:
                return math.inf
            base = frame.time_base or _TIME_BASE
            frame.pts = round((self.video_end_s + self.header.start_s) / base)
        return max(self._stamp_of(frame), 0.0)

    def _stamp_of(self, frame: av.VideoFrame | av.AudioFrame) -> float:
        assert frame.pts is not None
        return float(frame.pts * (frame.time_base or _TIME_BASE)) - self.header.start_s

    def _note_end(self, picture: Picture) -> None:
        base = picture.frame.time_base or _TIME_BASE
        length_s = float(picture.frame.duration * base) if picture.frame.duration else _FRAME_S
        if picture.time_s < math.inf:
            end_s = picture.time_s + min(length_s, _LONGEST_FRAME_S)
            self.video_end_s = max(self.video_end_s, end_s)
