"""Files of subtitles that lie beside a video: which belong to which, by their names alone."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from mimetypes import MimeTypes
from pathlib import PurePath

SUFFIXES = (".srt", ".vtt")
_MOST_PARTS = 3
"""What may stand between the name of a video and the suffix: film.pt-BR.forced.srt."""
_PART = re.compile(r"\.[\w-]{1,24}|[_ -][a-z]{2,3}|[_ ]?[(\[][\w-]{1,24}[)\]]")
"""One of these parts, with what stands before it."""
_LONGEST_PART = 27
_KINDS = MimeTypes()
"""Python's own table: that of a system may take TS for the language of a program."""
_BESIDE = frozenset(
    ".ass .db .description .idx .log .lrc .md .nfo .part .ssa .sub .sup .url .webp .ytdl".split()
)
"""Suffixes of other files that lie beside videos under their names and are not in the table."""


class Beside:
    """Which files of a folder are the subtitles of which others.

    A file of subtitles has the name of its video, and after it perhaps a language and the like. The
    longest name counts: a.b.srt belongs to a.b.mp4 rather than to a.mp4. Names are compared without
    regard to case and to how their letters are composed, unless one is the same as it stands.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._of: dict[str, list[str]] = defaultdict(list)
        self._owners: dict[str, list[str]] = {}
        subtitles = [name for name in names if is_subtitles(name)]
        if not subtitles:
            return
        bases: dict[str, list[str]] = defaultdict(list)
        for name in names:
            if may_be_recording(name):
                for base in {_folded(PurePath(name).stem), _folded(name)}:
                    bases[base].append(name)
        for name in sorted(subtitles):
            if owners := _owners(name, bases):
                self._owners[name] = owners
                for owner in owners:
                    self._of[owner].append(name)

    def of(self, name: str) -> tuple[str, ...]:
        """The names of the subtitles of a file, in order."""
        return tuple(self._of.get(name, ()))

    def owners(self, name: str) -> tuple[str, ...]:
        """The names of the files that subtitles belong to."""
        return tuple(self._owners.get(name, ()))


def is_subtitles(name: str) -> bool:
    """Whether a name is that of a file of subtitles."""
    return PurePath(name).suffix.lower() in SUFFIXES


def may_be_recording(name: str) -> bool:
    """Whether a name is not that of a file of another kind; names say no more."""
    if is_subtitles(name):
        return False
    kind = _KINDS.guess_type(name)[0] or ""
    is_other = kind != "" and not kind.startswith(("video/", "audio/"))
    return not is_other and PurePath(name).suffix.lower() not in _BESIDE


def _owners(name: str, bases: dict[str, list[str]]) -> list[str]:
    for base in _bases(PurePath(name).stem):
        if owners := bases.get(_folded(base)):
            exact = [owner for owner in owners if base in (owner, PurePath(owner).stem)]
            return exact or owners
    return []


def _bases(stem: str) -> Iterator[str]:
    """What the name of the video may be, the longest first."""
    yield stem
    for _ in range(_MOST_PARTS):
        starts = range(len(stem) - 1, max(0, len(stem) - _LONGEST_PART - 1), -1)
        part = next((start for start in starts if _PART.fullmatch(stem, start)), None)
        if part is None:
            return
        stem = stem[:part].rstrip(" _")
        yield stem


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
