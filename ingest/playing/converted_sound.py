"""The sound of converted segments: AAC on one grid of frames, wherever conversion begins."""

import math
from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from ingest.media.audio import NO_PLACE
from ingest.media.damage import tolerating
from ingest.media.resampler import Resampler
from ingest.media.samples import Channels

SOUND_CODEC = "mp4a.40.2"
RATE = 48_000
PACKET = 1024
"""Samples that a packet of AAC holds: number k has those from k * PACKET on."""
_BEFORE = 8
"""Packets that are encoded ahead and left out: the encoder needs a few to be in its stride."""
_TOLERANCE_S = 0.04
"""Stamps are this inexact: samples that come so near to where the last ones end follow them."""
_BITRATE = 128_000
_BASE = Fraction(1, RATE)


def form_encoder(context: Any) -> None:
    """Gives a new encoder the form that all converted sound has."""
    context.sample_rate = RATE
    context.layout = "stereo"
    context.format = "fltp"
    context.bit_rate = _BITRATE
    context.time_base = _BASE


class SoundTrack:
    """The packets of segments, made of samples as they are heard; gaps are silent.

    A segment has the packets that begin in it.
    """

    def __init__(self, encoder: Any, first: int, segment_s: float, end_s: float) -> None:
        self._encoder = encoder
        self._segment_samples = segment_s * RATE
        self._segment = first
        self._next = self._first_packet_of(first)
        """The packet that is wanted next."""
        self._end = math.ceil(end_s * RATE / PACKET)
        """The packet after the last one."""
        self._at = max(0, self._next - _BEFORE) * PACKET
        """The sample that comes next."""
        self._rest = np.zeros((2, 0), np.int16)
        """The samples before it, which fill no packet yet."""
        self._stereo: Stereo | None = None
        self._packets: list[Any] = []
        self.segments: deque[list[Any]] = deque()
        """Those that are whole."""

    @property
    def reached_s(self) -> float:
        """Up to where all is known."""
        return self._at / RATE

    def take(self, time_s: float, frame: av.AudioFrame) -> None:
        """Samples that are heard from a time on; those that are damaged are left out."""
        if time_s * RATE < self._at - RATE or time_s == math.inf:
            return  # long before the first segment, or nobody knows when
        stereo = self._stereo
        if stereo is not None and not stereo.goes_on_with(time_s, frame):
            self._finish_stereo()
            stereo = None
        self._stereo = None  # one that fails is not used again
        samples = None
        with tolerating(lambda _error: None):
            stereo = stereo or Stereo(time_s, frame)
            at, samples = stereo.feed(frame)
        if samples is not None:
            self._append(at, samples)
            self._stereo = stereo  # last: silence before samples ends what goes on

    def hold_until(self, time_s: float) -> None:
        """Told that nothing else is heard before a time."""
        until = min(round(time_s * RATE), self._end * PACKET)
        if until > self._at:
            self._finish_stereo()
        while self._at < until:
            silence = np.zeros((2, min(until - self._at, RATE)), np.int16)
            self._append(self._at, silence)

    def finish(self) -> None:
        """Told that nothing else is heard at all."""
        self.hold_until(self._end * PACKET / RATE)
        self._collect(self._encoder.encode(None))
        self.segments.append(self._packets)  # one so short that no packet begins in it

    def _finish_stereo(self) -> None:
        """Takes what a resampler still holds."""
        stereo, self._stereo = self._stereo, None
        if stereo is not None:
            self._append(*stereo.feed(None))

    def _append(self, at: int, samples: Channels) -> None:
        """Adds samples that are heard from sample `at` on: after silence, or those that are new."""
        if at > self._at and samples.size:
            self.hold_until(at / RATE)
        samples = samples[:, max(0, self._at - at) :]
        self._at += samples.shape[1]
        samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // PACKET * PACKET
        self._rest = samples[:, whole:]
        begin = self._at - samples.shape[1]
        for start in range(0, whole, PACKET):
            piece = np.ascontiguousarray(samples[:, start : start + PACKET], np.float32) / (1 << 15)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin + start, _BASE
            self._collect(self._encoder.encode(frame))

    def _collect(self, packets: Iterable[Any]) -> None:
        """Puts packets into the segments that they begin in."""
        for packet in packets:
            if packet.pts < self._next * PACKET or self._next == self._end:
                continue
            packet.duration = PACKET
            self._packets.append(packet)
            self._next += 1
            if self._next == min(self._first_packet_of(self._segment + 1), self._end):
                self.segments.append(self._packets)
                self._segment, self._packets = self._segment + 1, []

    def _first_packet_of(self, segment: int) -> int:
        return math.ceil(segment * self._segment_samples / PACKET)


class Stereo:
    """Samples of one form that follow each other, made two channels at RATE."""

    def __init__(self, time_s: float, first: av.AudioFrame) -> None:
        self._form = _form_of(first)
        self._time_s = time_s
        self._num_in = self._num_out = 0
        kinds = [channel.name for channel in first.layout.channels]
        # FFmpeg would guess places for channels without one, and leave out those of low tones.
        self._has_places = len(kinds) <= 2 or not any(k.startswith(NO_PLACE) for k in kinds)
        layout = "stereo" if self._has_places else first.layout.name
        self._resampler = Resampler(first, layout, RATE)

    def goes_on_with(self, time_s: float, frame: av.AudioFrame) -> bool:
        """Whether a frame is of the same form, and heard where the last one ends."""
        expected_s = self._time_s + self._num_in / self._form[2]
        return self._form == _form_of(frame) and abs(time_s - expected_s) <= _TOLERANCE_S

    def feed(self, frame: av.AudioFrame | None) -> tuple[int, Channels]:
        """The samples [2, n] that come out for a frame, or at the end, and the number of the first
        of them since the beginning of the recording.
        """
        samples = self._resampler.feed(frame)
        if not self._has_places:
            samples = samples.mean(axis=0, keepdims=True).astype(np.int16).repeat(2, axis=0)
        at = round(self._time_s * RATE) + self._num_out
        self._num_in += frame.samples if frame is not None else 0
        self._num_out += samples.shape[1]
        return at, samples


def _form_of(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
