"""The life of lines: which stand in the picture, each from when it comes to when it goes.

Pages tell where strokes have come or gone, and what is read there now. A line that is found again,
in its place or scrolled to another, goes on; one that is not, where the picture has changed, has
gone. What is outside the changes is as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ingest.perception.ocr.boxes import at_one_place, shared
from ingest.perception.ocr.read_lines import ReadLine
from ingest.perception.writing.live_lines import (
    LiveLine,
    Place,
    came_s,
    covers,
    gone_s,
    joined,
    moved,
    places_of,
)
from ingest.perception.writing.readings import is_part, letters, ticks, whole_words
from ingest.scenes.pages import Page
from ingest.scenes.picture import Box

_TYPED_S = 3.0
"""A part of a line that stands for less, before or after the whole, is one that is being typed, or
slides in or out: of a long one, what stood after each so many seconds is kept."""
_BEGUN_S = 1.2
"""The first part that is typed or slides in, and the last that slides out, stand for less, or end
within a word: a text that was there at once for longer is one, though the next begins as it does.
"""
_TICK_S, _TICKS_S = 4.0, 10.0
_MANY_TICKS = 3
"""What stands for less than _TICK_S and changes its numbers alone is a clock, a counter, a bar of
progress: after so many changes one is kept each _TICKS_S."""
_SAME_EDGE = 0.01
"""Of the picture's width: lines whose begins are as near stand below each other."""
_GAP_S = 1.0
"""What is gone for less than this goes on: captions flicker."""


@dataclass(frozen=True)
class Line:
    """A line of writing that stands in the picture over [start_s, end_s)."""

    text: str
    box: Box
    """Where it stands first: (left, top, right, bottom) in [0, 1] of the picture."""
    start_s: float
    end_s: float


@dataclass
class Screen:
    """The lines in the picture, as page after page is turned."""

    live: list[LiveLine] = field(default_factory=list)
    _ended: list[LiveLine] = field(default_factory=list)
    """Those that may yet go on."""
    _lines: dict[int, Line] = field(default_factory=dict)
    _num_read: int = 0

    def turn(self, page: Page, found: Sequence[ReadLine]) -> None:
        """Takes what is found on a page where it differs from the one before: all lines that touch
        a change, those that are not sure, too.
        """
        self._ended = [line for line in self._ended if page.time_s - line.seen_s < 2 * _TYPED_S]
        lines, reads = self.live, list(found)
        self.live = []
        same = [place for place in places_of(lines, reads) if place.is_same]
        lines, reads = self._go_on(same, lines, reads, page.time_s)
        gone = [line for line in lines if covers(page, line.box)]
        lines, reads = self._go_on(moved(gone, reads), lines, reads, page.time_s)
        for place in places_of(lines, reads):
            self._settle(place, page, found)
        self.live.sort(key=lambda line: line.number)

    def in_question(self, page: Page) -> list[Box]:
        """Where lines stand that may not be the same any more, since a page has changes there."""
        return [
            line.box
            for line in self.live
            if any(shared(line.box, change.box) for change in page.changes)
        ]

    def close(self, end_s: float) -> list[Line]:
        """All lines, in the order in which they were read; those that are still there end now."""
        for line in self.live:
            self._end(line, end_s, "")
        return [line for _, line in sorted(self._lines.items())]

    def _go_on(
        self, places: list[Place], lines: list[LiveLine], reads: list[ReadLine], time_s: float
    ) -> tuple[list[LiveLine], list[ReadLine]]:
        """Keeps the lines that are found again; the others, and what else was read."""
        taken = {id(each) for place in places for each in (*place.lines, *place.reads)}
        for place in places:
            self.live += place.read_again(time_s)
        return (
            [line for line in lines if id(line) not in taken],
            [read for read in reads if id(read) not in taken],
        )

    def _settle(self, place: Place, page: Page, found: Sequence[ReadLine]) -> None:
        """Tells what goes on, what ends and what begins at a place."""
        if place.is_alike:
            self.live += place.read_again(page.time_s)
            return
        sure = [read for read in place.reads if read.is_sure]
        was, now = joined(line.read for line in place.lines), joined(sure)
        times = [came_s(page, read.box) if was or covers(page, read.box) else None for read in sure]
        new = [(read, at_s) for read, at_s in zip(sure, times, strict=True) if at_s is not None]
        covered = [line for line in place.lines if covers(page, line.box)]
        if not covered and (not new or is_part(now, was)):
            self.live += place.lines
            return
        ended = place.lines if new else covered
        self.live += [line for line in place.lines if line not in ended]
        unkept_s, num_ticks = [], 0
        for line in ended:
            end_s = gone_s(page, line)
            after = now if is_part(line.text, now) else _written_on(line, found) or now
            if not self._end(line, end_s, after):
                unkept_s.append(line.unkept_s)
            if end_s - line.start_s < _TICK_S and ticks(line.text, now):
                num_ticks = line.num_ticks + 1
        for read, start_s in new:
            begun_s = min([start_s, *unkept_s])
            self._begin(LiveLine(read, read.box, start_s, page.time_s, 0, was, begun_s, num_ticks))

    def _begin(self, line: LiveLine) -> None:
        """Takes a new line, or one that was gone for a moment."""
        here = (ended for ended in reversed(self._ended) if at_one_place(ended.box, line.box))
        last = next(here, None)
        is_back = last is not None and not line.before and line.start_s - last.seen_s < _GAP_S
        if last is not None and is_back and letters(last.text) == letters(line.text):
            self._ended.remove(last)
            self._lines.pop(last.number, None)
            self.live.append(last.read_again(line.read, line.seen_s))
        else:
            self._num_read += 1
            self.live.append(replace(line, number=self._num_read))

    def _end(self, line: LiveLine, end_s: float, after: str) -> bool:
        """Ends a line; whether it is kept, and not a part of what is."""
        lasted_s = end_s - line.unkept_s
        is_ticking = line.num_ticks >= _MANY_TICKS and ticks(line.text, after)
        self._ended.append(replace(line, seen_s=end_s))
        if (lasted_s < _TYPED_S and _is_typed(line, end_s, after)) or (
            is_ticking and lasted_s < _TICKS_S
        ):
            return False
        text = line.text
        for whole in (after, line.before):
            if is_part(text, whole):
                text = whole_words(text, whole)
        if text:
            self._lines[line.number] = Line(text, line.first_box, line.start_s, end_s)
        return True


def _is_typed(line: LiveLine, end_s: float, after: str) -> bool:
    """Whether a line is one of the parts of another in which that comes or goes."""
    is_brief = end_s - line.start_s < _BEGUN_S
    return any(
        is_part(line.text, whole)
        and (is_brief or is_part(rest, line.text) or whole_words(line.text, whole) != line.text)
        for whole, rest in ((after, line.before), (line.before, after))
    )


def _written_on(line: LiveLine, found: Sequence[ReadLine]) -> str:
    """What a line has become that was typed on and moved at once."""
    same_edge = (read for read in found if abs(read.box[0] - line.box[0]) < _SAME_EDGE)
    return next((read.text for read in same_edge if is_part(line.text, read.text)), "")
