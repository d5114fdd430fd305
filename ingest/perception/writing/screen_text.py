"""On-screen text: the lines that stand in the picture, and what else is written on keyframes.

Pages tell where strokes have come or gone; what is there is read, and all else is as it was. Of
pictures that never stand still the keyframes are read.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from embeddings.encoder import Image
from ingest.media.decode import Keyframe
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.ocr.read_lines import ReadLine, unread_writing
from ingest.perception.writing.differences import (
    SmallPicture,
    differing_places,
    small_picture,
    without,
)
from ingest.perception.writing.lines import Line, Screen
from ingest.perception.writing.readings import is_said_in, without_cursor
from ingest.scenes.pages import Page
from ingest.scenes.picture import Box

_REMEMBERED = 200
"""Lines that have gone and may come back: a slide does after a look at the speaker."""
_AROUND_S = 1.0
"""Lines that came or went so shortly after or before a keyframe may be half there on it."""


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
            "small or unclear, or in a script that is not read here"
        ]


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
    reader = _Reader(engine, load)
    for number, picture in enumerate(_in_order(pages, keyframes), 1):
        if isinstance(picture, Page):
            reader.turn(picture)
        else:
            reader.glance(picture)
        on_progress(number / (len(pages) + len(keyframes)))
    lines = reader.screen.close(end_s)
    return Written(lines, list(_passing(reader.glances, lines)), reader.unread_since_s)


def _in_order(pages: Sequence[Page], keyframes: Sequence[Keyframe]) -> Iterator[Page | Keyframe]:
    """Pages, and each keyframe after the last page of which something was there by then."""
    waiting = deque(keyframes)
    for page in pages:
        while waiting and waiting[0].time_s < _begin_s(page):
            yield waiting.popleft()
        yield page
    yield from waiting


def _begin_s(page: Page) -> float:
    """When the first of what is new on a page began to be there."""
    return min((change.since_s for change in page.changes), default=page.time_s)


@dataclass(frozen=True)
class _Glance:
    """What is written on a keyframe, as far as it was not on the page that was read last."""

    time_s: float
    found: list[tuple[str, Box]]


@dataclass
class _Reader:
    """What was read so far."""

    engine: TextEngine
    load: Callable[[str], Image]
    screen: Screen = field(default_factory=Screen)
    glances: list[_Glance] = field(default_factory=list)
    unread_since_s: float | None = None
    page: SmallPicture | None = None
    """The page that was read last."""
    remembered: deque[ReadLine] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def turn(self, page: Page) -> None:
        """Reads what has changed on a page."""
        changed = [change.box for change in page.changes]
        places = changed if page.is_new else self.screen.in_question(page)
        if not places:
            return
        before = {line.number: line.read for line in self.screen.live}
        found: list[ReadLine] = []
        if page.name is not None:
            image = self.load(page.name)
            self.page = small_picture(image)
            found = self._read(image, places)
        if self.unread_since_s is None and unread_writing(found):
            self.unread_since_s = _begin_s(page)
        self.screen.turn(page, found)
        for line in self.screen.live:
            before.pop(line.number, None)
        self.remembered += before.values()

    def glance(self, keyframe: Keyframe) -> None:
        """Reads what a keyframe shows that was not on the page: what moves."""
        image = self.load(keyframe.name)
        places = differing_places(self.page, small_picture(image))
        found: list[ReadLine] = []
        if places is None or places:
            rest = without(image, [line.box for line in self.screen.live])
            found = self._read(rest, places)
        sure = [(read.text, read.box) for read in found if read.is_sure]
        self.glances.append(_Glance(keyframe.time_s, sure))

    def _read(self, image: Image, places: list[Box] | None) -> list[ReadLine]:
        known = [*(line.read for line in self.screen.live), *self.remembered]
        found = self.engine.read(image, places, known)
        return [replace(read, text=without_cursor(read.text)) for read in found]


def _passing(glances: Sequence[_Glance], lines: Sequence[Line]) -> Iterator[Writing | None]:
    """What is written on keyframes, beside the lines that stand in the picture then, come or go."""
    coming = deque(sorted(lines, key=lambda line: line.start_s))
    near: list[Line] = []
    for glance in glances:
        while coming and coming[0].start_s <= glance.time_s + _AROUND_S:
            near.append(coming.popleft())
        near = [line for line in near if line.end_s >= glance.time_s - _AROUND_S]
        standing = [line.text for line in near]
        rest = [(text, box) for text, box in glance.found if not is_said_in(text, standing)]
        text = "\n".join(text for text, _ in rest)
        yield Writing(text, [box for _, box in rest]) if rest else None
