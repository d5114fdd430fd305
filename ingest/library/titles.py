"""What a video is called, as words to be found by: its title, and the name of its file."""

import unicodedata
from pathlib import PurePath

from database.videos.names import Names
from ingest.media.markup import without_unseen

_GIVEN = frozenset(
    "cam capture clip dji dsc dscf dscn dvr file film frame gopr image img mov movie mvi output "
    "part pano pict pxl rec record recording screen screenrecording screenshot snap take temp test "
    "tmp untitled vid video videoplayback vlc web whatsapp zoom".split()
)
"""What cameras and programs call every file."""
_FEWEST_LETTERS = 3
"""Of a word in Latin letters."""


def title_text(title: str | None, file_name: str) -> str | None:
    """The title of a recording, as its container has it, with the words of the name of its file and
    the name itself, by which people may look for it; what says nothing is left out, and None if
    nothing says anything.
    """
    file_name = title_of(file_name)
    stem = PurePath(file_name).stem
    title = None if title is None else title_of(without_unseen(title))
    told = [title] if title is not None and says_something(title) and title != stem else []
    if says_something(stem):
        told += [" ".join(_words(stem)), file_name]
    return " · ".join(dict.fromkeys(told)) or None


def title_of(name: str) -> str:
    """A name as it is shown: in NFC, whatever form the disk keeps it in."""
    return unicodedata.normalize("NFC", name)


def follow_names(names: Names) -> None:
    """Videos whose file was renamed, or that are shown in another place, are called and found by
    the name that it has now; a title of the container's own stays."""
    for video in names.renamed():
        before, now = (title_of(PurePath(name).stem) for name in (video.before, video.now))
        own = None if title_of(video.title) == before else video.title
        names.rename(video, own or now, title_text(own, video.now))


def says_something(name: str) -> bool:
    """Whether a name has a word: not IMG_2031, VID_20240101_120000 or 9f86d081884c7d65."""
    return any(map(_is_word, _words(title_of(name))))


def _words(name: str) -> list[str]:
    """The parts of a name between signs and spaces. Vowels and accents are no letters of their
    own in many scripts: they belong to the letter before them."""
    return "".join(one if one.isalnum() or _is_mark(one) else " " for one in name).split()


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _is_word(part: str) -> bool:
    letters = "".join(one for one in part.lower() if not _is_mark(one)).rstrip("0123456789")
    if not letters.isalpha() or letters in _GIVEN:
        return False
    return len(letters) >= _FEWEST_LETTERS or not letters.isascii()
