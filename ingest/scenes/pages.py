"""Pages: pictures on which writing has come or gone, found in the strokes that stand still.

A caption over a moving film, a bullet that is added to a slide, a line in a terminal change little
of a picture, and nothing of its mean. What they change is strokes: those that come and stay, and
those that were there and went, told for each tile of the picture.
"""

from dataclasses import dataclass, replace

import av
import cv2
import numpy as np
import numpy.typing as npt

from ingest.scenes.picture import Box, shown_box
from ingest.scenes.pixels import grey_picture
from ingest.scenes.scrolling import Scrolling
from ingest.scenes.slides import when_replaced
from ingest.scenes.strokes import WIDTH_PX, Grey, Mask, Strokes, first_strokes, next_strokes
from ingest.scenes.tiles import MIN_CHANGED, pixels, tiles, writing

SAMPLE_S = 0.08
"""From one picture that is looked at to the next, at least."""
_ROUNDED_S = 0.005
"""Time stamps are this exact."""
_HELD_S = 0.25
"""A picture that nothing follows for so long is looked at again, as if it came again."""
SETTLES_S = 0.4
"""Strokes that stand still for so long are read; those that are gone for so long have gone."""
_FLASH_S = 0.07
"""Among others that stand still, strokes that were there for so long are read though they go."""
_WORD_S = 0.15
"""The same in a film that moves: captions word by word. Drawn films move every eighth second."""
_AGAIN_S = (0.45, 0.9, 2.1)
"""When a picture that is held is looked at: when it has settled, and is no longer waited for."""
_GROWS_S = 0.4
"""A page is taken when no more strokes have come for so long: a line is typed letter by letter, and
bullets fade in."""
_LONGEST_S = 2.0
"""It is taken after so long at last."""
_SMALL = 5
"""Changes of so few tiles must stand for _LONGEST_S: clocks tick."""
_CALM = 0.1
"""Part of the strokes that move in a picture in which nothing does."""


@dataclass(frozen=True)
class Change:
    """A place where strokes have come or gone."""

    box: Box
    came_s: float | None
    """When half of those that came had; None if hardly any did."""
    gone_s: float | None
    """When half of those that went had; None if hardly any did."""

    @property
    def since_s(self) -> float:
        """When it began."""
        return min(time_s for time_s in (self.came_s, self.gone_s) if time_s is not None)


@dataclass(frozen=True)
class Page:
    """A picture on which writing may have come or gone, kept in a file."""

    time_s: float
    """When it was shown."""
    name: str | None
    """Of its JPEG in the output folder; None if nothing need be read, or it cannot be shown."""
    changes: tuple[Change, ...]
    """Where it differs from the page before."""
    is_new: bool
    """Whether something came that may be writing; else something went."""


@dataclass(frozen=True)
class Turned:
    """A page that has just been turned: the frame to be kept, and what is new on it."""

    time_s: float
    frame: av.VideoFrame | None
    """None where nothing that may be writing came or went: there is nothing to be read."""
    changes: tuple[Change, ...]
    is_new: bool
    """Whether something came that may be writing; else something went."""
    slide_s: float | None = None
    """When a slide took the place of another, if one did."""


@dataclass(frozen=True)
class _Sample:
    """A picture that was looked at."""

    strokes: Strokes
    frame: av.VideoFrame


class PageTracker:
    """The pages of a film, told as soon as they stand still. Frames are fed in order of time."""

    def __init__(self) -> None:
        self._read = np.zeros((1, 1), np.int8)
        """The signs of the strokes on the page before, [h, w]."""
        self._left_s = np.zeros((1, 1), np.float32)
        """When each of its strokes' pixels became another, of those that are another now."""
        self._gone = np.zeros((1, 1), np.bool_)
        """Those."""
        self._last: _Sample | None = None
        self._skipped: tuple[float, av.VideoFrame] | None = None
        """The frame that came after it, too soon to be looked at."""
        self._short: tuple[_Sample, Mask] | None = None
        """The sample before, if nothing moved in it, and the tiles in which strokes have come."""
        self._num_new = 0
        self._began_s = self._grown_s = 0.0
        self._scrolling = Scrolling()

    def feed(self, time_s: float, frame: av.VideoFrame) -> list[Turned]:
        """Takes the next frame; the pages that were turned until then."""
        turned = self.hold(time_s)
        if self._last is not None and time_s - self._last.strokes.time_s < SAMPLE_S - _ROUNDED_S:
            self._skipped = time_s, frame
            return turned
        return turned + self._look(time_s, frame, grey_picture(frame, WIDTH_PX))

    def finish(self, end_s: float) -> list[Turned]:
        """Told that the film ends: the pages that were turned, and what still waited."""
        return self.hold(end_s) + self._waiting()

    def hold(self, until_s: float) -> list[Turned]:
        """Told that the last frame is shown until then: the pages that were turned."""
        turned: list[Turned] = []
        if self._last is None:
            return turned
        since_s = self._skipped[0] if self._skipped else self._last.strokes.time_s
        if until_s - since_s < _HELD_S:
            return turned
        if self._skipped:
            frame = self._skipped[1]
            turned += self._look(since_s, frame, grey_picture(frame, WIDTH_PX))
        for later_s in (*_AGAIN_S, until_s - since_s - _ROUNDED_S):
            if self._last.strokes.time_s < since_s + later_s < until_s:
                again = replace(self._last.strokes, time_s=since_s + later_s)
                turned += self._take(_Sample(again, self._last.frame))
        return turned

    def _look(self, time_s: float, frame: av.VideoFrame, grey: Grey) -> list[Turned]:
        self._skipped = None
        before = None if self._last is None else self._last.strokes
        if before is not None and before.signs.shape == grey.shape:
            return self._take(_Sample(next_strokes(before, time_s, grey), frame))
        turned = self._waiting()
        if before is not None:  # pictures of another size: nothing is where it was
            everything = Change((0.0, 0.0, 1.0, 1.0), None, time_s)
            turned.append(Turned(time_s, frame, (everything,), is_new=False))
        self._read = np.zeros(grey.shape, np.int8)
        self._left_s = np.zeros(grey.shape, np.float32)
        self._gone = np.zeros(grey.shape, np.bool_)
        self._short, self._num_new = None, 0
        return turned + self._take(_Sample(first_strokes(time_s, grey), frame))

    def _waiting(self) -> list[Turned]:
        """The page of what has come or gone, and was waited for to be complete."""
        if self._last is not None:
            changed = self._changed(self._last.strokes)
            if np.count_nonzero(changed) > _SMALL:
                return [self._turn(self._last, changed, SETTLES_S)]
        return [self._turn(*self._short, _FLASH_S)] if self._short else []

    def _take(self, sample: _Sample) -> list[Turned]:
        turned = []
        if self._short is not None and self._is_over(*self._short, sample):
            turned.append(self._turn(*self._short, _FLASH_S))
        self._last, strokes = sample, sample.strokes
        gone = (self._read != 0) & (strokes.signs != self._read)
        np.copyto(self._left_s, np.float32(strokes.time_s), where=gone & ~self._gone)
        self._gone = gone
        changed = self._changed(strokes)
        num_new = int(np.count_nonzero(changed))
        if num_new > self._num_new:
            if not self._num_new:
                self._began_s = strokes.time_s
            self._grown_s = strokes.time_s
        self._num_new = num_new
        wait_s = _LONGEST_S if num_new <= _SMALL else _GROWS_S
        if num_new and (
            strokes.time_s - self._grown_s >= wait_s or strokes.time_s - self._began_s >= _LONGEST_S
        ):
            turned.append(self._turn(sample, changed, SETTLES_S))
        turned += self._scrolled(sample)
        self._short = self._short_of(sample)
        return turned

    def _scrolled(self, sample: _Sample) -> list[Turned]:
        """The page of what has scrolled on since it was read."""
        scrolled = self._scrolling.feed(sample.strokes.time_s, sample.strokes.signs)
        if not scrolled:
            return []
        gone_s = _median_s(self._left_s, self._gone)
        changes = tuple(
            Change(
                shown_box(sample.frame, each.box),
                each.since_s,
                each.since_s if gone_s is None else min(each.since_s, gone_s),
            )
            for each in scrolled
        )
        return [Turned(sample.strokes.time_s, sample.frame, changes, is_new=True)]

    def _short_of(self, sample: _Sample) -> tuple[_Sample, Mask] | None:
        """The tiles in which strokes have just come and do not move; None if there are few."""
        strokes = sample.strokes
        is_calm = strokes.moving(_FLASH_S) < _CALM
        there = strokes.standing(_FLASH_S if is_calm else _WORD_S)
        new = tiles(there & (strokes.signs != self._read)) >= MIN_CHANGED
        if np.count_nonzero(new) <= _SMALL:
            return None
        standing, passing = tiles(there), tiles((strokes.signs != 0) & ~there)
        still = new & (passing < _CALM * standing)
        if np.count_nonzero(still) <= _SMALL:
            return None
        is_writing = (writing(strokes.signs * there.view(np.int8)) & still).any()
        return (sample, still) if is_writing else None

    def _changed(self, strokes: Strokes) -> Mask:
        """The tiles that are no longer as on the page before."""
        other = strokes.settled(SETTLES_S) & (strokes.signs != self._read)
        come, gone = other & (strokes.signs != 0), other & (self._read != 0)
        return (tiles(come) >= MIN_CHANGED) | (tiles(gone) >= MIN_CHANGED)

    def _is_over(self, short: _Sample, new: Mask, sample: _Sample) -> bool:
        """Whether what had just come in some tiles has gone again before it was read."""
        if short.strokes.signs.shape != sample.strokes.signs.shape:
            return True
        came = pixels(new, short.strokes.signs.shape) & short.strokes.standing(_FLASH_S)
        came &= short.strokes.signs != self._read
        gone = came & (sample.strokes.signs != short.strokes.signs)
        return bool(2 * np.count_nonzero(gone) > np.count_nonzero(came))

    def _turn(self, sample: _Sample, changed: Mask, settles_s: float) -> Turned:
        """The page of a sample, with what has changed in some tiles, which then counts as read."""
        strokes = sample.strokes
        here = pixels(changed, strokes.signs.shape) & strokes.settled(settles_s)
        other = here & (strokes.signs != self._read)
        come = tiles(other & (strokes.signs != 0))
        is_calm = strokes.moving(SETTLES_S) < _CALM
        slide_s = None
        if is_calm and settles_s == SETTLES_S:
            slide_s = when_replaced(self._read, strokes, other)
        changes = tuple(
            replace(change, box=shown_box(sample.frame, change.box))
            for change in self._changes(changed, other, strokes)
        )
        was_written = bool((writing(self._read) & changed).any())
        self._read = np.where(here, strokes.signs, self._read)
        self._gone &= ~here
        self._num_new = 0
        # Where nothing moves, a single digit counts: large ones are no writing by their strokes.
        is_writing = is_calm or writing(strokes.signs * here.view(np.int8))
        is_new = bool((is_writing & (come >= MIN_CHANGED)).any())
        kept = sample.frame if is_new or was_written else None
        return Turned(strokes.time_s, kept, changes, is_new, slide_s)

    def _changes(self, changed: Mask, other: Mask, strokes: Strokes) -> list[Change]:
        """The places of a frame where tiles beside each other have changed, each with its time."""
        joined = cv2.dilate(changed.view(np.uint8), np.ones((3, 5), np.uint8))
        num, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        rows, columns = changed.shape
        labelled = cv2.resize(
            labels.astype(np.int32), strokes.signs.shape[::-1], interpolation=cv2.INTER_NEAREST
        )
        changes = []
        for label in range(1, num):
            left, top, width, height = stats[label, :4]
            right, bottom = left + width, top + height
            box = (
                float(left / columns),
                float(top / rows),
                float(right / columns),
                float(bottom / rows),
            )
            here = other & (labelled == label)
            came_s = _median_s(strokes.since_s, here & (strokes.signs != 0))
            gone_s = _median_s(self._left_s, here & (self._read != 0))
            if came_s is not None or gone_s is not None:
                changes.append(Change(box, came_s, gone_s))
        return changes


def _median_s(times_s: npt.NDArray[np.float32], those: Mask) -> float | None:
    """The median time of some pixels; None if they are too few to be told in any tile: of a crowded
    photograph far more strokes go than come with the two words that follow it."""
    if not (tiles(those) >= MIN_CHANGED).any():
        return None
    return float(np.median(times_s[those]))
