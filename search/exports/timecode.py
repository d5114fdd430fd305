"""Timecode: frames as editors count them, at exact rates, with and without drop frame."""

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_NOMINAL = 60
"""Frames that a second of timecode has at most; faster films are counted at a part of their rate.
"""
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_TOLERANCE = Fraction(5, 1000)
"""Containers write 23.98 for 24000/1001."""


@dataclass(frozen=True)
class Rate:
    """Frames per second, as an exact fraction."""

    num: int
    den: int

    @property
    def exact(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.num, self.den)

    @property
    def nominal(self) -> int:
        """The frames that a second of timecode has: 24 of 24000/1001."""
        return max(1, int(self.exact + Fraction(1, 2)))

    @property
    def is_ntsc(self) -> bool:
        """Whether it is a 1001st slower than its timecode."""
        return abs(self.exact - Fraction(self.nominal * 1000, 1001)) < _TOLERANCE

    @property
    def may_drop(self) -> bool:
        """Whether its timecode may skip numbers, so that it keeps to the clock."""
        return self.is_ntsc and self.nominal % 30 == 0

    def __str__(self) -> str:
        return str(self.num) if self.den == 1 else f"{self.num}/{self.den}"


def write_timecode(frame: int, rate: Rate, *, is_drop: bool) -> str:
    """Of a frame, counted from 00:00:00:00; after 24 hours it begins again."""
    nominal = rate.nominal
    if is_drop:
        frame = _with_dropped(frame % (144 * _frames_of_ten_minutes(nominal)), nominal)
    seconds, frames = divmod(frame % (86_400 * nominal), nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    separator = ";" if is_drop else ":"
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{frames:02d}"


def read_timecode(text: str, rate: Rate) -> tuple[int, bool]:
    """The frame that a timecode names, and whether it drops frames. Raises ValueError for one that
    does not go with the rate."""
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no timecode")
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    is_drop = match[4] != ":"
    nominal = rate.nominal
    num_minutes = hours * 60 + minutes
    num_dropped = _dropped(nominal) if is_drop else 0
    is_skipped = seconds == 0 and minutes % 10 != 0 and frames < num_dropped
    fits = minutes < 60 and seconds < 60 and frames < nominal and not is_skipped
    if not fits or (is_drop and not rate.may_drop):
        raise ValueError(f"{text} is no timecode of {rate} frames a second")
    counted = (num_minutes * 60 + seconds) * nominal + frames
    return counted - num_dropped * (num_minutes - num_minutes // 10), is_drop


def _dropped(nominal: int) -> int:
    """The numbers that are skipped at the beginning of each minute but every tenth."""
    return nominal // 15


def _frames_of_ten_minutes(nominal: int) -> int:
    return nominal * 600 - 9 * _dropped(nominal)


def _with_dropped(frame: int, nominal: int) -> int:
    """The number of a frame where some are skipped."""
    dropped = _dropped(nominal)
    tens, rest = divmod(frame, _frames_of_ten_minutes(nominal))
    minutes = max(0, (rest - dropped) // (nominal * 60 - dropped))
    return frame + dropped * (9 * tens + minutes)
