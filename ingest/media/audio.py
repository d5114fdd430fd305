"""The sound of a file as 16 kHz mono samples on disk, with the time of every stretch."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
_FILL_S = 2.0
"""Gaps up to this long are filled with silence; longer ones start a new stretch."""
_TOLERANCE_S = 0.1
"""Stamps are this inexact: gaps up to this long are none."""


@dataclass(frozen=True)
class Stretch:
    """Samples without a gap: the one at `first_sample` is heard at `time_s`, those after it follow
    at SAMPLE_RATE.
    """

    first_sample: int
    time_s: float


def time_of(stretches: list[Stretch], sample: float) -> float:
    """The time of a sample in seconds of the recording; there must be a stretch."""
    current = stretches[0]
    for stretch in stretches:
        if stretch.first_sample <= sample:
            current = stretch
    return float(current.time_s + (sample - current.first_sample) / SAMPLE_RATE)


class AudioWriter:
    """A file of int16 mono samples at SAMPLE_RATE, resampled from decoded audio as it comes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self.stretches: list[Stretch] = []
        self.num_samples = 0

    @property
    def end_s(self) -> float:
        """The time after the last sample; 0 if there is none."""
        return time_of(self.stretches, self.num_samples) if self.stretches else 0.0

    def write(self, frame: av.AudioFrame, time_s: float) -> None:
        """Adds decoded audio that is heard from `time_s` on: at the end, after silence, or, where
        its time jumps, as a new stretch. Raises ValueError, av.error.FFmpegError, OSError.
        """
        gap_s = time_s - self.end_s
        if not self.stretches or gap_s > _FILL_S or gap_s < -_FILL_S:
            self.stretches.append(Stretch(self.num_samples, time_s))
        elif gap_s > _TOLERANCE_S:
            self._append(np.zeros(round(gap_s * SAMPLE_RATE), np.int16))
        frame.pts = None
        for resampled in self._resampler.resample(frame):
            self._append(resampled.to_ndarray().ravel())

    def __enter__(self) -> "AudioWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self.stretches:
                for resampled in self._resampler.resample(None):
                    self._append(resampled.to_ndarray().ravel())
        finally:
            self._file.close()
        if not self.num_samples:
            self.stretches.clear()

    def _append(self, samples: npt.NDArray[np.generic]) -> None:
        self._file.write(np.ascontiguousarray(samples, np.int16).tobytes())
        self.num_samples += len(samples)
