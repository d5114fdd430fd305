"""Exports, read back by the parsers that others use, at the rates that editors have."""

import csv
import io
import json
import re
import warnings
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pycmx
import pysubs2
import pytest

from database.models import MomentKind
from database.videos.passages import Passage
from search.errors import InvalidQuery
from search.exports.edit import Edit
from search.exports.edl import write_edl, write_markers
from search.exports.fcp7 import write_fcp7
from search.exports.formats import FORMATS
from search.exports.otio import write_otio
from search.exports.subtitles import write_srt, write_vtt
from search.exports.tables import BYTE_ORDER_MARK, write_csv, write_json
from tests.helpers.exports import RATES, edit_of, film, hit, streams

at_every_rate = pytest.mark.parametrize(("rate", "timecode"), RATES.values(), ids=RATES)
FRAMES = [(0, 1), (86_100, 86_200), (1799, 1803), (17_981, 18_100)]
"""[first, end) of the cuts: at the beginning, an hour on, over a minute, over ten minutes."""


def cut_at(rate: tuple[int, int], timecode: str | None) -> Edit:
    """FRAMES of a film, whose times are those of frames."""
    exact = Fraction(*rate)
    hits = [hit(1, float(first / exact), float(end / exact)) for first, end in FRAMES]
    return edit_of([film(of=streams(rate, timecode))], hits)


def frame_of(timecode: str, rate: tuple[int, int]) -> int:
    """By OpenTimelineIO."""
    return int(otio.opentime.from_timecode(timecode, rate[0] / rate[1]).to_frames())


def events_of(text: str) -> list[Any]:
    """The edits of an EDL, by pycmx."""
    edl = pycmx.parse_cmx3600(io.StringIO(text))
    assert not [each for each in edl.unrecognized_statements if each.content]
    events = [*edl.events]
    assert [event.number for event in events] == [*range(1, len(events) + 1)]
    return [event.edits[0] for event in events]


def read_by_otio(text: str, adapter: str, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its plugins' own
        return otio.adapters.read_from_string(text, adapter, **options)


def source_frames(clip: Any) -> tuple[int, int]:
    """[first, end) in the file, counted from its first frame."""
    used, there = clip.source_range, clip.media_reference.available_range
    first = used.start_time - there.start_time
    return round(first.value), round((first + used.duration).value)


@at_every_rate
def test_an_edl_names_the_frames_in_the_timecode_of_the_source(
    rate: tuple[int, int], timecode: str
) -> None:
    text = write_edl(cut_at(rate, timecode))
    start = frame_of(timecode, rate)
    edits = events_of(text)
    found = [
        (frame_of(e.source_in, rate) - start, frame_of(e.source_out, rate) - start) for e in edits
    ]
    assert found == FRAMES
    is_drop = ";" in timecode
    assert text.splitlines()[:2] == [
        "TITLE: drilling",
        "FCM: DROP FRAME" if is_drop else "FCM: NON-DROP FRAME",
    ]
    assert edits[0].record_in == ("01:00:00;00" if is_drop else "01:00:00:00")
    lengths = [frame_of(e.record_out, rate) - frame_of(e.record_in, rate) for e in edits]
    assert lengths == [end - first for first, end in FRAMES]
    assert [e.record_in for e in edits[1:]] == [e.record_out for e in edits[:-1]]
    assert {(e.source, e.clip_name, e.source_file) for e in edits} == {
        ("TOUR1", "tour 1.mov", "/films/tour 1.mov")
    }


@at_every_rate
def test_opentimelineio_reads_the_same_frames_in_the_edl(
    rate: tuple[int, int], timecode: str
) -> None:
    timeline = read_by_otio(write_edl(cut_at(rate, timecode)), "cmx_3600", rate=rate[0] / rate[1])
    start = frame_of(timecode, rate)
    for track in timeline.tracks:
        ranges = [clip.source_range for clip in track]
        found = [
            (round(r.start_time.value) - start, round(r.end_time_exclusive().value) - start)
            for r in ranges
        ]
        assert found == FRAMES
    assert [track.name for track in timeline.tracks] == ["V", "A1", "A2"]
    assert timeline.name == "drilling"


@at_every_rate
def test_otio_has_the_frames_the_files_and_why(rate: tuple[int, int], timecode: str) -> None:
    timeline = read_by_otio(write_otio(cut_at(rate, timecode)), "otio_json")
    exact = rate[0] / rate[1]
    start = frame_of(timecode, rate)
    picture, sound = timeline.tracks
    assert (picture.kind, sound.kind) == ("Video", "Audio")
    assert [source_frames(clip) for clip in picture] == FRAMES
    assert [source_frames(clip) for clip in sound] == FRAMES
    clip = picture[1]
    assert clip.media_reference.available_range.start_time.value == start
    assert clip.media_reference.available_range.start_time.rate == pytest.approx(exact)
    assert clip.media_reference.target_url == "file:///films/tour%201.mov"
    assert clip.markers[0].marked_range == clip.source_range
    assert clip.metadata["sceneseek"]["query"] == "drilling"
    assert clip.metadata["sceneseek"]["evidence"][0]["text"] == "They are drilling."
    is_drop = ";" in timecode
    begin = otio.opentime.to_timecode(timeline.global_start_time, exact, is_drop)
    assert begin == ("01:00:00;00" if is_drop else "01:00:00:00")


@at_every_rate
def test_fcp7_xml_has_the_frames_the_files_and_their_timecode(
    rate: tuple[int, int], timecode: str
) -> None:
    text = write_fcp7(cut_at(rate, timecode))
    root = ET.fromstring(text)
    clips = root.findall("./sequence/media/video/track/clipitem")
    assert [(int(c.findtext("in", "")), int(c.findtext("out", ""))) for c in clips] == FRAMES
    assert {c.findtext("rate/ntsc") for c in clips} == {str(rate[1] == 1001).upper()}
    file = root.find(".//file/pathurl/..")
    assert file is not None
    assert file.findtext("pathurl") == "file://localhost/films/tour%201.mov"
    assert file.findtext("timecode/string") == timecode
    assert int(file.findtext("timecode/frame", "")) == frame_of(timecode, rate)
    assert file.findtext("timecode/displayformat") == ("DF" if ";" in timecode else "NDF")
    timeline = read_by_otio(text, "fcp_xml")
    for track in timeline.tracks:
        assert [source_frames(clip) for clip in track] == FRAMES


@at_every_rate
def test_tables_have_times_timecode_and_frames(rate: tuple[int, int], timecode: str) -> None:
    edit = cut_at(rate, timecode)
    rows = [*csv.DictReader(io.StringIO(write_csv(edit).removeprefix(BYTE_ORDER_MARK)))]
    assert [(int(row["start_frame"]), int(row["end_frame"])) for row in rows] == FRAMES
    start = frame_of(timecode, rate)
    assert [frame_of(row["start_timecode"], rate) - start for row in rows] == [f for f, _ in FRAMES]
    assert {row["rate"] for row in rows} == {str(Fraction(*rate))}
    assert (rows[0]["video_id"], rows[0]["scene_id"], rows[0]["evidence"]) == ("1", "5", "speech")
    document = json.loads(write_json(edit))
    assert [(s["start_frame"], s["end_frame"]) for s in document["selections"]] == FRAMES
    assert document["selections"][0]["uri"] == "file://studio/films/tour%201.mov"
    assert document["selections"][0]["evidence"] == [
        {"kind": "speech", "score": 0.8, "text": "They are drilling.", "made_by": None}
    ]


@at_every_rate
def test_markers_lie_where_the_hits_are_in_the_timecode_of_the_film(
    rate: tuple[int, int], timecode: str
) -> None:
    text = write_markers(cut_at(rate, timecode))
    start = frame_of(timecode, rate)
    edits = events_of("\n".join(line for line in text.splitlines() if not line.startswith(" |")))
    found = [frame_of(e.record_in, rate) - start for e in edits]
    assert found == [first for first, _ in FRAMES]
    assert all(frame_of(e.record_out, rate) - frame_of(e.record_in, rate) == 1 for e in edits)
    marks = re.findall(r"^ \|C:ResolveColorBlue \|M:([^|]+) \|D:(\d+)$", text, re.MULTILINE)
    assert [int(length) for _, length in marks] == [end - first for first, end in FRAMES]
    assert marks[0][0] == "tour 1 0:00: drilling: 0.95, said: “They are drilling.”"


def test_markers_of_several_films_lie_on_the_timeline_of_their_edl() -> None:
    films = [film(1, streams()), film(2, streams((50, 1)))]
    edit = edit_of(films, [hit(1, 10, 12), hit(2, 20, 23)], handles_s=1)
    text = write_markers(edit)
    edits = events_of("\n".join(line for line in text.splitlines() if not line.startswith(" |")))
    assert [e.record_in for e in edits] == ["01:00:01:00", "01:00:05:00"]
    assert re.findall(r"\|D:(\d+)", text) == ["50", "75"]


def test_markers_of_a_film_without_timecode_begin_as_resolves_timelines_do() -> None:
    edits = events_of(
        write_markers(edit_of([film(of=streams())], [hit(1, 10, 12)])).replace(" |", "* |")
    )
    assert edits[0].record_in == "01:00:10:00"


def test_several_rates_in_one_edl_keep_their_own_timecode_and_the_first_ones_timeline() -> None:
    films = [
        film(1, streams((30000, 1001), "01:00:00;00")),
        film(2, streams((25, 1), "10:00:00:00")),
        film(3, streams((24000, 1001))),
    ]
    edit = edit_of(films, [hit(1, 2.002, 4.004), hit(2, 2, 4), hit(1, 8.008, 9.009), hit(3, 1, 2)])
    text = write_edl(edit)
    edits = events_of(text)
    assert [e.source_in for e in edits] == [
        "01:00:02;00",
        "10:00:02:00",
        "01:00:08;00",
        "00:00:01:00",
    ]
    assert [e.record_in for e in edits] == [
        "01:00:00;00",
        "01:00:02;00",
        "01:00:04;00",
        "01:00:05;00",
    ]
    modes = [line for line in text.splitlines() if line.startswith(("FCM", "0"))]
    assert [line[:15].strip() for line in modes] == [
        "FCM: DROP FRAME",
        "001  TOUR1    A",
        "FCM: NON-DROP F",
        "002  TOUR2    A",
        "FCM: DROP FRAME",
        "003  TOUR1    A",
        "FCM: NON-DROP F",
        "004  TOUR3    A",
    ]
    assert "* SOURCE RATE: 25, TIMELINE RATE: 30000/1001" in text
    assert any("30000/1001" in note and "25" in note for note in edit.notes_for(FORMATS["edl"]))
    assert edit.notes_for(FORMATS["csv"]) == ()  # a table has no timeline
    timeline = read_by_otio(write_otio(edit), "otio_json")
    assert [source_frames(clip) for clip in timeline.tracks[0]] == [
        (60, 120),
        (50, 100),
        (240, 270),
        (24, 48),
    ]


@pytest.mark.parametrize(
    ("num_channels", "has_picture", "channels"),
    [
        (0, True, "V"),
        (1, True, "B"),
        (2, True, "AA/V"),
        (6, True, "AA/V"),
        (1, False, "A"),
        (2, False, "AA"),
    ],
)
def test_an_edl_takes_the_channels_that_the_source_has(
    num_channels: int, has_picture: bool, channels: str
) -> None:
    of = streams(num_channels=num_channels, has_picture=has_picture)
    text = write_edl(edit_of([film(of=of)], [hit(1, 1, 2)]))
    (event,) = re.findall(r"^001  \S+ +(\S+) +C ", text, re.MULTILINE)
    assert event == channels
    timeline = read_by_otio(write_otio(edit_of([film(of=of)], [hit(1, 1, 2)])), "otio_json")
    kinds = ["Video"] * has_picture + ["Audio"] * (num_channels > 0)
    assert [track.kind for track in timeline.tracks] == kinds


def test_handles_lengthen_cuts_within_their_film_and_the_marker_stays_the_hit() -> None:
    edit = edit_of(
        [film(of=streams(), duration_s=20)], [hit(1, 0.4, 5), hit(1, 12, 19.8)], handles_s=1
    )
    clips = read_by_otio(write_otio(edit), "otio_json").tracks[0]
    assert [source_frames(clip) for clip in clips] == [(0, 150), (275, 500)]
    marked = [clip.markers[0].marked_range for clip in clips]
    assert [(m.start_time.value, m.duration.value) for m in marked] == [(10, 115), (300, 195)]
    assert [e.source_in for e in events_of(write_edl(edit))] == ["00:00:00:00", "00:00:11:00"]


def test_an_export_says_where_frames_are_not_exact() -> None:
    edit = edit_of([film(of=None, frame_rate=29.96)], [hit(1, 1, 2)])
    text = write_edl(edit)
    assert events_of(text)[0].source_in == "00:00:01;00"
    assert "average rate" in edit.notes[0]
    assert "average rate" in text
    assert "average rate" in write_fcp7(edit)
    assert "average rate" in json.loads(write_json(edit))["notes"][0]
    assert "average rate" in json.loads(write_otio(edit))["metadata"]["sceneseek"]["notes"][0]


SAID = (
    Passage(MomentKind.OCR, 0, 60, "EXIT"),
    Passage(MomentKind.SPEECH, 9.5, 11.25, "They <are> {drilling} --> now & here."),
    Passage(MomentKind.SPEECH, 9.5, 11.0, "Ils forent.", "Commentary (fr)"),
)


def test_subtitles_of_one_film_are_in_its_own_time() -> None:
    edit = edit_of([film(of=streams())], [hit(1, 10, 12), hit(1, 10.5, 13)], said=[SAID, SAID])
    subtitles = pysubs2.SSAFile.from_string(write_srt(edit), format_="srt")
    assert [(line.start, line.end, line.plaintext) for line in subtitles] == [
        (9500, 11250, "They ‹are› (drilling) → now & here.")
    ]
    text = write_vtt(edit)
    assert text.startswith("WEBVTT\n")
    assert "They &lt;are&gt; (drilling) → now &amp; here." in text


def test_subtitles_of_several_films_are_in_the_time_of_the_timeline() -> None:
    said = [SAID, (Passage(MomentKind.OCR, 0, 60, "EXIT"),), ()]
    films = [film(1, streams()), film(2, streams())]
    edit = edit_of(films, [hit(1, 10, 12), hit(2, 20, 23), hit(2, 30, 31)], said=said)
    for text, kind in ((write_srt(edit), "srt"), (write_vtt(edit), "vtt")):
        subtitles = pysubs2.SSAFile.from_string(text, format_=kind)
        assert [(line.start, line.end) for line in subtitles] == [
            (0, 1250),
            (2000, 5000),
            (5000, 6000),
        ]
        assert [line.plaintext for line in subtitles][1:] == [
            "EXIT",
            "drilling: 0.95, said: “They are drilling.”",
        ]


def test_reels_are_short_and_each_films_own() -> None:
    names = ["Drilling site north.mov", "Drilling site south.mov", "日本.mov", "東京.mov", "BL.mov"]
    films = [film(n, streams(), path=f"/films/{name}") for n, name in enumerate(names, 1)]
    edits = events_of(write_edl(edit_of(films, [hit(n, 1, 2) for n in (1, 2, 3, 4, 5, 1)])))
    assert [e.source for e in edits] == ["DRILLING", "DRILLIN2", "REEL", "REEL2", "BL2", "DRILLING"]
    assert [e.clip_name for e in edits] == [*names, names[0]]


def test_a_thousand_cuts_have_numbers_of_their_own() -> None:
    edit = edit_of([film(of=streams())], [hit(1, n, n + 1) for n in range(1000)])
    assert len(events_of(write_edl(edit))) == 1000


def test_what_lies_outside_of_a_film_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="selection 2 begins after the end of video 1"):
        edit_of([film(of=streams(), duration_s=20)], [hit(1, 1, 2), hit(1, 20, 21)])
    with pytest.raises(InvalidQuery, match="ends before it begins"):
        edit_of([film(of=streams())], [hit(1, 2, 2)])
    with pytest.raises(InvalidQuery, match="nothing to export"):
        edit_of([film(of=streams())], [])
    at_end = edit_of([film(of=streams(), duration_s=20)], [hit(1, 19.99, 21)]).cuts[0]
    assert (at_end.first, at_end.end) == (499, 500)


def test_a_path_stays_what_it_is_where_it_is_a_link() -> None:
    path = '/films/a "b" & <c>\n#1 100%/ü?.mov'
    edit = edit_of([film(of=streams(), path=path)], [hit(1, 1, 2)])
    clip = read_by_otio(write_otio(edit), "otio_json").tracks[0][0]
    assert unquote(urlsplit(clip.media_reference.target_url).path) == path
    url = ET.fromstring(write_fcp7(edit)).findtext(".//pathurl")
    assert url is not None
    assert unquote(urlsplit(url).path) == path
    rows = [*csv.DictReader(io.StringIO(write_csv(edit), newline=""))]
    assert rows[0][f"{BYTE_ORDER_MARK}path"] == path
