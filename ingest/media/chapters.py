"""Chapters that a container names."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from av.container import InputContainer

from ingest.media.markup import without_unseen

MAX_CHAPTERS = 1000
_NUMBERED = re.compile(
    r"(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|rozdział|глава|title|track|part|"
    r"scene|marker|segment|untitled|章|第)?[\W\d_]*章?",
    re.IGNORECASE,
)
"""Titles that programs make up: "Chapter 1", "Kapitel 03", "00:05:00.000"."""


@dataclass(frozen=True)
class Chapter:
    """[start_s, end_s) by the container's clock, or in presented time, and what it is called."""

    start_s: float
    end_s: float
    title: str

    def moved(self, offset_s: float) -> Self:
        """The same by a clock that is so much ahead."""
        return type(self)(self.start_s + offset_s, self.end_s + offset_s, self.title)


def read_chapters(container: InputContainer) -> Iterator[Chapter]:
    """The chapters whose titles say something."""
    chapters: list[dict[str, Any]] = container.chapters()  # type: ignore[assignment]
    for chapter in chapters[:MAX_CHAPTERS]:
        title = " ".join(without_unseen(chapter["metadata"].get("title", "")).split())[:500]
        base = chapter["time_base"]
        if base and not _NUMBERED.fullmatch(title):
            yield Chapter(float(chapter["start"] * base), float(chapter["end"] * base), title)


def within(chapters: Sequence[Chapter], duration_s: float) -> list[Chapter]:
    """Chapters as far as they lie in a recording, in order; an end that cannot be is where the next
    one begins.
    """
    ordered = sorted(chapters, key=lambda chapter: chapter.start_s)
    begins = [chapter.start_s for chapter in ordered]
    found = []
    for chapter in ordered:
        end_s = chapter.end_s
        if end_s <= chapter.start_s:
            after = bisect_right(begins, chapter.start_s)
            end_s = begins[after] if after < len(begins) else duration_s
        start_s, end_s = max(chapter.start_s, 0.0), min(end_s, duration_s)
        if start_s < end_s:
            found.append(Chapter(start_s, end_s, chapter.title))
    return found
