"""The frames of a stream in the order of their presentation, each given its time by the clock."""

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Generic, TypeVar

from ingest.media.clock import EARLY_S, LAG_S, LONGEST_GAP_S, Clock

Item = TypeVar("Item")

_BACK_S = 0.5
"""A step back of this length is no jump: stamps are inexact."""
_SURE_S = 0.25
"""A frame that begins so much after the end of the one before needs no witness."""
_SLOW_S = 1.0
"""Frames that are held for so long are pictures of a show, not of a film."""
_WITNESSES = 3
"""So many frames in a row whose stamps follow each other are right: the clock has jumped, or
nothing was shown for long."""
_LONG_S = 2.0
"""A gap that needs so many witnesses, where no other stream shows that it is one."""


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
        self._num_placed = 0
        self.longest_s = 0.0
        """From one frame to the next, so far."""
        self._said_end_s = 0.0
        """When the last frame ends, as it says itself."""
        self._held_s = 0.0
        """Until when a frame was held; those that a decoder has kept back begin before."""
        self._held_stamp_s: float | None = None
        """Until when a frame is held that the decoder has not given yet."""
        self.epoch = 0
        self.last_s = -math.inf
        """When the last frame begins."""
        self.end_s = 0.0
        clock.lanes.append(self)

    @property
    def has_begun(self) -> bool:
        """Whether a frame has been placed."""
        return self._num_placed > 0

    @property
    def _is_show(self) -> bool:
        """Whether frames are pictures that are held, and not those of a film."""
        return self._num_placed <= 2 or self.longest_s >= _SLOW_S

    def place(self, stamped: Stamped[Item]) -> list[Placed[Item]]:
        """Takes the next frame; those whose time is certain by now."""
        if not self.has_begun and not self._waiting and stamped.stamp_s is not None:
            self.epoch = self._clock.epoch_at_the_end(stamped.stamp_s)
        self._waiting.append(stamped)
        return self._settle(ended=False)

    def finish(self) -> list[Placed[Item]]:
        """The frames that had still to be settled when the last one came."""
        placed = self._settle(ended=True)
        if self._held_stamp_s is not None:
            self.hold(self._held_stamp_s)
        return placed

    def hold(self, stamp_s: float) -> None:
        """Told that the last frame is presented until a stamp: a packet without a frame ends
        there. A stamp that does not follow is not believed.
        """
        is_open = bool(self._waiting) or self.last_s == -math.inf
        self._held_stamp_s = max(stamp_s, self._held_stamp_s or stamp_s) if is_open else None
        time_s = self.time_of(stamp_s)
        if not is_open and self._is_plausible(time_s):
            self.end_s = self._held_s = max(self.end_s, time_s)

    def end(self, declared_s: float | None) -> None:
        """Told that the recording has ended, and where by its header.

        That is believed of a last frame that is held as those before it were: some containers do
        not say how long.
        """
        if (
            declared_s is not None
            and self.longest_s >= _SLOW_S
            and self.end_s < declared_s <= self.end_s + 2 * self.longest_s
        ):
            self.end_s = declared_s

    def _settle(self, *, ended: bool) -> list[Placed[Item]]:
        placed = []
        while self._waiting:
            stamp_s = self._waiting[0].stamp_s
            if stamp_s is not None and not self._follows(self.time_of(stamp_s)):
                verdict = self._judge(self.time_of(stamp_s), ended=ended)
                if verdict is None:
                    break
                if verdict is _Verdict.JUMP and self._clock.may_jump:
                    self.epoch = self._clock.epoch_for(self, stamp_s)
                elif verdict is not _Verdict.RIGHT:
                    self._clock.num_wrong += 1
                    stamp_s = None
            placed.append(self._put(stamp_s))
        return placed

    def _follows(self, time_s: float) -> bool:
        """Whether a frame begins where the one before ends, as near as stamps are."""
        if self._anywhere and self.last_s == -math.inf:
            return True
        if not self._is_no_step_back(time_s):
            return False
        is_held = self._may_be_held and abs(time_s - self._said_end_s) <= _SURE_S
        return is_held or time_s <= self.end_s + _SURE_S

    def _is_no_step_back(self, time_s: float) -> bool:
        if self._said_end_s - self.last_s >= _SLOW_S and time_s <= self.last_s:
            return False  # the last frame is held, and not over yet
        if not self.has_begun:
            return time_s >= self._clock.earliest_s
        return time_s >= self.last_s - _BACK_S

    def _is_plausible(self, time_s: float) -> bool:
        """Whether a frame may begin then: after a gap that can be."""
        gap_s = time_s - self.end_s
        return self._is_no_step_back(time_s) and (
            gap_s <= self._clock.longest_gap_s
            or self._clock.reached(self, time_s)
            or self._is_within_header(time_s)
        )

    @property
    def _may_be_held(self) -> bool:
        """Whether the last frame may be held for hours, if anything says so: it is a picture of a
        show, and no other stream says otherwise.
        """
        return self._is_show and len(self._clock.lanes) == 1

    def _is_within_header(self, time_s: float) -> bool:
        return self._may_be_held and time_s <= self._clock.declared_s

    def _judge(self, time_s: float, *, ended: bool) -> _Verdict | None:
        """What the stamp of the first frame that waits is, by those after it; None while that is
        open.
        """
        times = [self.time_of(f.stamp_s) for f in self._waiting if f.stamp_s is not None]
        plausible = self._is_plausible(time_s)
        # A frame after it goes on from those before it: the first one alone is out of line.
        if any(
            self._is_plausible(later_s) and (not plausible or later_s < time_s - _BACK_S)
            for later_s in times[1:]
        ):
            return _Verdict.WRONG
        if len(self._waiting) < self._num_needed(time_s, plausible=plausible) and not ended:
            return None
        if plausible:
            is_known = len(times) > 1 or not ended or self._is_known(time_s)
            return _Verdict.RIGHT if is_known else _Verdict.WRONG
        steps = [after - before for before, after in pairwise(times)]
        in_order = all(-_BACK_S <= step <= self._longest_step_s for step in steps)
        return _Verdict.JUMP if steps and in_order else _Verdict.WRONG

    def _num_needed(self, time_s: float, *, plausible: bool) -> int:
        """How many frames tell what the first of them is."""
        is_short = time_s - self.end_s <= _LONG_S or self._clock.reached(self, time_s)
        return 2 if plausible and is_short else _WITNESSES

    def _is_known(self, time_s: float) -> bool:
        """Whether anything else tells that the last frame of all begins then: other frames that
        were held as long, the frame before it, another stream, or the header, which ends with it.
        """
        length_s = self._waiting[0].length_s
        return (
            time_s - self.end_s <= max(EARLY_S, 4 * self.longest_s)
            or abs(time_s - self._said_end_s) <= _SURE_S
            or self._ends_with_header(time_s + length_s)
            or self._clock.reached(self, time_s)
            or self._is_within_header(time_s)
        )

    def _ends_with_header(self, end_s: float) -> bool:
        return abs(end_s - self._clock.declared_s) <= _SURE_S

    @property
    def _longest_step_s(self) -> float:
        return max(self._clock.longest_gap_s, self._clock.declared_s if self._may_be_held else 0.0)

    def _put(self, stamp_s: float | None) -> Placed[Item]:
        """Places the first frame that waits: at its stamp, or where the one before ends."""
        stamped = self._waiting.popleft()
        if stamp_s is not None:
            time_s = self.time_of(stamp_s)
        elif self._anywhere and self.last_s == -math.inf:
            time_s = math.inf  # nobody knows
        else:
            time_s = self.end_s
        time_s = max(time_s, self.last_s, 0.0)
        length_s = self._believed(time_s, stamped.length_s)
        self._num_placed += 1
        self._said_end_s = time_s + stamped.length_s
        if self.last_s > -math.inf:
            self.longest_s = max(self.longest_s, time_s - self.last_s)
        self.last_s, self.end_s = time_s, time_s + length_s
        if 0 < self._held_s - self.end_s <= max(LAG_S, 3 * self.longest_s):
            self.end_s = self._held_s
        return Placed(time_s, length_s, stamped.item)

    def _believed(self, time_s: float, length_s: float) -> float:
        """The length of a frame; of a film none is much longer than those before it, unless the
        header ends with it, and none of anything lasts for hours unless the next one shows it.
        """
        is_long = not self._is_show and length_s > max(EARLY_S, 4 * self.longest_s)
        is_agreed = length_s <= LONGEST_GAP_S and self._ends_with_header(time_s + length_s)
        if is_long and not is_agreed:
            return self.longest_s
        return min(max(length_s, 0.0), LONGEST_GAP_S)

    def time_of(self, stamp_s: float) -> float:
        """When a stamp is presented, in the epoch that the stream is in."""
        return stamp_s + self._clock.epochs[self.epoch].offset_s
