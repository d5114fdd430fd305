"""The presented time of pictures and sounds: what stamps say, as far as it can be.

A recording has one clock, but the stamps of its streams may begin again, jump, or be wrong: two
recordings were joined, a counter has wrapped, a muxer made a mistake. Here presented time runs
forward, and is as long as what is shown and heard. FFmpeg's own transcoder closes jumps, too
(`ts_offset`, `dts_delta_threshold`); there a wrong stamp moves all that follows, here nothing.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

LONGEST_GAP_S = 600.0
"""A picture may be held, and a stream be silent, for so long without anything else to prove it."""
_LONGEST_LIVE_GAP_S = 10.0
"""The same where another stream is silent, too, in containers made for transmission, whose clock
jumps: FFmpeg's `dts_delta_threshold`."""
LIVE_CONTAINERS = frozenset(("mpegts", "mpeg", "mpegtsraw"))
LAG_S = 10.0
"""Streams of one recording lie so far apart in a file, at most."""
EARLY_S = 2.0
"""In a new epoch a stream begins this much before the one that opened it, at most."""
_NEAR_S = 0.3
"""The last frames of streams that lead on end so far behind the next stamps, at most."""
_RECENT_EPOCHS = 8
"""Those that a stream may go on in: streams jump soon after each other."""
_MAX_EPOCHS = 1000
"""A clock that jumps so often says nothing: frames follow each other from then on."""
_SAME_S = 0.25
"""A clock that begins so near to 0 is that of presented time."""
_TOLD = 5
"""Corrections that are told one by one."""


class Stream(Protocol):
    """A stream of a recording, as far as it was presented."""

    epoch: int
    """The number of the epoch that its stamps are of."""
    end_s: float

    @property
    def has_begun(self) -> bool: ...


@dataclass(frozen=True)
class Epoch:
    """A run of the clock: what begins at `begin_s` is presented `offset_s` after its stamp."""

    begin_s: float
    offset_s: float


@dataclass
class Clock:
    """The epochs of a recording, which its streams share, and what was corrected."""

    start_s: float
    """The stamp that is presented at 0."""
    longest_gap_s: float = LONGEST_GAP_S
    is_live: bool = False
    """Whether it is of a container made for transmission, whose streams lie side by side."""
    declared_s: float = 0.0
    """The length that the header claims: believed of pictures that are held, without a sound."""
    epochs: list[Epoch] = field(init=False)
    lanes: list[Stream] = field(default_factory=list, init=False)
    num_wrong: int = field(default=0, init=False)
    """Stamps that were replaced."""

    def __post_init__(self) -> None:
        self.epochs = [Epoch(0.0, -self.start_s)]

    @classmethod
    def of(
        cls, container: str, start_s: float, declared_s: float | None, num_streams: int
    ) -> "Clock":
        """The clock of a recording in this container, with so many streams that are decoded."""
        is_live = container in LIVE_CONTAINERS and num_streams > 1
        longest_s = _LONGEST_LIVE_GAP_S if is_live else LONGEST_GAP_S
        return cls(start_s, longest_s, is_live, declared_s or 0.0)

    @property
    def end_s(self) -> float:
        """The end of what was presented so far."""
        return max((lane.end_s for lane in self.lanes), default=0.0)

    @property
    def earliest_s(self) -> float:
        """When a stream may begin that is met only now."""
        return self.end_s - LAG_S if self.is_live else -LAG_S

    @property
    def pairs(self) -> list[tuple[float, float]] | None:
        """(time_s, stamp_s) of each epoch's begin; None if all stamps are presented times, as near
        as a player tells.
        """
        if len(self.epochs) == 1 and abs(self.start_s) <= _SAME_S:
            return None
        return [(epoch.begin_s, epoch.begin_s - epoch.offset_s) for epoch in self.epochs]

    @property
    def notes(self) -> list[str]:
        """What was corrected, in words."""
        notes = [_told(before, after) for before, after in pairwise(self.epochs)]
        if len(notes) > _TOLD:
            notes = [*notes[:_TOLD], f"the clock jumps {len(notes) - _TOLD} more times"]
        if self.num_wrong:
            stamps = "time stamp was" if self.num_wrong == 1 else "time stamps were"
            notes.append(f"{self.num_wrong} {stamps} wrong, and replaced by what fits those around")
        return notes

    def epoch_at_the_end(self, stamp_s: float) -> int:
        """The epoch of a stream that begins with a stamp: the newest in which it lies near the end
        of what was presented, or else the first.
        """
        for number in self._recent():
            if abs(stamp_s + self.epochs[number].offset_s - self.end_s) <= LAG_S:
                return number
        return 0

    @property
    def may_jump(self) -> bool:
        """Whether another jump would be believed."""
        return len(self.epochs) < _MAX_EPOCHS

    def epoch_for(self, lane: Stream, stamp_s: float) -> int:
        """The epoch in which a stream goes on at a stamp: one that another stream has opened, or
        a new one. That begins where all that was presented ends, but with the recording where the
        stream is met at its beginning: its clock is another one from the first.
        """
        expected_s = lane.end_s if lane.has_begun else self.end_s
        for number in self._recent():
            ahead_s = stamp_s + self.epochs[number].offset_s - expected_s
            # Where it has been before, it goes on; in a new one it may begin before the others.
            earliest_s = -EARLY_S if number > lane.epoch else 0.0
            if number != lane.epoch and earliest_s <= ahead_s <= LAG_S:
                return number
        begin_s = self.end_s if lane.has_begun or self.end_s > LAG_S else 0.0
        self.epochs.append(Epoch(begin_s, begin_s - stamp_s))
        return len(self.epochs) - 1

    def _recent(self) -> range:
        """The numbers of the newest epochs, from the last one back."""
        newest = len(self.epochs) - 1
        return range(newest, max(newest - _RECENT_EPOCHS, -1), -1)

    def follow_with(self, start_s: float) -> None:
        """Told that another recording follows in the file, whose stamps begin at `start_s`: those
        that do not lead on begin a new epoch.
        """
        end_s = self.end_s
        ahead_s = start_s + self.epochs[-1].offset_s - end_s
        if not -_NEAR_S <= ahead_s <= LAG_S and self.may_jump:
            self.epochs.append(Epoch(end_s, end_s - start_s))
        for lane in self.lanes:
            lane.epoch = len(self.epochs) - 1

    def reached(self, lane: Stream, time_s: float) -> bool:
        """Whether another stream of the same epoch has come near a time: then a stream that was
        silent until then was silent, and its stamp is right.
        """
        return any(
            other.end_s >= time_s - LAG_S and other.epoch == lane.epoch
            for other in self.lanes
            if other is not lane
        )


def _told(before: Epoch, after: Epoch) -> str:
    """A jump of the clock, in words."""
    jump_s = before.offset_s - after.offset_s
    moves = f"is {length(jump_s)} ahead" if jump_s > 0 else f"is {length(-jump_s)} behind"
    if after.begin_s <= 0.0:
        return f"the clock of one stream {moves}: it begins with the others"
    at = f"at {after.begin_s:.1f} s the clock of the file"
    if jump_s > 0:
        return f"{at} jumps ahead by {length(jump_s)}: what follows comes right after"
    return f"{at} goes back by {length(-jump_s)}, as of a second recording: it comes right after"


def length(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 2 * 86_400:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "min"), (0 if hours else rest, "s"))
        return " ".join(f"{number} {unit}" for number, unit in parts if number)
    return f"{seconds / 86_400:.0f} days"
