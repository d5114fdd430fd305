"""The sound of a clip that is encoded anew."""

from fractions import Fraction
from typing import Any

import av
import numpy as np

from ingest.media.container import Track
from ingest.media.samples import Channels
from ingest.playing.converted_sound import RATE, Stereo

_BITRATE = 192_000
_PIECE = 1024
"""Samples that the encoder of AAC takes at once."""


def name_track(stream: Any, track: Track) -> None:
    """Gives a new stream the language and the title of the sound track that it is made of."""
    for name, value in (("language", track.language), ("title", track.title)):
        if value is not None:
            stream.metadata[name] = value


class ClipSound:
    """A sound of a clip, cut at the sample; gaps are silent."""

    def __init__(self, file: Any, track: Track) -> None:
        self._file, self._track = file, track
        self._stereo: Stereo | None = None
        self._waiting: list[tuple[int, Channels]] = []
        """What was heard before it is known where the clip begins."""
        self._at: int | None = None
        """The sample of the recording that comes next."""
        self._rest: Channels = np.zeros((2, 0), np.int16)
        """Before it, not encoded yet."""
        self._sure = 0
        """Samples before this one belong to the clip."""
        self._num_encoded = 0

    @property
    def has_samples(self) -> bool:
        """Whether anything was heard."""
        return bool(self._waiting)

    def declare(self) -> None:
        """Adds its stream to the file, which then is to have all of its streams before `begin`."""
        self._stream = self._file.add_stream("aac", rate=RATE, layout="stereo")
        self._stream.bit_rate = _BITRATE
        name_track(self._stream, self._track)

    def begin(self, start_s: float, sure_s: float) -> None:
        """The clip begins at `start_s`, and ends no earlier than `sure_s`."""
        self._at, self._sure = round(start_s * RATE), round(sure_s * RATE)
        waiting, self._waiting = self._waiting, []
        for at, samples in waiting:
            self._append(at, samples)

    def take(self, time_s: float, frame: av.AudioFrame, from_s: float) -> None:
        """Samples that are heard from a time on; those before `from_s` are not needed. Raises
        ValueError, av.error.FFmpegError.
        """
        if self._stereo is not None and not self._stereo.goes_on_with(time_s, frame):
            self._finish_stereo()
        stereo, self._stereo = self._stereo, None  # one that fails is not used again
        stereo = stereo or Stereo(time_s, frame)
        at, samples = stereo.feed(frame)
        if at + samples.shape[1] > from_s * RATE:
            self._add(at, samples)
        self._stereo = stereo

    def finish(self, end_s: float) -> None:
        """Ends the sound with the clip."""
        self._finish_stereo()
        assert self._at is not None
        self._sure = round(end_s * RATE)
        self._append(self._sure, np.zeros((2, 0), np.int16))
        surplus = self._at - self._sure
        self._encode(self._rest[:, : max(0, self._rest.shape[1] - surplus)])
        for packet in self._stream.encode(None):
            self._file.mux(packet)

    def _finish_stereo(self) -> None:
        """Takes what a resampler still holds."""
        stereo, self._stereo = self._stereo, None
        if stereo is not None:
            self._add(*stereo.feed(None))

    def _add(self, at: int, samples: Channels) -> None:
        if self._at is None:
            self._waiting.append((at, samples))
        else:
            self._append(at, samples)

    def _append(self, at: int, samples: Channels) -> None:
        """Samples from the recording's sample `at` on: after silence, or those that are new."""
        assert self._at is not None
        while self._at < at:
            silence = np.zeros((2, min(at - self._at, RATE)), np.int16)
            self._put(silence)
        self._put(samples[:, max(0, self._at - at) :])

    def _put(self, samples: Channels) -> None:
        assert self._at is not None
        self._at += samples.shape[1]
        self._rest = np.concatenate([self._rest, samples], axis=1)
        num_sure = self._rest.shape[1] - max(0, self._at - self._sure)
        whole = num_sure // _PIECE * _PIECE
        if whole > 0:
            self._encode(self._rest[:, :whole])
            self._rest = self._rest[:, whole:]

    def _encode(self, samples: Channels) -> None:
        for start in range(0, samples.shape[1], _PIECE):
            piece = samples[:, start : start + _PIECE].astype(np.float32) / (1 << 15)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = self._num_encoded
            self._num_encoded += piece.shape[1]
            for packet in self._stream.encode(frame):
                self._file.mux(packet)
