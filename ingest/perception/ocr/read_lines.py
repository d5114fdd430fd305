"""Lines of writing in a picture, those that were read and those that were not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.perception.ocr.legibility import has_signs_alone, is_read_beside_unread
from ingest.perception.ocr.line_pictures import LinePicture
from ingest.scenes.picture import Box

_LINE_SHAPED = 3.0
"""What is not so many times longer than high is no line of words."""
_WRITING = 7.0
"""What is taken for lines in photographs is, of all lines of a picture together, not so many times
longer than high: 6 at most in 140 pictures of 29 recordings, but for shop signs out of focus."""
_AS_HIGH = 0.7
"""Beside a title small print is not read because it is small; what is as high is another script."""


@dataclass(frozen=True)
class ReadLine:
    """One line of writing in a picture."""

    text: str
    box: Box
    """(left, top, right, bottom) in [0, 1] of the whole picture."""
    score: float
    """The mean of the recogniser's confidence in its characters, of 1."""
    is_sure: bool
    """Whether the text is what is written."""
    picture: LinePicture
    """The line in grey, by which it is known again."""
    length_px: int
    height_px: int
    """In the picture that was read."""
    is_from_the_end: bool
    """Whether it is read before those to the left of it or above: it stands upside down, or runs
    downwards, as Chinese may."""

    @property
    def length(self) -> float:
        """How many times it is longer than high."""
        return self.length_px / self.height_px


def unread_writing(lines: Iterable[ReadLine]) -> float:
    """How many times longer than high the writing is that was not read; 0.0 if it is little enough
    to be none.
    """
    lengths = [
        line.length
        for line in lines
        if not line.is_sure and line.length >= _LINE_SHAPED and not has_signs_alone(line.text)
    ]
    return sum(lengths) if sum(lengths) >= _WRITING else 0.0


def without_chance(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """The lines of a picture; what was read by chance, beside more writing that was not, is not
    sure.
    """
    read = sum(line.length for line in lines if line.is_sure)
    if unread_writing(lines) <= read:
        return list(lines)
    return [replace(line, is_sure=_stays_sure(line, lines, read)) for line in lines]


def in_order_as_turned(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """The lines of a picture in the order of reading, given that of an upright one."""
    sure = [line for line in lines if line.is_sure]
    from_the_end = sum(line.length for line in sure if line.is_from_the_end)
    is_turned = 2 * from_the_end > sum(line.length for line in sure)
    return list(reversed(lines)) if is_turned else list(lines)


def _stays_sure(line: ReadLine, lines: Sequence[ReadLine], read: float) -> bool:
    as_high = [other for other in lines if other.height_px >= _AS_HIGH * line.height_px]
    return line.is_sure and (
        is_read_beside_unread(line.text, line.score) or unread_writing(as_high) <= read
    )
