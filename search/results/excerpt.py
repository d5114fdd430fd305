"""The part of a text that shows why it was found."""

from dataclasses import dataclass

from database.models import MomentKind
from database.queries.hits import MomentInfo

_CONTEXT = 60
"""Characters that are kept before the first word that is marked."""


@dataclass(frozen=True)
class Excerpt:
    """A part of a text; marks are [start, end) in its characters."""

    text: str
    marks: tuple[tuple[int, int], ...]
    begins: bool
    """Whether it is the beginning of what it is from."""
    ends: bool


def excerpt_of(moment: MomentInfo, most: int) -> Excerpt:
    """At most so many characters around the first word that is marked; of on-screen text, of the
    lines that have one."""
    text, marks = moment.text or "", moment.marks
    if moment.kind is MomentKind.OCR and marks:
        text, marks = _marked_lines(text, marks)
    start = max(0, marks[0][0] - _CONTEXT) if marks else 0
    end = min(len(text), start + most)
    inside = tuple((first - start, last - start) for first, last in marks if last <= end)
    return Excerpt(text[start:end], inside, start == 0, end == len(text))


def _marked_lines(
    text: str, marks: tuple[tuple[int, int], ...]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The lines of a text that have marks, and these in them."""
    lines: list[str] = []
    moved: list[tuple[int, int]] = []
    at = begin = 0
    for line in text.split("\n"):
        inside = [(first, last) for first, last in marks if at <= first <= at + len(line)]
        if inside:
            moved += [(first - at + begin, last - at + begin) for first, last in inside]
            lines.append(line)
            begin += len(line) + 1
        at += len(line) + 1
    return "\n".join(lines), tuple(moved)
