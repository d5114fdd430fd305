"""Sound as it is listened to: passages one after the other, each with its time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.media.samples import SAMPLE_RATE, Mono, Samples

WINDOW_S = 300.0
"""Memory stays flat however long the sound is; a window ends in the quietest place near its end."""
_SEARCH_S = 20.0
"""How long before its latest end a window may end."""
_QUIET_S = 0.4
"""Blocks whose loudness is compared."""
Waveform = npt.NDArray[np.float32]
"""Samples [n] in [-1, 1]."""
Span = tuple[float, float]
"""[start_s, end_s) of a recording."""


@dataclass(frozen=True)
class Passage:
    """Samples without a gap, the first of which is heard at `time_s`."""

    samples: Mono
    time_s: float

    @property
    def end_s(self) -> float:
        """The time after the last sample."""
        return self.time_s + len(self.samples) / SAMPLE_RATE


class Sound:
    """Passages one after the other, as if there were no gaps between them."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._passages = [passage for passage in passages if len(passage.samples)]
        lengths = [len(passage.samples) for passage in self._passages]
        self._firsts = np.cumsum([0, *lengths]).tolist()
        self._times = [passage.time_s for passage in self._passages]

    @classmethod
    def of(cls, folder: Path, samples: Samples) -> "Sound":
        """The whole of a file in `folder`, which is read as it is needed."""
        mapped = np.asarray(np.memmap(folder / samples.file, np.int16, mode="r"))
        stretches = samples.stretches
        ends = [stretch.first_sample for stretch in stretches[1:]] + [samples.num_samples]
        return cls(
            Passage(mapped[stretch.first_sample : end], stretch.time_s)
            for stretch, end in zip(stretches, ends, strict=True)
        )

    def __len__(self) -> int:
        """The number of samples."""
        return int(self._firsts[-1])

    def samples(self, first: int, last: int) -> Mono:
        """The samples [first, last), by their numbers."""
        pieces = [np.zeros(0, np.int16)]
        for passage, start in self._touched(first, last):
            pieces.append(passage.samples[max(0, first - start) : last - start])
        return np.concatenate(pieces)

    def waveform(self, first: int, last: int) -> Waveform:
        """The samples [first, last) as models take them."""
        return self.samples(first, last).astype(np.float32) / np.float32(32768)

    def spans(self, first: int, last: int, longest_s: float) -> Iterator[Span]:
        """When the samples [first, last) are heard, in spans without a gap, none of them longer."""
        longest = round(longest_s * SAMPLE_RATE)
        for passage, start in self._touched(first, last):
            end = min(last - start, len(passage.samples))
            for piece in range(max(0, first - start), end, longest):
                piece_end = min(piece + longest, end)
                yield (
                    passage.time_s + piece / SAMPLE_RATE,
                    passage.time_s + piece_end / SAMPLE_RATE,
                )

    def time_of(self, sample: float) -> float:
        """The time of a sample, by its number, in seconds of the recording; there must be one."""
        number = min(bisect_right(self._firsts, sample), len(self._passages)) - 1
        return float(self._times[number] + (sample - self._firsts[number]) / SAMPLE_RATE)

    def between(self, start_s: float, end_s: float) -> Mono:
        """The samples of a time, with silence where there are none."""
        heard = np.zeros(round((end_s - start_s) * SAMPLE_RATE), np.int16)
        number = max(0, bisect_right(self._times, start_s) - 1)
        while number < len(self._passages) and self._times[number] < end_s:
            samples = self._passages[number].samples
            offset = round((self._times[number] - start_s) * SAMPLE_RATE)
            part = samples[max(0, -offset) : max(0, len(heard) - offset)]
            heard[max(0, offset) : max(0, offset) + len(part)] = part
            number += 1
        return heard

    def cut(self, spans: Sequence[Span]) -> list[Passage]:
        """What is heard in these spans of time, which are in order and do not overlap."""
        ends = [end_s for _, end_s in spans]
        passages: list[Passage] = []
        for passage in self._passages:
            number = bisect_right(ends, passage.time_s)
            while number < len(spans) and spans[number][0] < passage.end_s:
                start_s, end_s = spans[number]
                first, last = (
                    round((time_s - passage.time_s) * SAMPLE_RATE)
                    for time_s in (max(start_s, passage.time_s), min(end_s, passage.end_s))
                )
                time_s = passage.time_s + first / SAMPLE_RATE
                passages.append(Passage(passage.samples[first:last], time_s))
                number += 1
        return passages

    def _touched(self, first: int, last: int) -> Iterator[tuple[Passage, int]]:
        """The passages with samples in [first, last), and the number of the first of each."""
        number = max(0, bisect_right(self._firsts, first) - 1)
        while number < len(self._passages) and self._firsts[number] < last:
            yield self._passages[number], self._firsts[number]
            number += 1


def windows(sound: Sound) -> Iterator[tuple[int, int]]:
    """The parts [first, last) of a sound that are worked on at a time."""
    first = 0
    while first < len(sound):
        last = _window_end(sound, first)
        yield first, last
        first = last


def _window_end(sound: Sound, first: int) -> int:
    """The sample after the last one of the window that starts at sample `first`."""
    last = first + round(WINDOW_S * SAMPLE_RATE)
    if last >= len(sound):
        return len(sound)
    block = round(_QUIET_S * SAMPLE_RATE)
    num_blocks = round(_SEARCH_S / _QUIET_S)
    tail = sound.samples(last - num_blocks * block, last)
    blocks = tail.astype(np.float32).reshape(num_blocks, block)
    quietest = int(np.argmin(np.square(blocks).mean(axis=1)))
    return last - num_blocks * block + quietest * block + block // 2
