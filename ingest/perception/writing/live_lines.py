"""Lines that stand in the picture, and what of them is found again on the next page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ingest.perception.ocr.boxes import area, at_one_place, shared, touch
from ingest.perception.ocr.read_lines import ReadLine
from ingest.perception.writing.readings import are_of_one, letters, surer
from ingest.scenes.pages import Page
from ingest.scenes.picture import Box

_MIN_COVERED = 0.3
"""What of a line's area changes where it goes, scrolls, or is written over."""


@dataclass(frozen=True, eq=False)
class LiveLine:
    """A line that is in the picture now."""

    read: ReadLine
    """As it was read most surely, with the place where it is now."""
    first_box: Box
    start_s: float
    seen_s: float
    """When the last page was shown on which it was found; when it ended, if it did."""
    number: int
    """Lines are numbered as they are read."""
    before: str
    """What stood in its place before."""
    unkept_s: float
    """Since when nothing was kept of what is typed or ticks here."""
    num_ticks: int

    @property
    def box(self) -> Box:
        """Where it is now."""
        return self.read.box

    @property
    def text(self) -> str:
        """What it says."""
        return self.read.text

    def read_again(self, read: ReadLine, time_s: float) -> "LiveLine":
        """The line with the surer reading, at its place of now."""
        best = replace(surer(self.read, read), box=read.box, picture=read.picture)
        return replace(self, read=best, seen_s=time_s)


@dataclass(frozen=True, eq=False)
class Place:
    """A place in the picture: the lines that stood there, and what is read there now."""

    lines: list[LiveLine]
    reads: list[ReadLine]

    @property
    def is_same(self) -> bool:
        """Whether the same is read, perhaps in other pieces."""
        texts = letters(joined(line.read for line in self.lines)), letters(joined(self.reads))
        return bool(self.lines and self.reads) and texts[0] == texts[1]

    @property
    def is_alike(self) -> bool:
        """Whether one line is read a little otherwise."""
        is_one = len(self.lines) == len(self.reads) == 1
        return is_one and are_of_one(self.lines[0].read, self.reads[0])

    def read_again(self, time_s: float) -> list[LiveLine]:
        """The lines as they are read now."""
        if len(self.lines) == len(self.reads) == 1:
            return [self.lines[0].read_again(self.reads[0], time_s)]
        return [replace(line, seen_s=time_s) for line in self.lines]


def covers(page: Page, box: Box) -> bool:
    """Whether so much of a line has changed that another one is there, or none."""
    covered = sum(shared(box, change.box) for change in page.changes)
    return covered >= _MIN_COVERED * area(box)


def came_s(page: Page, box: Box) -> float | None:
    """When what is read in a box came, told by the change that covers most of it; None if nothing
    has come there.
    """
    times = [
        (shared(box, change.box), change.came_s)
        for change in page.changes
        if change.came_s is not None and touch(box, change.box)
    ]
    return min(page.time_s, max(times)[1]) if times else None


def gone_s(page: Page, line: LiveLine) -> float:
    """When a line had gone that is not there any more."""
    times = [
        (shared(line.box, change.box), change.since_s if change.gone_s is None else change.gone_s)
        for change in page.changes
        if touch(line.box, change.box)
    ]
    return max(line.seen_s, max(times)[1] if times else page.time_s)


def places_of(lines: Sequence[LiveLine], reads: Sequence[ReadLine]) -> list[Place]:
    """Lines and readings, those together that stand at one place."""
    places = [Place([line], []) for line in lines]
    for read in reads:
        here, apart = Place([], [read]), []
        for place in places:
            if any(at_one_place(line.box, read.box) for line in place.lines):
                here = Place(here.lines + place.lines, place.reads + here.reads)
            else:
                apart.append(place)
        places = [*apart, here]
    return places


def moved(lines: Sequence[LiveLine], reads: Sequence[ReadLine]) -> list[Place]:
    """Lines that stand elsewhere now, each with its reading: most move together, so that their
    order below each other stays.
    """
    before = sorted(lines, key=lambda line: (line.box[1], line.box[0]))
    after = sorted(reads, key=lambda read: (read.box[1], read.box[0]))
    texts = [letters(line.text) for line in before], [letters(read.text) for read in after]
    blocks = SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks()
    return [
        Place([before[block.a + number]], [after[block.b + number]])
        for block in blocks
        for number in range(block.size)
    ]


def joined(reads: Iterable[ReadLine]) -> str:
    """The text of readings side by side."""
    return " ".join(read.text for read in sorted(reads, key=lambda read: read.box[0]))
