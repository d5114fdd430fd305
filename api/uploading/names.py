"""Names of files as clients give them, and the safe ones under which the files are kept."""

import binascii
import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from pathlib import PurePath

from starlette.exceptions import HTTPException

MAX_NAME_BYTES = 200
"""Of the 255 that file systems take: a number and a suffix for what is partial have room."""
_MAX_SUFFIX_BYTES = 20
_MAX_NUMBER = 10_000
_UNNAMED = "upload"
_SEPARATORS = re.compile(r"[/\\]")
_LEFT_OUT = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of Unicode: control characters, those that nobody sees or that have a name read as
another one (film\u202e4pm.exe shows as filmexe.mp4), halves of characters, what nobody has defined,
ends of lines."""
_JOINERS = frozenset("\u200c\u200d")
"""Of these, what words and emojis are written with."""
_SPECIAL = str.maketrans('<>:"|?*', "_______")
"""What file systems of Windows do not take, or take for something else."""


def named_in(metadata: str) -> str:
    """The name of the file in an Upload-Metadata header: `filename`, or `name`. Raises
    HTTPException (422)."""
    values = dict(_pair(each) for each in metadata.split(","))
    try:
        encoded = values.get("filename") or values["name"]
        return b64decode(encoded, validate=True).decode()
    except KeyError:
        reason = "it has no filename"
    except (binascii.Error, UnicodeError):
        reason = "its filename is not UTF-8 in base64"
    raise HTTPException(422, f"Upload-Metadata: {reason}: send `filename BASE64`")


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.strip().partition(" ")
    return key, value


def safe_name(given: str) -> str:
    """A name that any file system takes, is no path, is not hidden, and looks as it is."""
    name = unicodedata.normalize("NFC", _SEPARATORS.split(given)[-1])
    name = "".join(c for c in name if _is_plain(c)).translate(_SPECIAL).strip(". ")
    suffix = PurePath(name).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ""
    stem = name.removesuffix(suffix).encode()[: MAX_NAME_BYTES - len(suffix.encode())]
    shown = stem.decode(errors="ignore").rstrip()
    is_seen = any(unicodedata.category(c)[0] in "LNPS" for c in shown)
    return (shown if is_seen else _UNNAMED) + suffix


def _is_plain(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _LEFT_OUT


def numbered(name: str) -> Iterator[str]:
    """A name, and those that are tried when it is taken: tour.mp4, tour (2).mp4, tour (3).mp4."""
    yield name
    suffix = PurePath(name).suffix
    for number in range(2, _MAX_NUMBER):
        yield f"{name.removesuffix(suffix)} ({number}){suffix}"
