"""`--export` of the commands that search, as a person runs them."""

import csv
import io
import json
import zipfile
from pathlib import Path

import opentimelineio as otio
import pycmx
import pysubs2
import pytest

from search.exports.command import ExportTo
from tests.helpers.commands import TOUR, run_command
from tests.helpers.fixtures import Ingested
from tests.helpers.marked_films import frames_of

SEARCH = ("drilling", "--limit", 2)


def test_hits_are_written_to_an_edl_beside_the_answer(ingested: Ingested, tmp_path: Path) -> None:
    path = tmp_path / "hits.edl"
    done = run_command("search", *SEARCH, "--export", path, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert "said at 0:01.2" in done.stdout
    assert f"2 moments in {path}" in done.stderr
    assert "1 of 2 are weak matches" in done.stderr
    events = [*pycmx.parse_cmx3600(io.StringIO(path.read_text())).events]
    first = events[0].edits[0]
    assert (first.source_in, first.clip_name) == ("00:00:00:24", "tour.mp4")
    assert first.source_file == str(TOUR)
    assert [each.name for each in tmp_path.iterdir()] == ["hits.edl"]


def test_the_suffix_says_what_is_written(ingested: Ingested, tmp_path: Path) -> None:
    for suffix in ("otio", "csv", "json", "srt"):
        path = tmp_path / f"hits.{suffix}"
        done = run_command("search", *SEARCH, "--export", path, settings=ingested.settings)
        assert done.returncode == 0, done.stderr
    timeline = json.loads((tmp_path / "hits.otio").read_text())
    assert (timeline["OTIO_SCHEMA"], timeline["name"]) == ("Timeline.1", "drilling")
    with (tmp_path / "hits.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["path"] for row in rows] == [str(TOUR)] * 2
    assert "drilling through solid granite" in rows[0]["text"]
    document = json.loads((tmp_path / "hits.json").read_text())
    assert document["selections"][0]["start_frame"] == 24
    lines = pysubs2.load(str(tmp_path / "hits.srt"))
    assert "drilling through solid granite" in lines[0].plaintext


def test_markers_are_asked_for_by_name(ingested: Ingested, tmp_path: Path) -> None:
    path = tmp_path / "hits.edl"
    export = ("--export", path, "--export-format", "markers")
    done = run_command("search", *SEARCH, *export, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert " |C:ResolveColorBlue |M:tour 0:00: drilling: 0." in path.read_text()


def test_clips_come_in_a_zip_with_their_handles(ingested: Ingested, tmp_path: Path) -> None:
    path = tmp_path / "hits.zip"
    export = ("--export", path, "--handles-s", 0.5, "--limit", 1)
    done = run_command("search", "drilling", *export, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(path) as made:
        (name,) = made.namelist()
        assert name == "001 tour 0-00.mp4"
        num_frames = len(frames_of(io.BytesIO(made.read(name))))
    edl = tmp_path / "hits.edl"
    run_command("search", "drilling", *export[2:], "--export", edl, settings=ingested.settings)
    (event,) = pycmx.parse_cmx3600(io.StringIO(edl.read_text())).events
    edit = event.edits[0]
    length = otio.opentime.from_timecode(edit.source_out, 25) - otio.opentime.from_timecode(
        edit.source_in, 25
    )
    assert abs(length.to_frames() - num_frames) <= 1


def test_other_searches_export_too(ingested: Ingested, tmp_path: Path) -> None:
    alike, both = tmp_path / "alike.json", tmp_path / "both.edl"
    done = run_command("search.similar", 1, "--export", alike, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(alike.read_text())["selections"]) > 1
    steps = ("a cup of coffee", "a checklist", "--limit", 1)
    done = run_command("search.sequence", *steps, "--export", both, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    text = both.read_text()
    assert text.startswith("TITLE: a cup of coffee, then a checklist\n")
    (event,) = pycmx.parse_cmx3600(io.StringIO(text)).events
    assert (event.edits[0].source_in, event.edits[0].source_out) == ("00:00:07:00", "00:00:21:00")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--export", "hits.docx"), "hits.docx has none of the suffixes of exports"),
        (("--export-format", "edl"), "name the file to export to"),
        (("--handles-s", "2"), "name the file to export to"),
        (("--export", "hits.edl", "--export-format", "fcpx"), "--export-format"),
        (("--export", "hits.edl", "--handles-s", "-1"), "--handles-s"),
        (("--export", "hits.edl", "--tags", "nobody"), "nothing to export"),
    ],
    ids=range(6),
)
def test_what_cannot_be_exported_is_refused_in_words(
    ingested: Ingested, options: tuple[str, ...], why: str
) -> None:
    done = run_command("search", "drilling", *options, settings=ingested.settings)
    assert done.returncode == 2
    assert why in done.stderr
    assert not (ingested.settings.home / "hits.edl").exists()


@pytest.mark.parametrize("name", ["nowhere/hits.edl", "nowhere/hits.zip", "file/hits.edl"])
def test_a_folder_that_does_not_exist_is_named_not_made(
    ingested: Ingested, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / name
    done = run_command("search", *SEARCH, "--export", path, settings=ingested.settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"error: there is no folder {path.parent}: make it first, or name another\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_the_format_goes_by_the_suffix_unless_it_is_named() -> None:
    assert ExportTo(export=Path("b.XML")).format == "fcp7"
    assert ExportTo(export=Path("b.edl"), export_format="markers").format == "markers"
    assert ExportTo(export=Path("b.txt"), export_format="edl").format == "edl"
    assert ExportTo().format is None
