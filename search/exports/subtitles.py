"""Subtitles: what is said and written in the cuts, or else how they are called."""

import html
from collections.abc import Iterator
from typing import Literal

import pysubs2

from database.models import MomentKind
from database.videos.passages import Passage
from search.exports.edit import Cut, Edit
from search.exports.words import one_line

_PLAIN = str.maketrans({"{": "(", "}": ")", "\\": "/"})
"""What pysubs2 would take for its own markup."""
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})
"""SubRip has tags, and no way to escape what only looks like one."""
Line = tuple[float, float, str]
"""(start_s, end_s, text)."""


def write_srt(edit: Edit) -> str:
    """SubRip: of one video in its own time, of several in that of the timeline."""
    return _written(edit, "srt")


def write_vtt(edit: Edit) -> str:
    """WebVTT, likewise."""
    return _written(edit, "vtt")


def _written(edit: Edit, kind: Literal["srt", "vtt"]) -> str:
    subtitles = pysubs2.SSAFile()
    for start_s, end_s, text in _lines(edit):
        plain = one_line(text).translate(_PLAIN).replace("-->", "→")
        written = html.escape(plain, quote=False) if kind == "vtt" else plain.translate(_NO_TAGS)
        if written:
            start, end = round(start_s * 1000), round(end_s * 1000)
            subtitles.append(pysubs2.SSAEvent(start, max(end, start + 1), written))
    return subtitles.to_string(kind)


def _lines(edit: Edit) -> list[Line]:
    if edit.single_video is not None:
        # Hits may overlap: what is said in two of them is said once.
        return sorted(dict.fromkeys(line for cut in edit.cuts for line in _lines_of(cut)))
    return [
        (start_s + offset_s, end_s + offset_s, text)
        for cut in edit.cuts
        for offset_s in (float(cut.record / edit.rate.exact) - cut.start_s,)
        for start_s, end_s, text in _lines_of(cut, is_cut=True)
    ]


def _lines_of(cut: Cut, *, is_cut: bool = False) -> Iterator[Line]:
    """The lines of a cut in the time of its video; whole, or as far as they lie in it."""
    passages = _chosen(cut.passages)
    if not passages:
        name = one_line(cut.selection.name or "") or cut.why or cut.name
        yield cut.selection.start_s, cut.selection.end_s, name
    for each in passages:
        if is_cut:
            yield max(each.start_s, cut.start_s), min(each.end_s, cut.end_s), each.text
        else:
            yield each.start_s, each.end_s, each.text


def _chosen(passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """What is said; where nothing is, the subtitles, and without such what is on screen."""
    for kind in (MomentKind.SPEECH, MomentKind.SUBTITLE, MomentKind.OCR):
        if found := tuple(each for each in passages if each.kind is kind):
            return found
    return ()
