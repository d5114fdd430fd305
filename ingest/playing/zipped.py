"""A zip of clips, written as it grows; and what clips are called, on any system."""

import re
import zipfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

NOT_MADE = "not made.txt"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for devices."""
_MAX_CHARACTERS = 120
_MAX_BYTES = 200
"""Of a name without its suffix: file systems take 255, and unpackers put folders before it."""


class ClipsZip:
    """A zip of clips that are stored as they are: video does not get smaller."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._names = {NOT_MADE}
        """Taken, in small letters: Windows and macOS do not tell others apart."""
        self._missing: list[str] = []

    def add(self, name: str, path: Path) -> str:
        """Takes in a clip; its name there, which is like the one that is wanted. Raises OSError."""
        unique = self._unique(safe_name(name.removesuffix(path.suffix)), path.suffix)
        self._zip.write(path, unique)
        return unique

    def leave_out(self, name: str, reason: str) -> None:
        """Tells in NOT_MADE why a clip is missing."""
        self._missing.append(f"{name}: {reason}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._missing and error is None:
            self._zip.writestr(NOT_MADE, "".join(self._missing))
        self._zip.close()

    def _unique(self, stem: str, suffix: str) -> str:
        name, number = f"{stem}{suffix}", 1
        while name.lower() in self._names:
            number += 1
            name = f"{stem} ({number}){suffix}"
        self._names.add(name.lower())
        return name


def clip_name(title: str, start_s: float, end_s: float) -> str:
    """What a clip is called, such as "tour 00-12-04 to 00-18-10.mp4"."""
    times = f"{_clock(start_s)} to {_clock(end_s)}"
    return f"{safe_name(title, len(times) + 1)} {times}.mp4"


def safe_name(name: str, room: int = 0) -> str:
    """A name that any system takes, like this one, with room for so many characters more."""
    safe = " ".join(_FORBIDDEN.sub(" ", name).split())
    safe = "".join(c if c.isprintable() else " " for c in safe)[: _MAX_CHARACTERS - room]
    safe = safe.encode("utf-8", "ignore")[: _MAX_BYTES - room].decode("utf-8", "ignore").strip(". ")
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe or "clip"


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(int(time_s + 0.0005), 60)
    return f"{minutes // 60:02}-{minutes % 60:02}-{seconds:02}"
