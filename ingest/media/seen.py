"""What came of a stream in the first packets of its container."""

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

_FIRST_STAMPS = 9
"""Of a stream: so many tell where it begins, one of them may be wrong."""
_HELD_BACK = 4
"""The last packets of a stream come only at the end of a file: demuxers and parsers wait for what
follows them."""
TOGETHER_S = 600.0
"""Stamps of one recording begin so far from each other at most."""


@dataclass
class Seen:
    """What came of a stream in the first packets of its container."""

    positions: list[int] = field(default_factory=list)
    """Of its packets among all."""
    stamps: list[float] = field(default_factory=list)
    """In seconds."""

    @property
    def num_packets(self) -> int:
        """How many packets came."""
        return len(self.positions)

    @property
    def rate(self) -> float:
        """Packets a second, by the middle of the steps from one to the next in order of time, so
        that single stamps that are wrong say nothing; 0 if that cannot be told."""
        steps = [after - before for before, after in pairwise(sorted(self.stamps))]
        step_s = median(steps) if steps else 0.0
        return 1 / step_s if step_s > 0 else 0.0

    @property
    def is_moving(self) -> bool:
        """Whether more came than a single picture."""
        return self.num_packets > 1

    def is_after(self, other: "Seen", *, by_stamps: bool) -> bool:
        """Whether it has begun when another stream had ended: recordings were joined.

        Some containers keep streams that run side by side one behind the other: there stamps tell.
        """
        if min(self.num_packets, other.num_packets) < 2 * _HELD_BACK:
            return False
        if by_stamps and self.stamps and other.stamps and self.first_s < max(other.stamps) - 0.5:
            return False
        return self.positions[0] > other.positions[-1 - _HELD_BACK]

    def is_in_gap_of(self, other: "Seen", *, by_stamps: bool) -> bool:
        """Whether another stream is silent while it runs, and goes on afterwards: a part of the
        same recording under another id, as advertisements are.
        """
        if min(self.num_packets, other.num_packets) < 2 * _HELD_BACK:
            return False
        first, last = self.positions[_HELD_BACK], self.positions[-1 - _HELD_BACK]
        before = bisect_left(other.positions, first)
        after = len(other.positions) - bisect_left(other.positions, last)
        if min(before, after) < _HELD_BACK or before + after < other.num_packets:
            return False
        if by_stamps and self.stamps and other.stamps:
            first_s, last_s = self.first_s + 0.5, max(self.stamps) - 0.5
            return not any(first_s < stamp < last_s for stamp in other.stamps)
        return True

    @property
    def first_s(self) -> float:
        """The first stamp, but for single ones that are wrong: those far from all others. Pictures
        that are held lie far from each other, too, but in order.
        """
        firsts = self.stamps[:_FIRST_STAMPS]
        near = [
            stamp
            for stamp in firsts
            if sum(abs(stamp - other) <= TOGETHER_S for other in firsts) > len(firsts) / 2
        ]
        return min(near or firsts)
