"""The file's own clock: what its stamps say at a presented time, by which players seek in it."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NEAR_S = 0.1
"""Stamps that come a second time for less than this are a muxer's rounding."""


@dataclass(frozen=True)
class FileClock:
    """Presented time and the file's own, as `video.clock` has it (database/models)."""

    pairs: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """(time_s, stamp_s), as far as each stamp is of one moment."""
    clear_until_s: float = math.inf
    """Where stamps begin to come again: from there on, nobody can seek by them."""

    @classmethod
    def of(cls, pairs: Iterable[Sequence[float]] | None) -> "FileClock":
        """The clock of a column. Players count from 0 where stamps begin below it."""
        if not pairs:
            return PRESENTED
        known = [(time_s, stamp_s) for time_s, stamp_s in pairs]
        below_s = min(known[0][1], 0.0)
        known = [(time_s, stamp_s - below_s) for time_s, stamp_s in known]
        for number, (before, after) in enumerate(pairwise(known), 1):
            reached_s = before[1] + after[0] - before[0]
            if after[0] <= before[0] or after[1] < reached_s - _NEAR_S:
                return cls(tuple(known[:number]), after[0])
        return cls(tuple(known))

    def stamp_of(self, time_s: float, *, is_end: bool = False) -> float:
        """What the file says at a time, or where a moment ends; before its clock jumps then."""
        begun = [
            pair for pair in self.pairs if pair[0] < time_s or (pair[0] == time_s and not is_end)
        ]
        begin_s, stamp_s = begun[-1] if begun else self.pairs[0]
        return stamp_s + time_s - begin_s

    def to_json(self) -> str | None:
        """`pairs`, and `until`, null if all of it is clear, for scripts; None where stamps are the
        presented times."""
        if self == PRESENTED:
            return None
        until = self.clear_until_s if math.isfinite(self.clear_until_s) else None
        return json.dumps({"pairs": self.pairs, "until": until})


PRESENTED = FileClock()
"""The clock of a file whose stamps are the presented times."""
