"""The pictures of converted segments: H.264 of one form, whatever they are made of."""

import math
from collections import deque
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ingest.media.damage import tolerating
from ingest.scenes.picture import shown_frame, shown_size

PICTURE_CODEC = "avc1.640020"
"""High profile, level 3.2: the least for 720 lines at 60 frames a second."""
TICKS = 90_000
"""Of a second: stamps of films are whole numbers of them, or miss by less."""
_BASE = Fraction(1, TICKS)
_MAX_PIXELS, _MAX_SIDE = 1280 * 720, 3200
"""The most that the level allows, at 60 frames a second."""
_MIN_SIDE = 16
_PERIOD = TICKS // 60
"""From one frame to the next, at least, in the mean."""
_JITTER = TICKS // 250
"""Stamps are this inexact."""
_OPTIONS = {
    "preset": "superfast",
    "tune": "zerolatency",  # each frame is out before the next one comes
    "profile": "high",
    "level": "3.2",
    "crf": "23",
    "x264-params": "8x8dct=1:scenecut=0:keyint=infinite:vbv-maxrate=8000:vbv-bufsize=8000",
}
Packets = "list[av.Packet[Any]]"


def size_of(frame: av.VideoFrame, lines: int) -> tuple[int, int]:
    """(width, height) of a converted picture: as it is shown, the shorter side of at most so many
    lines, in even numbers, within the level.
    """
    width, height = shown_size(frame)
    scale = min(
        1.0,
        lines / min(width, height),
        _MAX_SIDE / max(width, height),
        math.sqrt(_MAX_PIXELS / (width * height)),
    )
    across, down = (max(_MIN_SIDE, 2 * round(side * scale / 2)) for side in (width, height))
    return across, down


def form_encoder(context: Any, size: tuple[int, int]) -> None:
    """Gives a new encoder the form that all converted pictures of a film have."""
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = _BASE
    context.framerate = 30  # of no effect on pictures that have times
    context.options = _OPTIONS
    mark_colours(context)


def mark_colours(context: Any) -> None:
    """Has an encoder say the colours that `shown_frame` gives."""
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709


class PictureTrack:
    """The packets of segments, made of frames as they are shown.

    Each segment begins with the frame that is shown then, which may have begun before, and in an
    encoder of its own.
    """

    def __init__(
        self,
        before: av.VideoFrame,
        size: tuple[int, int],
        first: int,
        segment_s: float,
        end_s: float,
    ) -> None:
        self._size = size
        self._length = round(segment_s * TICKS)
        self._end = math.ceil(end_s * TICKS)
        self._at = first * self._length
        """Up to where all is encoded."""
        self._frame: av.VideoFrame | None = None
        """The one that is shown now, as long as it was not encoded."""
        self._ready = before
        """The one that was made ready for the encoder last."""
        self._begin = -1
        """When the frame that is shown now begins."""
        self._due = self._at
        """When a frame may begin."""
        self._encoder: VideoCodecContext | None = None
        self._packets: list[Any] = []
        self.segments: deque[list[Any]] = deque()
        """Those that are whole."""

    @property
    def last_s(self) -> float:
        """When the last frame begins."""
        return self._begin / TICKS

    @property
    def reached_s(self) -> float:
        """Up to where all is known."""
        return max(self._begin, self._at) / TICKS

    def take(self, time_s: float, frame: av.VideoFrame) -> None:
        """The next frame, shown from a time on."""
        begin = min(round(time_s * TICKS), self._end) if time_s < math.inf else self._begin
        self._hold_until(begin)
        self._frame, self._begin = frame, begin

    def hold_until(self, time_s: float) -> None:
        """Told that no frame begins before a time."""
        self._hold_until(min(round(time_s * TICKS), self._end))

    def finish(self) -> None:
        """Told that no other frame comes."""
        self._hold_until(self._end)

    def _hold_until(self, until: int) -> None:
        while self._at < until:
            segment_end = min((self._at // self._length + 1) * self._length, self._end)
            if self._encoder is not None and self._at < self._due - _JITTER:
                self._at = min(until, segment_end, self._due)
            else:
                self._show()
                self._at = min(until, segment_end)
            if self._at == segment_end:
                self._finish(segment_end)

    def _show(self) -> None:
        """Encodes the frame that is shown now, if it was not yet, or if a segment begins."""
        if self._frame is not None:
            if self._begin >= self._at or self._encoder is not None:
                self._due = max(self._due, self._at - _JITTER) + _PERIOD
            with tolerating(lambda _error: None):  # one that is damaged is left out
                self._ready = shown_frame(self._frame, self._size)
            self._frame = None
        elif self._encoder is not None:
            return
        if self._encoder is None:
            self._encoder = av.CodecContext.create("libx264", "w")
            form_encoder(self._encoder, self._size)
            self._encoder.flags |= Flags.global_header
        self._ready.pts, self._ready.time_base = self._at, _BASE
        self._packets += self._encoder.encode(self._ready)

    def _finish(self, end: int) -> None:
        """A segment is whole."""
        assert self._encoder is not None
        packets = [*self._packets, *self._encoder.encode(None)]
        for packet, after in zip(packets, [*(p.pts for p in packets[1:]), end], strict=True):
            packet.duration = after - packet.pts
        self.segments.append(packets)
        self._encoder, self._packets, self._due = None, [], end
