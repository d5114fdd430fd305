"""On-screen text: which lines stand in the picture, each from when it comes to when it goes.

Pages tell where strokes have come or gone; what is there is read, and all else is as it was. Of
pictures that never stand still the keyframes are read.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from rapidfuzz import fuzz

from embeddings.encoder import Image
from ingest.media.decode import Keyframe
from ingest.perception.ocr import TextEngine
from ingest.perception.read_lines import ReadLine, unread_writing
from ingest.perception.text_places import Box
from ingest.scenes.pages import Change, Page

_MIN_COVERED = 0.3
"""A line has changed if so much of its area has."""
_SAME_PLACE = 0.5
"""Two boxes whose overlap is so large a part of both together are of one line."""
_SAME_TEXT = 90
"""Of 100: readings of one line over a moving picture differ by a letter or two."""
_TYPED_S = 3.0
"""What goes on after less than this was not complete."""
_REMEMBERED = 200
"""Lines that have gone and may come back: a slide does after a look at the speaker."""
_AROUND_S = 0.5
"""Writing on a keyframe is that of a page, if that came or went so shortly after or before."""


@dataclass(frozen=True)
class Line:
    """A line of writing that stands in the picture over [start_s, end_s)."""

    text: str
    box: Box
    """[left, top, right, bottom] in [0, 1] of the picture."""
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Writing:
    """The text of a picture, its lines joined by line feeds, and where each of them stands."""

    text: str
    boxes: list[Box]


@dataclass(frozen=True)
class Written:
    """The on-screen text of a recording."""

    lines: list[Line]
    """Those that stand still, in the order in which they were read."""
    passing: list[Writing | None]
    """What else is written on each keyframe."""
    unread_since_s: float | None
    """When writing that could not be read began to stand in the picture."""

    @property
    def notes(self) -> list[str]:
        """What people are told of it."""
        if self.unread_since_s is None:
            return []
        return [
            f"writing that could not be read was seen from {self.unread_since_s:.1f} s on: it is "
            "small or unclear, or in a script that is not read here (docs/models.md)"
        ]


@dataclass(frozen=True)
class _Live:
    """A line that is in the picture now."""

    read: ReadLine
    start_s: float
    number: int
    """Lines are numbered as they are read."""


def read_screen(
    pages: Sequence[Page],
    keyframes: Sequence[Keyframe],
    end_s: float,
    engine: TextEngine,
    load: Callable[[str], Image],
    on_progress: Callable[[float], None],
) -> Written:
    """The on-screen text of a recording that ends at `end_s`.

    `load` gives the picture of a file that the decode pass wrote, RGB uint8 [H, W, 3].
    `on_progress` is told the part that is done, in [0, 1]; what it raises ends the reading.
    """
    num_pictures = len(pages) + len(keyframes)
    screen = _Screen(engine, load)
    for number, page in enumerate(pages, 1):
        screen.turn(page)
        on_progress(number / num_pictures)
    lines = screen.close(end_s)
    passing = []
    for number, keyframe in enumerate(keyframes, len(pages) + 1):
        passing.append(_passing(keyframe.time_s, load(keyframe.name), lines, engine))
        on_progress(number / num_pictures)
    return Written(lines, passing, screen.unread_since_s)


@dataclass
class _Screen:
    """The lines that stand in the picture, as page after page is turned."""

    engine: TextEngine
    load: Callable[[str], Image]
    live: list[_Live] = field(default_factory=list)
    gone: list[tuple[int, Line]] = field(default_factory=list)
    num_lines: int = 0
    unread_since_s: float | None = None
    remembered: deque[ReadLine] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def turn(self, page: Page) -> None:
        """Reads what has changed on a page; lines that are no longer there end."""
        found = self._read(page)
        touched = [line for line in self.live if _change_of(line.read.box, page.changes)]
        kept = [line for line in self.live if line not in touched]
        for read in found:
            change = _change_of(read.box, page.changes, 0.0)
            same = next((line for line in self.live if _is_same(line.read, read)), None)
            if same is not None and same in touched:
                touched.remove(same)
                kept.append(replace(same, read=replace(read, text=same.read.text)))
            elif same is None and change is not None:
                here = [
                    line for line in self.live if _overlap(line.read.box, read.box) > _SAME_PLACE
                ]
                for line in here:
                    if line in kept:
                        kept.remove(line)
                        touched.append(line)
                self.num_lines += 1
                kept.append(_Live(read, change.since_s, self.num_lines))
        for line in touched:
            self._end(line, page, [line.read for line in kept])
        self.live = kept

    def close(self, end_s: float) -> list[Line]:
        """All lines, in the order in which they were read; those that are still there end now."""
        self.gone += [(live.number, _ended(live, end_s)) for live in self.live]
        return [line for _, line in sorted(self.gone, key=lambda numbered: numbered[0])]

    def _read(self, page: Page) -> list[ReadLine]:
        if page.name is None:
            return []
        places = [list(change.box) for change in page.changes]
        known = [*(line.read for line in self.live), *self.remembered]
        found = self.engine.read(self.load(page.name), places, known)
        if self.unread_since_s is None and unread_writing(found):
            self.unread_since_s = min(change.since_s for change in page.changes)
        return [read for read in found if read.is_sure]

    def _end(self, line: _Live, page: Page, kept: Sequence[ReadLine]) -> None:
        """Ends a line that is no longer there, unless it was only the begin of one that is."""
        self.remembered.append(line.read)
        change = _change_of(line.read.box, page.changes, 0.0)
        end_s = max(line.start_s, change.since_s if change else page.time_s)
        goes_on = any(
            read.text.startswith(line.read.text) and _overlap(read.box, line.read.box) > 0
            for read in kept
        )
        if not (goes_on and end_s - line.start_s < _TYPED_S):
            self.gone.append((line.number, _ended(line, end_s)))


def _ended(live: _Live, end_s: float) -> Line:
    return Line(live.read.text, live.read.box, live.start_s, max(live.start_s, end_s))


def _passing(
    time_s: float, image: Image, lines: Sequence[Line], engine: TextEngine
) -> Writing | None:
    """What is written on a keyframe beside the lines that stand in the picture then."""
    rest = image.copy()
    height, width = image.shape[:2]
    for line in lines:
        if line.start_s - _AROUND_S <= time_s < line.end_s + _AROUND_S:
            left, top, right, bottom = (
                round(edge * side)
                for edge, side in zip(line.box, (width, height, width, height), strict=True)
            )
            place = rest[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
            place[:] = np.median(place, axis=(0, 1)) if place.size else 0
    found = [read for read in engine.read(rest) if read.is_sure]
    if not found:
        return None
    return Writing("\n".join(read.text for read in found), [read.box for read in found])


def _change_of(box: Box, changes: Sequence[Change], least: float = _MIN_COVERED) -> Change | None:
    """The change that covers most of a line; None if all of them cover less than `least` of it."""
    covered = [_shared(box, change.box) for change in changes]
    if not covered or sum(covered) < least * _area(box) or not any(covered):
        return None
    return changes[max(range(len(covered)), key=covered.__getitem__)]


def _is_same(line: ReadLine, read: ReadLine) -> bool:
    """Whether two readings are of one line: at the same place, or moved on as a whole."""
    if line.text == read.text:
        return True
    digits, others = ([c for c in text if c.isdigit()] for text in (line.text, read.text))
    alike = digits == others and fuzz.ratio(line.text, read.text) >= _SAME_TEXT
    return alike and _overlap(line.box, read.box) > _SAME_PLACE


def _shared(first: Sequence[float], second: Sequence[float]) -> float:
    """The area that two boxes share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def _overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """What two boxes share, as a part of what both cover."""
    shared = _shared(first, second)
    return shared / max(_area(first) + _area(second) - shared, 1e-9)


def _area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
