"""Whatever films, selections and queries are called, and wherever they lie, no format breaks."""

import csv
import io
import json
import warnings
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pycmx
import pysubs2
from hypothesis import given, settings
from hypothesis import strategies as st

from database.models import MomentKind
from database.videos.passages import Passage
from search.exports.edl import write_edl, write_markers
from search.exports.fcp7 import write_fcp7
from search.exports.otio import write_otio
from search.exports.selections import Selection
from search.exports.subtitles import write_srt, write_vtt
from search.exports.tables import write_csv, write_json
from search.exports.timecode import Rate, read_timecode
from tests.helpers.exports import edit_of, film, streams

STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
STRANGE = st.sampled_from(
    [
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "a\nFCM: DROP FRAME\n002  X  V  C",
        "* FROM CLIP NAME: other",
        "../../etc/passwd",
        " |C:ResolveColorRed |M:x |D:9",
        "]]> <!-- --> &amp;",
        '"', "'", "\u2028002", "\x1b[31m", "\ufffe", "x" * 300, "-->", "00:00:01,000 --> 1",
        "{\\an8}", "NOTE", "\u202egnp",
    ]
)  # fmt: skip
NAMES = st.one_of(STRANGE, st.text(STORABLE, max_size=60))
RATES = st.sampled_from(
    [
        ((24000, 1001), None),
        ((25, 1), "23:59:50:00"),
        ((30000, 1001), "00:00:59;28"),
        ((60, 1), None),
    ]
)
SPANS = st.lists(st.tuples(st.floats(0, 7199), st.floats(0.01, 600)), min_size=1, max_size=4)


@settings(deadline=None, max_examples=150)
@given(name=NAMES, title=NAMES, query=NAMES, file=NAMES, said=NAMES, how=RATES, spans=SPANS)
def test_every_format_is_read_back_with_the_same_frames(
    name: str,
    title: str,
    query: str,
    file: str,
    said: str,
    how: tuple[tuple[int, int], str | None],
    spans: list[tuple[float, float]],
) -> None:
    rate = Rate(*how[0])
    path = f"/films/{file.replace('/', '_')}.mov"
    one = film(1, streams(*how), path=path, title=title)
    other = film(2, streams(*how))
    parts = [
        Selection(1 + n % 2, start_s, start_s + length_s, n, name, query, 0.5)
        for n, (start_s, length_s) in enumerate(spans)
    ]
    passages = [(Passage(MomentKind.SPEECH, s.start_s, s.end_s, said),) for s in parts]
    edit = edit_of([one, other], parts, title=title, said=passages)
    frames = [(cut.first, cut.end) for cut in edit.cuts]
    counts = [cut.count for cut in edit.cuts]

    for text in (write_edl(edit), write_markers(edit).replace("\n |", "\n* |")):
        edl = pycmx.parse_cmx3600(io.StringIO(text))
        assert not [each for each in edl.unrecognized_statements if each.content]
        edits = [event.edits[0] for event in edl.events]
        assert len(edits) == len(frames)
    events = [*pycmx.parse_cmx3600(io.StringIO(write_edl(edit))).events]
    for written, cut in zip(events, edit.cuts, strict=True):
        read, _ = read_timecode(written.edits[0].source_in, rate)
        day = 144 * (rate.nominal * 600 - (18 if cut.count.is_drop else 0))
        assert read == (cut.count.start + cut.first) % day
        assert len(written.edits[0].source) <= 8
    assert [row["start_frame"] for row in json.loads(write_json(edit))["selections"]] == [
        first for first, _ in frames
    ]
    rows = [*csv.DictReader(io.StringIO(write_csv(edit), newline=""))]
    assert [(int(row["start_frame"]), int(row["end_frame"])) for row in rows] == frames
    assert not [
        cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the parsers' plugins
        timeline = otio.adapters.read_from_string(write_otio(edit), "otio_json")
    starts = [round(clip.source_range.start_time.value) for clip in timeline.tracks[0]]
    assert starts == [c.start + first for c, (first, _) in zip(counts, frames, strict=True)]
    clips = ET.fromstring(write_fcp7(edit)).findall(".//video/track/clipitem")
    assert [(int(c.findtext("in", "")), int(c.findtext("out", ""))) for c in clips] == frames
    for text, kind in ((write_srt(edit), "srt"), (write_vtt(edit), "vtt")):
        assert len(pysubs2.SSAFile.from_string(text, format_=kind)) <= len(frames)


def test_a_selection_whose_name_cannot_be_seen_has_a_line_of_subtitles_all_the_same() -> None:
    edit = edit_of([film()], [Selection(1, 1.0, 2.0, name="\x7f\u202e\x85")], said=[()])
    for text, kind in ((write_srt(edit), "srt"), (write_vtt(edit), "vtt")):
        assert [line.text for line in pysubs2.SSAFile.from_string(text, kind)] == ["tour 1 0:01"]
