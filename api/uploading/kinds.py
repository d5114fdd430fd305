"""What may be sent: recordings. Told by the name before any byte, by the first bytes when they are
there, and by what decodes them when all are."""

from collections.abc import Callable
from pathlib import Path, PurePath

from starlette.exceptions import HTTPException

from ingest.errors import NotMedia, StillImage, VideoUnreadable
from ingest.files.sidecars import is_subtitles, may_be_recording
from ingest.media.child import Isolation
from ingest.media.container import open_media
from ingest.media.formats import still_image

HEAD_BYTES = 64
_OTHERS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b\x08": "a gzip archive",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an office document",
    b"SQLite format 3\x00": "a database",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"{\\rtf": "a text document",
}
"""What people take for a film by its name; no recording begins like it."""


def require_name_of_recording(name: str) -> None:
    """Raises HTTPException (415) for a name that no recording has."""
    if is_subtitles(name):
        raise HTTPException(
            415,
            "subtitles are read with their video: put both into one folder, and ingest that",
        )
    if not may_be_recording(name):
        suffix = PurePath(name).suffix[:20]
        raise HTTPException(415, f"{suffix} is not the suffix of a video or sound file")


def require_head_of_recording(head: bytes) -> None:
    """Raises HTTPException (415) if a file that begins like this is none."""
    kind = next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), None)
    if kind is not None:
        raise HTTPException(415, f"this is {kind}, not a video or sound file")
    try:
        still_image(head)
    except VideoUnreadable as error:
        raise HTTPException(415, f"this is {error}") from None


def require_recording(path: Path, limits: Isolation) -> None:
    """Raises HTTPException (415) if a whole file is none. What is damaged or encrypted passes: the
    job that reads it says what is wrong, and keeps what can be read."""
    try:
        limits.run(_open, path, on_progress=lambda _part: None)
    except (NotMedia, StillImage) as error:
        raise HTTPException(415, f"this is {error}") from None
    except VideoUnreadable:
        pass


def _open(path: Path, _report: Callable[[float], None]) -> None:
    open_media(path).close()
