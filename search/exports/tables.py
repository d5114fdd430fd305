"""Tables: CSV for people and spreadsheets, JSON for programs."""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from database.videos.places import uri_of
from search.exports.edit import Cut, Edit
from search.exports.formats import FORMATS

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes a cell for that begins so: something to compute."""
BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""
COLUMNS = (
    "path",
    "uri",
    "video_id",
    "scene_id",
    "start_s",
    "end_s",
    "start_timecode",
    "end_timecode",
    "start_frame",
    "end_frame",
    "rate",
    "drop_frame",
    "title",
    "name",
    "query",
    "score",
    "weak",
    "evidence",
    "text",
)


def write_csv(edit: Edit) -> str:
    """A row for each cut. Cells that a spreadsheet would compute begin with an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for cut in edit.cuts:
        row = _row(cut)
        row["evidence"] = " ".join(dict.fromkeys(each["kind"] for each in row["evidence"]))
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return BYTE_ORDER_MARK + file.getvalue()


def write_json(edit: Edit) -> str:
    """The same as an object, with the evidence whole, and what is to be known besides."""
    document = {
        "title": edit.title,
        "rate": str(edit.rate),
        "notes": list(edit.notes_for(FORMATS["json"])),
        "selections": [_row(cut) for cut in edit.cuts],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _row(cut: Cut) -> dict[str, Any]:
    selection, video, count = cut.selection, cut.video, cut.count
    return {
        "path": video.path,
        "uri": uri_of(video.origin, video.path),
        "video_id": video.id,
        "scene_id": selection.scene_id,
        "start_s": round(cut.start_s, 3),
        "end_s": round(cut.end_s, 3),
        "start_timecode": count.timecode_of(cut.first),
        "end_timecode": count.timecode_of(cut.end),
        "start_frame": cut.first,
        "end_frame": cut.end,
        "rate": str(count.rate),
        "drop_frame": count.is_drop,
        "title": video.title,
        "name": cut.name,
        "query": selection.query,
        "score": None if selection.score is None else round(selection.score, 4),
        "weak": selection.weak,
        "evidence": [
            asdict(each) | {"kind": each.kind.value, "score": round(each.score, 4)}
            for each in selection.evidence
        ],
        "text": "\n".join(dict.fromkeys(passage.text for passage in cut.passages)),
    }


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = value.replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULAS) else text
