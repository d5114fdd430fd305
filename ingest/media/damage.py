"""Damage of a stream: how much of it could not be decoded, and whether that is a fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import av

MAX_DECODE_ERRORS = 10_000
"""A stream of which so many packets failed, and not one was good, is given up."""
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

    @property
    def is_slight(self) -> bool:
        """Whether so little is missing that nobody would miss it."""
        return self.num_errors <= min(_SLIGHT * self.num_packets, _SLIGHT_PACKETS)

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing more is to be expected of the stream."""
        return self.num_errors >= max(MAX_DECODE_ERRORS, self.num_packets)

    def note(self, error: Exception) -> None:
        """Counts a packet that is damaged."""
        self.num_errors += 1
        self.last_error = str(getattr(error, "strerror", None) or error)

    def of(self, name: str) -> str | None:
        """What is missing of the stream of this name, in words; None if nothing is."""
        if not self.num_errors:
            return None
        if 2 * self.num_errors > self.num_packets:
            return f"{name} could not be decoded ({self.last_error})"
        parts = "damaged part" if self.num_errors == 1 else "damaged parts"
        were = "was" if self.num_errors == 1 else "were"
        return f"{self.num_errors} {parts} of {name} {were} left out ({self.last_error})"


@contextmanager
def tolerating(note: Callable[[Exception], None]) -> Iterator[None]:
    """Where a decoder, a filter or a scaler may fail: `note` is told what it raises. Running out of
    memory is no damage.
    """
    try:
        yield
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        note(error)
