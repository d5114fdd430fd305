"""The formats of exports: their names, suffixes and media types."""

from typing import Literal, NamedTuple, get_args

ExportFormat = Literal["zip", "edl", "otio", "fcp7", "markers", "csv", "json", "srt", "vtt"]


class FileKind(NamedTuple):
    """How a file of a format is called, and what it is over HTTP."""

    suffix: str
    media_type: str
    has_timeline: bool = False
    """Whether its cuts follow each other, at the rate of the first."""


FORMATS: dict[ExportFormat, FileKind] = {
    "zip": FileKind(".zip", "application/zip"),
    "edl": FileKind(".edl", "text/plain", True),
    "otio": FileKind(".otio", "application/json", True),
    "fcp7": FileKind(".xml", "application/xml", True),
    "markers": FileKind(".edl", "text/plain", True),
    "csv": FileKind(".csv", "text/csv"),
    "json": FileKind(".json", "application/json"),
    "srt": FileKind(".srt", "application/x-subrip"),
    "vtt": FileKind(".vtt", "text/vtt"),
}


def format_of(suffix: str) -> ExportFormat | None:
    """The format of files with a suffix, such as .edl; of two the first. None for no format's."""
    names: tuple[ExportFormat, ...] = get_args(ExportFormat)
    return next((name for name in names if FORMATS[name].suffix == suffix.lower()), None)
