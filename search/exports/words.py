"""Names and texts of people and media as export formats can hold them."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

from database.objects.address import is_address

_RESERVED = frozenset({"AX", "BL", "BLACK", "BARS", "NONE"})
"""Reels that stand for no tape."""
_REEL_CHARACTERS = 8


def one_line(text: str, most: int | None = None) -> str:
    """A text on one line, without what steers anything; what is cut off is marked."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())
    return line if most is None or len(line) <= most else f"{line[: most - 1].rstrip()}…"


def clock(seconds: float) -> str:
    """0:12 or 1:00:12, for people."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def file_url(path: str, host: str = "") -> str:
    """The URL of a file on the machine of whoever opens it; of an object, its URI."""
    if is_address(path):
        return quote(path, safe="/:")
    return f"file://{host}{quote(path)}"


def ascii_of(text: str) -> str:
    """A text in ASCII, as near as that comes."""
    decomposed = unicodedata.normalize("NFKD", text)
    return decomposed.encode("ascii", "ignore").decode()


class Reels:
    """The reel names of videos: at most eight characters of each file's name, each another."""

    def __init__(self) -> None:
        self._of_video: dict[int, str] = {}
        self._taken = set(_RESERVED)

    def name_of(self, video_id: int, path: str) -> str:
        """The same for a video each time."""
        if video_id not in self._of_video:
            reel = self._free(path)
            self._taken.add(reel)
            self._of_video[video_id] = reel
        return self._of_video[video_id]

    def _free(self, path: str) -> str:
        stem = re.sub("[^A-Z0-9]", "", ascii_of(PurePosixPath(path).stem).upper()) or "REEL"
        name, number = stem[:_REEL_CHARACTERS], 1
        while name in self._taken:
            number += 1
            name = f"{stem[: _REEL_CHARACTERS - len(str(number))]}{number}"
        return name
