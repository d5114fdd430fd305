"""Edits as text, in any format but clips, which are no text."""

from collections.abc import Callable

from search.exports.edit import Edit
from search.exports.edl import write_edl, write_markers
from search.exports.fcp7 import write_fcp7
from search.exports.formats import ExportFormat
from search.exports.otio import write_otio
from search.exports.subtitles import write_srt, write_vtt
from search.exports.tables import write_csv, write_json

WRITERS: dict[ExportFormat, Callable[[Edit], str]] = {
    "edl": write_edl,
    "otio": write_otio,
    "fcp7": write_fcp7,
    "markers": write_markers,
    "csv": write_csv,
    "json": write_json,
    "srt": write_srt,
    "vtt": write_vtt,
}
