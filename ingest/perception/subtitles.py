"""Files of subtitles beside a video (SubRip, WebVTT), as people and programs leave them.

Nothing in one is an error: what cannot be read of it is told, and the rest is read. It is all done
line by line, in time that grows with the length of the file and no faster.
"""

import dataclasses
import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from database.videos.records import Subtitles
from ingest.media.cues import Cue, settle
from ingest.media.languages import language_of
from ingest.media.markup import lines_of_subrip
from ingest.media.subtitles import what_was_left_out

MAX_BYTES = 5 << 20
"""A film of three hours has 200 kB of subtitles."""
_TIME = r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_TIMES = re.compile(rf"\s*(-?){_TIME}\s*-{{1,3}}(?:>|&gt;)\s*(-?){_TIME}")
_ARROWS = ("-->", "--&gt;")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""What files in Unicode may begin with."""
_OLD = {
    **dict.fromkeys("be bg mk ru sr uk".split(), "cp1251"),
    **dict.fromkeys("bs cs hr hu pl ro sk sl sq".split(), "cp1250"),
    **{"ar": "cp1256", "el": "cp1253", "fa": "cp1256", "he": "cp1255", "ja": "cp932"},
    **{"ko": "cp949", "th": "cp874", "tr": "cp1254", "vi": "cp1258", "zh": "gb18030"},
    **dict.fromkeys("et lt lv".split(), "cp1257"),
}
"""The encodings of Windows before Unicode, by the language that a file's name tells."""
_WESTERN = "cp1252"
_FLAGS = {"forced": "forced", "sdh": "SDH", "cc": "SDH", "hi": "SDH", "default": None}
"""What names of files say beside the language."""


@dataclass(frozen=True)
class SidecarRead:
    """What became of a file of subtitles."""

    subtitles: Subtitles | None
    """None where it has no lines."""
    notes: tuple[str, ...]
    """What could not be read, each beginning with the name of the file."""
    is_open: bool = True
    """Whether it could be opened; another time it may be."""


def read_sidecar(path: Path, video: str, duration_s: float) -> SidecarRead:
    """The subtitles in a file beside a video, whose name is given, of so many seconds."""
    try:
        data = _beginning(path)
    except OSError as error:
        why = (
            f"cannot be read ({error.strerror}): let this user read it, then ingest the video again"
        )
        return dataclasses.replace(_nothing(path, why), is_open=False)
    if len(data) > MAX_BYTES:
        most = f"{MAX_BYTES >> 20} MB that are read of subtitles"
        return _nothing(path, f"is longer than the {most}: split it, or leave out what is no text")
    name, language = track_of(path.name, video)
    text, told = _decoded(data, language)
    cues, num_damaged = _cues(text)
    settled = settle(cues, duration_s)
    told += what_was_left_out(
        "of it",
        outside=settled.num_outside,
        damaged=num_damaged,
        too_many=settled.num_too_many,
    )
    if not cues:
        told.append("no lines with times were found in it")
    found = Subtitles(name, language, str(path), settled.lines) if settled.lines else None
    return SidecarRead(found, tuple(f"{path.name}: {each}" for each in told))


def _beginning(path: Path) -> bytes:
    """What a file holds, up to one byte more than is read. Raises OSError, of what is no file, too:
    a pipe that took its place would be waited for.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read(MAX_BYTES + 1)


def track_of(name: str, video: str) -> tuple[str | None, str | None]:
    """The name for people and the language of subtitles, by what their file is called beside that
    of their video: film.de.forced.srt is ("German, forced", "de").
    """
    stem = unicodedata.normalize("NFC", PurePath(name).stem)
    whole, base = (unicodedata.normalize("NFC", each) for each in (video, PurePath(video).stem))
    own = whole if stem.casefold().startswith(whole.casefold()) else base
    language: tuple[str, str] | None = None
    told: list[str] = []
    for part in re.split(r"[._ ()\[\]]+", stem[len(own) :].lstrip("-")):
        if language is None and (found := language_of(part)) is not None:
            language = found
        elif part and (flag := _FLAGS.get(part.lower(), part)) is not None:
            told.append(flag)
    parts = [*([language[1]] if language else []), *dict.fromkeys(told)]
    return ", ".join(parts) or None, language and language[0]


def _nothing(path: Path, why: str) -> SidecarRead:
    return SidecarRead(None, (f"{path.name}: {why}",))


_DAMAGED = 0.05
"""Part of the characters beyond ASCII that are damaged in UTF-8; in another encoding most are."""


def _decoded(data: bytes, language: str | None) -> tuple[str, list[str]]:
    """The text of a file, and what people should know of how it was read."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and data[:2000].count(0) * 4 >= len(data[:2000]) > 0:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    if encoding is not None:
        return data.decode(encoding, "replace"), []
    text = data.decode("utf-8", "replace")
    num_damaged, num_foreign = text.count("\ufffd"), sum(not each.isascii() for each in text)
    if not num_damaged:
        return text, []
    if num_damaged < _DAMAGED * num_foreign:
        return text, [f"has {num_damaged} damaged letters: save it as UTF-8 if they matter"]
    encoding = _OLD.get(language or "", _WESTERN)
    name = encoding.replace("cp", "Windows-")
    told = f"is not in UTF-8, and was taken for {name}: save it as UTF-8 if letters are wrong"
    return data.decode(encoding, "replace"), [told]


def _cues(text: str) -> tuple[list[Cue], int]:
    """The cues in a text, and how many lines of times cannot be read."""
    is_vtt = text.lstrip().startswith("WEBVTT")
    cues: list[Cue] = []
    num_damaged = 0
    for times, body in _blocks(text.splitlines()):
        found = _TIMES.match(times)
        if found is None:
            num_damaged += 1
            continue
        end = body.index("") if is_vtt and "" in body else len(body)
        if lines := lines_of_subrip("\n".join(body[:end])):
            groups = found.groups()
            cues.append(Cue(_seconds(*groups[:5]), _seconds(*groups[5:]), lines))
    return cues, num_damaged


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each line of times with the lines after it, up to the number of the next."""
    times: str | None = None
    body: list[str] = []
    num_blocks = 0
    for line in lines:
        if any(arrow in line for arrow in _ARROWS) or _TIMES.match(line):
            if times is not None:
                num_blocks += 1
                yield times, _without_number(body, num_blocks + 1)
            times, body = line, []
        else:
            body.append(line.strip())
    if times is not None:
        yield times, body


def _without_number(body: list[str], number: int) -> list[str]:
    """The lines of a cue without the number of the next one, with or without a line between."""
    if not body or not body[-1].isdecimal() or len(body[-1]) > 9:
        return body
    is_number = len(body) == 1 or body[-2] == "" or int(body[-1]) == number
    return body[:-1] if is_number else body


def _seconds(
    sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None
) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (-1 if sign else 1) * (whole + (float(f"0.{fraction}") if fraction else 0.0))
