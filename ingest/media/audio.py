"""The sound of a file as 16 kHz mono samples on disk, with the time of every stretch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from ingest.media.container import Track

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


@dataclass(frozen=True)
class Voice:
    """What is to be heard of a recording by itself: a sound track, or a channel of one."""

    file: str
    """Of int16 mono samples at SAMPLE_RATE, in the folder of the decode pass."""
    num_samples: int
    stretches: list[Stretch]
    track: str | None
    """Its name, in words; None for the one that people hear first."""
    language: str | None
    """As the container says, in its own form; None if it does not."""


def time_of(stretches: list[Stretch], sample: float) -> float:
    """The time of a sample in seconds of the recording; there must be a stretch."""
    current = stretches[0]
    for stretch in stretches:
        if stretch.first_sample <= sample:
            current = stretch
    return float(current.time_s + (sample - current.first_sample) / SAMPLE_RATE)


class Voices:
    """The sounds of a recording, written as they are decoded; each track is a voice."""

    def __init__(self, folder: Path, tracks: Sequence[Track]) -> None:
        self._tracks = tracks
        self._files = [f"sound-{number}.s16" for number, _ in enumerate(tracks)]
        self._writers = [AudioWriter(folder / file) for file in self._files]

    @property
    def end_s(self) -> float:
        """The time after the last sample of any track; 0 if there is none."""
        return max((writer.end_s for writer in self._writers), default=0.0)

    def write(self, track: int, frame: av.AudioFrame, time_s: float) -> None:
        """Adds decoded audio of a track, by its position, as AudioWriter does."""
        self._writers[track].write(frame, time_s)

    def close(self) -> list[Voice]:
        """What is to be heard; tracks without a sample are left out."""
        for writer in self._writers:
            writer.close()
        return [
            Voice(
                file,
                writer.num_samples,
                writer.stretches,
                track=None if number == 0 else track.title or f"track {number + 1}",
                language=track.language,
            )
            for number, (track, file, writer) in enumerate(
                zip(self._tracks, self._files, self._writers, strict=True)
            )
            if writer.num_samples
        ]


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

    def close(self) -> None:
        """Ends the file."""
        with self._file:
            if self.stretches:
                for resampled in self._resampler.resample(None):
                    self._append(resampled.to_ndarray().ravel())
        if not self.num_samples:
            self.stretches.clear()

    def _append(self, samples: npt.NDArray[np.generic]) -> None:
        self._file.write(np.ascontiguousarray(samples, np.int16).tobytes())
        self.num_samples += len(samples)
