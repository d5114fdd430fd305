"""The presented time of pictures and sounds: what stamps say, as far as it can be.

A recording has one clock, but the stamps of its streams may begin again, jump, or be wrong: two
recordings were joined, a counter has wrapped, a muxer made a mistake. Here presented time runs
forward, and is as long as what is shown and heard. FFmpeg's own transcoder closes jumps, too
(`ts_offset`, `dts_delta_threshold`); there a wrong stamp moves all that follows, here nothing.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

LONGEST_GAP_S = 600.0
"""A picture may be held, and a stream be silent, for so long without anything else to prove it."""
_LONGEST_LIVE_GAP_S = 10.0
"""The same where another stream is silent, too, in containers made for transmission, whose clock
jumps: FFmpeg's `dts_delta_threshold`."""
LIVE_CONTAINERS = frozenset(("mpegts", "mpeg", "mpegtsraw"))
_LAG_S = 10.0
"""Streams of one recording lie so far apart in a file, at most."""
_BACK_S = 0.5
"""A step back of this length is no jump: stamps are inexact."""
_SURE_S = 0.25
"""A frame that begins so much after the end of the one before needs no witness."""
_EARLY_S = 2.0
"""In a new epoch a stream begins this much before the one that opened it, at most."""
_SLOW_S = 1.0
"""Frames that are held for so long are pictures of a show, not of a film."""
_WITNESSES = 3
"""So many stamps in a row that follow each other are right, and the clock has jumped."""
_TOLD = 5
"""Corrections that are told one by one."""


@dataclass(frozen=True)
class Stamped(Generic[Item]):
    """A decoded frame with what its container says of its time."""

    stamp_s: float | None
    length_s: float
    item: Item


@dataclass(frozen=True)
class Placed(Generic[Item]):
    """A decoded frame, presented from `time_s` on."""

    time_s: float
    length_s: float
    item: Item


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
    epochs: list[Epoch] = field(init=False)
    lanes: "list[Lane[Any]]" = field(default_factory=list, init=False)
    num_wrong: int = field(default=0, init=False)
    """Stamps that were replaced."""

    def __post_init__(self) -> None:
        self.epochs = [Epoch(0.0, -self.start_s)]

    @classmethod
    def of(cls, container: str, start_s: float, num_streams: int) -> "Clock":
        """The clock of a recording in this container, with so many streams that are decoded."""
        is_live = container in LIVE_CONTAINERS and num_streams > 1
        return cls(start_s, _LONGEST_LIVE_GAP_S if is_live else LONGEST_GAP_S)

    @property
    def end_s(self) -> float:
        """The end of what was presented so far."""
        return max((lane.end_s for lane in self.lanes), default=0.0)

    @property
    def pairs(self) -> list[tuple[float, float]] | None:
        """(time_s, stamp_s) of each epoch's begin; None if all stamps are presented times."""
        if len(self.epochs) == 1:
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
            notes.append(f"{self.num_wrong} {stamps} wrong, and replaced")
        return notes

    def epoch_for(self, lane: "Lane[Any]", stamp_s: float) -> int:
        """The epoch in which a stream goes on at a stamp: one that another stream has opened, or
        a new one, which begins where all that was presented ends.
        """
        for number in range(len(self.epochs) - 1, -1, -1):
            ahead_s = stamp_s + self.epochs[number].offset_s - lane.end_s
            if number != lane.epoch and -_EARLY_S <= ahead_s <= _LAG_S:
                return number
        self.epochs.append(Epoch(self.end_s, self.end_s - stamp_s))
        return len(self.epochs) - 1

    def reached(self, lane: "Lane[Any]", time_s: float) -> bool:
        """Whether another stream of the same epoch has come near a time: then a stream that was
        silent until then was silent, and its stamp is right.
        """
        return any(
            other.end_s >= time_s - _LAG_S and other.epoch == lane.epoch
            for other in self.lanes
            if other is not lane
        )


class _Verdict(Enum):
    """What a stamp that does not follow at once is."""

    RIGHT = "right"
    WRONG = "wrong"
    JUMP = "jump"


class Lane(Generic[Item]):
    """The frames of a stream in the order of their presentation, each given its time.

    A frame that does not follow the one before at once waits until those after it have shown
    whether its stamp is right or wrong, or the clock has jumped; never more than _WITNESSES wait.
    """

    def __init__(self, clock: Clock, *, anywhere: bool = False) -> None:
        self._clock = clock
        self._waiting: deque[Stamped[Item]] = deque()
        self._anywhere = anywhere
        """Whether the first frame may have any time: after a seek."""
        self._longest_s = 0.0
        """From one frame to the next, so far."""
        self.epoch = 0
        self.last_s = -math.inf
        """When the last frame begins."""
        self.end_s = 0.0
        clock.lanes.append(self)

    def place(self, stamped: Stamped[Item]) -> list[Placed[Item]]:
        """Takes the next frame; those whose time is certain by now."""
        self._waiting.append(stamped)
        return self._settle(ended=False)

    def finish(self) -> list[Placed[Item]]:
        """The frames that had still to be settled when the last one came."""
        return self._settle(ended=True)

    def hold(self, stamp_s: float) -> None:
        """Told that the last frame is presented until a stamp: a packet without a frame ends
        there. A stamp that does not follow is not believed.
        """
        time_s = self._time_of(stamp_s)
        if not self._waiting and self.last_s > -math.inf and self._is_plausible(time_s):
            self.end_s = max(self.end_s, time_s)

    def hold_to_the_end(self, end_s: float) -> None:
        """Told where the recording ends by its header, which is believed of a last frame that is
        held as those before it were: some containers do not say how long.
        """
        if self._longest_s >= _SLOW_S and self.end_s < end_s <= self.end_s + 2 * self._longest_s:
            self.end_s = end_s

    def _settle(self, *, ended: bool) -> list[Placed[Item]]:
        placed = []
        while self._waiting:
            stamp_s = self._waiting[0].stamp_s
            if stamp_s is not None and not self._follows(self._time_of(stamp_s)):
                verdict = self._judge(self._time_of(stamp_s), ended=ended)
                if verdict is None:
                    break
                if verdict is _Verdict.JUMP:
                    self.epoch = self._clock.epoch_for(self, stamp_s)
                elif verdict is _Verdict.WRONG:
                    self._clock.num_wrong += 1
                    stamp_s = None
            placed.append(self._put(stamp_s))
        return placed

    def _follows(self, time_s: float) -> bool:
        """Whether a frame begins where the one before ends, as near as stamps are."""
        if self._anywhere and self.last_s == -math.inf:
            return True
        return self._is_no_step_back(time_s) and time_s <= self.end_s + _SURE_S

    def _is_no_step_back(self, time_s: float) -> bool:
        return time_s >= max(self.last_s, -_LAG_S) - _BACK_S

    def _is_plausible(self, time_s: float) -> bool:
        """Whether a frame may begin then: after a gap that can be."""
        gap_s = time_s - self.end_s
        return self._is_no_step_back(time_s) and (
            gap_s <= self._clock.longest_gap_s or self._clock.reached(self, time_s)
        )

    def _judge(self, time_s: float, *, ended: bool) -> _Verdict | None:
        """What the stamp of the first frame that waits is, by those after it; None while that is
        open.
        """
        stamps = [frame.stamp_s for frame in self._waiting if frame.stamp_s is not None]
        times = [self._time_of(stamp_s) for stamp_s in stamps]
        plausible = self._is_plausible(time_s)
        if len(times) > 1 and self._is_plausible(times[-1]):
            # The frame after it is nearer to the one before it: it alone is out of line.
            if not plausible or times[-1] < time_s - _BACK_S:
                return _Verdict.WRONG
            return _Verdict.RIGHT
        if plausible and ended:
            is_like_others = time_s - self.end_s <= max(_EARLY_S, 4 * self._longest_s)
            if is_like_others or self._clock.reached(self, time_s):
                return _Verdict.RIGHT
            return _Verdict.WRONG
        if len(times) >= _WITNESSES or (ended and len(times) > 1):
            steps = (after - before for before, after in pairwise(times))
            in_order = all(-_BACK_S <= step <= self._clock.longest_gap_s for step in steps)
            return _Verdict.JUMP if in_order and not plausible else _Verdict.WRONG
        return _Verdict.WRONG if ended else None

    def _put(self, stamp_s: float | None) -> Placed[Item]:
        """Places the first frame that waits: at its stamp, or where the one before ends."""
        stamped = self._waiting.popleft()
        if stamp_s is not None:
            time_s = self._time_of(stamp_s)
        elif self._anywhere and self.last_s == -math.inf:
            time_s = math.inf  # nobody knows
        else:
            time_s = self.end_s
        time_s = max(time_s, self.last_s, 0.0)
        length_s = min(max(stamped.length_s, 0.0), LONGEST_GAP_S)
        if self.last_s > -math.inf:
            self._longest_s = max(self._longest_s, time_s - self.last_s)
        self.last_s, self.end_s = time_s, max(self.end_s, time_s + length_s)
        return Placed(time_s, length_s, stamped.item)

    def _time_of(self, stamp_s: float) -> float:
        return stamp_s + self._clock.epochs[self.epoch].offset_s


def _told(before: Epoch, after: Epoch) -> str:
    """A jump of the clock, in words."""
    jump_s = before.offset_s - after.offset_s
    at = f"at {after.begin_s:.1f} s"
    if jump_s > 0:
        return f"the clock jumps ahead by {_length(jump_s)} {at}: the jump was closed"
    return f"the clock goes back by {_length(-jump_s)} {at}: what follows was placed after it"


def _length(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 2 * 86_400:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    return f"{seconds / 86_400:.0f} days"
