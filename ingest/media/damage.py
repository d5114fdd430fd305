"""Damage of a stream: how much of it could not be decoded, and whether that is a fault."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import av

MAX_DECODE_ERRORS = 10_000
"""A stream of which so many packets failed, and not one was good, is given up."""
COPY_AGAIN = "copy it again, if it is whole elsewhere"
"""What to do about damage."""
_NEAR_S = 60.0
"""A packet whose stamp is farther from what its stream has reached is told to lie there."""
_SLIGHT, _SLIGHT_PACKETS = 0.005, 50
"""Part of a stream's packets, and their number at most: a click in the sound, or a moment of the
picture."""


@dataclass
class Damage:
    """How many packets of a stream could be decoded, and what the decoder said of others."""

    num_packets: int = 0
    num_errors: int = 0
    last_error: str = ""
    """In the decoder's own words; empty if it never failed."""
    first_s: float = math.inf
    last_s: float = -math.inf
    """When the first and the last of the damaged packets would have been presented."""
    _at_s: float = 0.0
    """The same of the packet that is decoded now."""

    @property
    def is_slight(self) -> bool:
        """Whether so little is missing that nobody would miss it."""
        return self.num_errors <= min(_SLIGHT * self.num_packets, _SLIGHT_PACKETS)

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing more is to be expected of the stream."""
        return self.num_errors >= max(MAX_DECODE_ERRORS, self.num_packets)

    def meet(self, time_s: float | None, reached_s: float) -> None:
        """A packet comes: by its stamp, if it has one, at `time_s`, of a stream that was presented
        up to `reached_s`.
        """
        self.num_packets += 1
        is_near = time_s is not None and abs(time_s - max(reached_s, self._at_s)) <= _NEAR_S
        self._at_s = time_s if time_s is not None and is_near else max(reached_s, self._at_s)

    def note(self, error: Exception, *, is_read_now: bool = True) -> None:
        """Counts a packet that is damaged: the one that is decoded now, or one of long before."""
        self.num_errors += 1
        self.last_error = str(getattr(error, "strerror", None) or error)
        if is_read_now:
            self.first_s = min(self.first_s, self._at_s)
            self.last_s = max(self.last_s, self._at_s)

    def fault(self, name: str) -> str | None:
        """What is missing of the stream of this name, in words; None if nobody would miss it."""
        return None if self.is_slight else f"{self._in_words(name)}; {COPY_AGAIN}"

    def slight(self, name: str) -> str | None:
        """The same of too little to be a fault; None if nothing is missing."""
        return self._in_words(name) if self.is_slight and self.num_errors else None

    def _in_words(self, name: str) -> str:
        first, last = f"{self.first_s:.1f}", f"{self.last_s:.1f}"
        where = f" at {first} s" if first == last else f" from {first} to {last} s"
        where = where if math.isfinite(self.last_s) else ""
        if 2 * self.num_errors > self.num_packets:
            return f"{name} could not be decoded{where} ({self.last_error})"
        parts = "1 damaged part" if self.num_errors == 1 else f"{self.num_errors} damaged parts"
        were = "was" if self.num_errors == 1 else "were"
        of = f"{name} (of {self.num_packets})"
        return f"{parts} of {of} {were} left out{where} ({self.last_error})"


@contextmanager
def tolerating(note: Callable[[Exception], object]) -> Iterator[None]:
    """Where a decoder, a filter or a scaler may fail: `note` is told what it raises. Running out of
    memory is no damage.
    """
    try:
        yield
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        note(error)
