"""Exports over HTTP: the frames that they name are those of the pictures in the films."""

import contextlib
import csv
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import av
import httpx
import opentimelineio as otio
import pycmx
import pytest

from api.playing.zips import MAX_CLIPS
from database.models import FileStatus
from database.opening import open_database
from database.videos.records import FileRecord, VideoRecord
from database.videos.stored import Store
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.media.container import probe
from ingest.media.frames import Picture
from ingest.media.timeline import Timeline
from ingest.playing.facts import read_streams
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, assert_problem, serving
from tests.helpers.marked_films import Recipe, frames_of, write_marked
from tests.helpers.records import file, video

RECIPES = {
    "23.976.mkv": Recipe(rate=Fraction(24000, 1001), seconds=4),
    "25.ts": Recipe(rate=Fraction(25), seconds=4),
    "29.97 drop.mov": Recipe(
        "prores_ks", ("pcm_s16le",), 4, Fraction(30000, 1001), timecode="00:59:58;00",
        pixel_format="yuv422p10le",
    ),
    "29.97.mov": Recipe(rate=Fraction(30000, 1001), seconds=4, timecode="01:00:00:00"),
    "59.94.mp4": Recipe(rate=Fraction(60000, 1001), seconds=4, timecode="09:59:58;00"),
    "60.mp4": Recipe(
        rate=Fraction(60), seconds=4, sounds=("aac", "aac"), languages=("eng", "deu")
    ),
}  # fmt: skip
FIRST, END = 37, 61
"""The frames at which the second scene begins and the third."""
ids = {name: number for number, name in enumerate(RECIPES, 1)}
GONE, OLD = len(ids) + 1, len(ids) + 2
at_every_rate = pytest.mark.parametrize("name", RECIPES)


@dataclass(frozen=True)
class Films:
    """A served library of films whose frames say their number."""

    serving: Serving
    folder: Path
    streams: dict[str, Any]
    """What is known of each, by name."""

    @property
    def client(self) -> httpx.Client:
        return self.serving.client

    def export(self, **body: object) -> httpx.Response:
        """What is answered to a body that is right."""
        answer = self.client.post("/exports", json=body)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        yield from _served(settings)


def _served(settings: IngestSettings) -> Iterator[Films]:
    streams = {}
    with contextlib.closing(open_database(settings)) as database:
        for name, recipe in RECIPES.items():
            path = write_marked(settings.home / name, recipe)
            made = _record(path, settings)
            streams[name] = made.streams
            Store(database).save_video(made, _seen(path))
        Store(database).save_video(video("gone"), file("/nowhere/gone.mp4"))
        old = write_marked(settings.home / "old.mov", RECIPES["29.97.mov"])
        Store(database).save_video(replace(video("old"), duration_s=4.0), _seen(old))
    with serving(settings) as server:
        yield Films(server, settings.home, streams)


def _seen(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)


def _record(path: Path, settings: IngestSettings) -> VideoRecord:
    """A film as an ingest finds it, with scenes that begin at FIRST and END."""
    footage = Footage(path, None, settings.ingest_max_pixels)
    streams = Isolation.of(settings).run(read_streams, footage, on_progress=lambda _part: None)
    header = probe(path, settings.ingest_max_pixels)
    found = Timeline(path, header, settings.ingest_max_pixels)
    times = [each.time_s for each in found if isinstance(each, Picture)]
    cuts = (times[FIRST], times[END])
    scenes = ((0.0, cuts[0]), cuts, (cuts[1], 4.0))
    record = video(path.stem)
    moments = tuple(replace(m, start_s=cuts[0], end_s=cuts[1]) for m in record.moments[-1:])
    return replace(
        record,
        title=path.stem,
        duration_s=4.0,
        scenes=scenes,
        moments=moments,
        streams=streams,
        frame_rate=float(RECIPES[path.name].rate),
    )


def scene_of(films: Films, name: str) -> int:
    """The id of the second scene."""
    scenes = films.client.get(f"/videos/{ids[name]}/scenes").json()
    return int((scenes["scenes"] if isinstance(scenes, dict) else scenes)[1]["id"])


def edits_of(text: str) -> list[Any]:
    return [event.edits[0] for event in pycmx.parse_cmx3600(io.StringIO(text)).events]


def frame_of(timecode: str, name: str) -> int:
    """By OpenTimelineIO."""
    return int(otio.opentime.from_timecode(timecode, float(RECIPES[name].rate)).to_frames())


@at_every_rate
def test_the_frames_that_an_edl_names_are_those_of_the_cut_in_the_film(
    films: Films, name: str
) -> None:
    text = films.export(format="edl", selections=[{"scene_id": scene_of(films, name)}]).text
    (edit,) = edits_of(text)
    begin = RECIPES[name].timecode or ("00:00:00:00")
    pictures = [number for _, number in frames_of(str(films.folder / name))]
    first = frame_of(edit.source_in, name) - frame_of(begin, name)
    end = frame_of(edit.source_out, name) - frame_of(begin, name)
    assert (pictures[first], pictures[end]) == (FIRST, END)
    is_drop = "FCM: DROP FRAME" in text
    assert is_drop == (";" in begin)
    assert (edit.clip_name, edit.source_file) == (name, str(films.folder / name))


@at_every_rate
def test_all_formats_name_the_same_frames(films: Films, name: str) -> None:
    selections = [{"scene_id": scene_of(films, name)}]
    (row,) = films.export(format="json", selections=selections).json()["selections"]
    assert (row["start_frame"], row["end_frame"]) == (FIRST, END)
    assert row["rate"] == str(RECIPES[name].rate)
    timeline = json.loads(films.export(format="otio", selections=selections).text)
    (clip,) = timeline["tracks"]["children"][0]["children"]
    media = clip["media_references"]["DEFAULT_MEDIA"]
    begin = media["available_range"]["start_time"]["value"]
    used = clip["source_range"]
    assert used["start_time"]["value"] - begin == FIRST
    assert used["duration"]["value"] == END - FIRST
    assert unquote(media["target_url"]) == f"file://{films.folder / name}"


@pytest.mark.parametrize("name", ["25.ts", "29.97 drop.mov"])
def test_a_clip_in_a_zip_has_the_frames_that_the_edl_names(films: Films, name: str) -> None:
    selections = [{"scene_id": scene_of(films, name), "name": "the: “cut”"}]
    answer = films.export(format="zip", selections=selections, title="Straße")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''Stra%C3%9Fe.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        assert made.namelist() == ["001 the- “cut”.mp4"]
        clip = io.BytesIO(made.read(made.namelist()[0]))
    assert [number for _, number in frames_of(clip)] == [*range(FIRST, END)]


def test_a_zip_has_all_clips_with_their_handles_and_says_what_is_missing(films: Films) -> None:
    parts = [
        {"video_id": ids["60.mp4"], "start_s": 1.0, "end_s": 1.5},
        {"video_id": GONE, "start_s": 1.0, "end_s": 2.0},
        {"video_id": ids["23.976.mkv"], "start_s": 0.0, "end_s": 1.001},
    ]
    answer = films.export(format="zip", selections=parts, handles_s=0.5)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        first, second, missing = made.namelist()
        assert (first, second, missing) == (
            "001 60 0-01.mp4",
            "003 23.976 0-00.mp4",
            "not made.txt",
        )
        assert "002 gone 0-01" in made.read(missing).decode()
        numbers = [number for _, number in frames_of(io.BytesIO(made.read(first)))]
        assert numbers == [*range(30, 120)]
        assert len(frames_of(io.BytesIO(made.read(second)))) == 36


def test_clips_of_a_zip_have_all_sound_tracks(films: Films) -> None:
    part = {"video_id": ids["60.mp4"], "start_s": 1.0, "end_s": 2.0}
    answer = films.export(format="zip", selections=[part])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        clip = io.BytesIO(made.read(made.namelist()[0]))
    with av.open(clip) as container:
        assert [stream.language for stream in container.streams.audio] == ["eng", "deu"]


def test_a_zip_of_nothing_that_can_be_made_is_refused(films: Films) -> None:
    parts = [{"video_id": GONE, "start_s": 1.0, "end_s": 2.0}]
    answer = films.client.post("/exports", json={"format": "zip", "selections": parts})
    assert "it was at file://" in (why := assert_problem(answer, 404))
    assert "/nowhere/gone.mp4; ingest its folder again" in why
    many = [{"video_id": 1, "start_s": 1.0, "end_s": 2.0}] * (MAX_CLIPS + 1)
    answer = films.client.post("/exports", json={"format": "zip", "selections": many})
    assert "choose fewer" in assert_problem(answer, 422)


def test_clips_are_no_longer_made_when_the_client_has_gone(films: Films) -> None:
    parts = [
        {"video_id": ids["60.mp4"], "start_s": 0.0, "end_s": 1.0 + n / 100} for n in range(100)
    ]
    with films.client.stream("POST", "/exports", json={"format": "zip", "selections": parts}) as a:
        next(a.iter_bytes())
    kept = films.folder / "clips"
    time.sleep(1)
    num_made = len([*kept.rglob("clip.mp4")])
    time.sleep(3)
    assert len([*kept.rglob("clip.mp4")]) <= num_made + 1
    assert num_made < 50


def test_the_hits_of_a_search_are_exported_with_why_they_are_hits(films: Films) -> None:
    search = {"query": "train", "limit": 3}
    hits = films.client.post("/search/multimodal", json=search).json()["results"]
    answer = films.export(format="csv", search=search)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="train.csv"' in answer.headers["content-disposition"]
    rows = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]
    assert [int(row["scene_id"]) for row in rows] == [hit["scene"]["id"] for hit in hits]
    assert {row["query"] for row in rows} == {"train"}
    assert {row["text"] for row in rows} == {"A train leaves."}
    srt = films.export(format="srt", search=search).text
    assert "A train leaves." in srt


def test_selections_keep_their_order_names_and_query(films: Films) -> None:
    parts = [
        {"video_id": 2, "start_s": 2.0, "end_s": 3.0, "name": "second", "scene_id": 5},
        {"video_id": 1, "start_s": 1.0, "end_s": 2.0, "name": "=first"},
    ]
    document = films.export(format="json", selections=parts, query="drill").json()
    assert document["title"] == "drill"
    found = [(s["video_id"], s["scene_id"], s["name"], s["query"]) for s in document["selections"]]
    assert found == [(2, 5, "second", "drill"), (1, None, "=first", "drill")]


def test_what_is_not_exact_is_told_in_a_header(films: Films) -> None:
    parts = [{"video_id": n, "start_s": 1.0, "end_s": 2.0} for n in (GONE, 1, 2)]
    answer = films.export(format="edl", selections=parts)
    notes = json.loads(answer.headers["x-export-notes"])
    assert len(notes) == 3
    assert notes[0].startswith("gone.mp4: frames are counted at the average rate")
    assert "24000/1001" in notes[1]
    assert notes[2] == (
        "gone.mp4: not to be found by an editor: its file was moved, changed or removed; ingest "
        "its folder again"
    )
    assert f"* NOTE: {notes[2]}" in answer.text
    of_no_file = films.export(format="srt", selections=parts).headers["x-export-notes"]
    assert "editor" not in of_no_file
    exact = films.export(format="edl", selections=[{"video_id": 2, "start_s": 1.0, "end_s": 2.0}])
    assert "x-export-notes" not in exact.headers


def test_what_no_ingest_has_kept_is_read_from_the_file(films: Films) -> None:
    parts = [{"video_id": OLD, "start_s": 1.0, "end_s": 2.0}]
    answer = films.export(format="json", selections=parts)
    assert "x-export-notes" not in answer.headers
    (row,) = answer.json()["selections"]
    assert (row["start_timecode"], row["rate"]) == ("01:00:01:00", "30000/1001")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"selections": [{"scene_id": 987654}, {"scene_id": 987655}]}, 404, "987654, 987655"),
        ({"selections": [{"video_id": 99, "start_s": 1, "end_s": 2}]}, 404, "no video 99"),
        ({"selections": [{"video_id": 1, "start_s": 2, "end_s": 1}]}, 422, "ends before it begins"),
        ({"selections": [{"video_id": 1, "start_s": 9, "end_s": 10}]}, 422, "4.000 s"),
        ({"selections": [{"video_id": 1, "start_s": 1}]}, 422, "video_id with start_s and end_s"),
        ({"selections": [{"scene_id": 1, "start_s": 0}]}, 422, "video_id with start_s and end_s"),
        ({"selections": [{}]}, 422, "name a scene_id"),
        ({"selections": []}, 422, "selections"),
        ({}, 422, "give selections, or a search"),
        ({"selections": [{"scene_id": 1}], "search": {"query": "a"}}, 422, "not both"),
        ({"selections": [{"scene_id": 1}] * 1001}, 422, "1000"),
        ({"selections": [{"scene_id": 1}], "handles_s": 61}, 422, "handles_s"),
        ({"selections": [{"scene_id": 1}], "title": "\ud800"}, 422, "title"),
        ({"search": {"query": "-train"}}, 422, "only excludes"),
        ({"format": "fcpxml", "selections": [{"scene_id": 1}]}, 422, "format"),
    ],
    ids=range(15),
)
def test_what_cannot_be_exported_is_refused_in_words(
    films: Films, body: dict[str, Any], status: int, why: str
) -> None:
    content = json.dumps({"format": "edl", **body})
    answer = films.client.post(
        "/exports", content=content, headers={"Content-Type": "application/json"}
    )
    assert why in assert_problem(answer, status)
