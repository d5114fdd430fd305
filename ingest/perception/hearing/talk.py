"""Where somebody speaks in a sound: pieces between pauses, and stretches of them that are listened
to at a time. What is not in them, silence, noise and music, never reaches Whisper, which makes up
words for it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.sound import Waveform

_LONGEST_PIECE_S = 8.0
"""A sentence or two: the least of which the language is told."""
_LONGEST_STRETCH_S = 28.0
"""What Whisper hears at a time is 30 s with a little silence at the end, where it stops."""
_VAD = VadOptions(
    threshold=0.4,
    min_speech_duration_ms=200,
    min_silence_duration_ms=300,
    speech_pad_ms=200,
    max_speech_duration_s=_LONGEST_PIECE_S,
)
"""At 0.4 speech by telephone is found whole, at 0.5 half of it; music and noise are there for a
moment at most, shorter than any word."""


@dataclass(frozen=True)
class Piece:
    """The samples [first, last) of a sound, in which somebody speaks without a longer pause."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


def pieces_of(samples: Waveform) -> list[Piece]:
    """The pieces of speech in a sound, in order."""
    return [Piece(chunk["start"], chunk["end"]) for chunk in get_speech_timestamps(samples, _VAD)]


@dataclass(frozen=True)
class Stretch:
    """Pieces, one after the other, that are listened to as one sound; what is between them is left
    out.
    """

    pieces: tuple[Piece, ...]

    def __len__(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    def position(self, piece: Piece) -> int:
        """The number of samples before one of its pieces."""
        return sum(len(before) for before in self.pieces[: self.pieces.index(piece)])

    def cut(self, samples: Waveform) -> Waveform:
        """Its sound."""
        return np.concatenate([samples[piece.first : piece.last] for piece in self.pieces])

    def place(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The samples [first, last) of the whole at which something in the stretch is heard that
        lasts from one time to another: all in one piece, the one that its middle is in.
        """
        middle = (start_s + end_s) / 2 * SAMPLE_RATE
        begins = [self.position(piece) for piece in self.pieces]
        number = max(0, bisect_right(begins, middle) - 1)
        piece, begin = self.pieces[number], begins[number]
        first, last = (
            piece.first + min(max(0.0, time_s * SAMPLE_RATE - begin), len(piece))
            for time_s in (start_s, end_s)
        )
        return first, last


def stretches_of(pieces: Sequence[Piece]) -> list[Stretch]:
    """Pieces put together to stretches as long as can be, which end at their longer pauses."""
    stretches: list[Stretch] = []
    left = list(pieces)
    while left:
        num = _num_fitting(left)
        if num < len(left):
            # From the end on, so that of equal pauses the last is taken.
            num = max(range(num, num // 2, -1), key=lambda n: left[n].first - left[n - 1].last)
        stretches.append(Stretch(tuple(left[:num])))
        left = left[num:]
    return stretches


def _num_fitting(pieces: Sequence[Piece]) -> int:
    """How many of these, one at least, are not too long for a stretch."""
    lengths = np.cumsum([len(piece) for piece in pieces])
    return max(1, int(np.searchsorted(lengths, _LONGEST_STRETCH_S * SAMPLE_RATE, "right")))
