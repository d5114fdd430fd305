"""Samples of sound on disk and their times."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
Mono = npt.NDArray[np.int16]
"""Samples [n] at SAMPLE_RATE."""
Channels = npt.NDArray[np.int16]
"""Samples [channels, n] at SAMPLE_RATE."""
_MOST_GROWTH = 128
"""Of a file's size, what it may take on disk: of a channel that is coded in 2 kbit/s, fewer than
speech needs, our samples are so many times larger."""
_LEAST_ROOM = 16 << 20
"""The same of small files, in bytes: eight minutes of a channel."""


@dataclass(frozen=True)
class Stretch:
    """Samples without a gap: the one at `first_sample` is heard at `time_s`, those after it follow
    at SAMPLE_RATE.
    """

    first_sample: int
    time_s: float


@dataclass(frozen=True)
class Samples:
    """Sound on disk; there is at least one sample and one stretch."""

    file: str
    """Of int16 mono samples at SAMPLE_RATE, in the folder of the decode pass."""
    num_samples: int
    stretches: list[Stretch]

    @property
    def start_s(self) -> float:
        """The time of the first sample."""
        return self.stretches[0].time_s

    @property
    def end_s(self) -> float:
        """The time after the last sample."""
        return time_of(self.stretches, self.num_samples)


def time_of(stretches: list[Stretch], sample: float) -> float:
    """The time of a sample in seconds of the recording; there must be a stretch."""
    number = bisect_right(stretches, sample, key=lambda stretch: stretch.first_sample)
    stretch = stretches[max(0, number - 1)]
    return float(stretch.time_s + (sample - stretch.first_sample) / SAMPLE_RATE)


class Room:
    """The disk that the sounds of a file may take beside the first track, in proportion to its
    size: a few bytes may claim to be hours of many channels.
    """

    def __init__(self, file_bytes: int) -> None:
        self.num_bytes = max(_LEAST_ROOM, _MOST_GROWTH * file_bytes)
        self.lost_from_s = math.inf
        """The time of the first samples for which there was no room."""
        self._left = self.num_bytes

    def take(self, samples: Mono, time_s: float) -> bool:
        """Whether there is room for these; after the first for which there is none, for none."""
        self._left -= samples.nbytes
        if self._left < 0:
            self.lost_from_s = min(self.lost_from_s, time_s)
        return self._left >= 0


class SamplesFile:
    """Samples that are being written; the file is made with the first."""

    def __init__(self, folder: Path, name: str, room: Room | None) -> None:
        """`room` is None for samples that are written in any case."""
        self._folder, self._name, self._room = folder, name, room
        self._file: BinaryIO | None = None
        self._stretches: list[Stretch] = []
        self._num_samples = 0

    @property
    def has_begun(self) -> bool:
        """Whether there is a stretch."""
        return bool(self._stretches)

    @property
    def end_s(self) -> float:
        """The time after the last sample; 0 if there is none."""
        return time_of(self._stretches, self._num_samples) if self._stretches else 0.0

    def begin(self, time_s: float) -> None:
        """A new stretch: what is appended from now on is heard from `time_s` on."""
        if self._stretches and self._stretches[-1].first_sample == self._num_samples:
            self._stretches.pop()
        self._stretches.append(Stretch(self._num_samples, time_s))

    def append(self, samples: Mono) -> None:
        """Adds samples at the end, or, where there is no room, leaves them out. Raises OSError."""
        if self._room is not None and not self._room.take(samples, self.end_s):
            return
        if self._file is None:
            self._file = (self._folder / self._name).open("wb")
        self._file.write(np.ascontiguousarray(samples).tobytes())
        self._num_samples += len(samples)

    def close(self) -> Samples | None:
        """What was written; None if that is no sample."""
        if self._file is not None:
            self._file.close()
        if self._stretches and self._stretches[-1].first_sample == self._num_samples:
            self._stretches.pop()
        return Samples(self._name, self._num_samples, self._stretches) if self._stretches else None
