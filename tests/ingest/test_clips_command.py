"""python -m ingest.clips: one clip, and a zip of many."""

import contextlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from database.models import FileStatus
from database.opening import open_database
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.commands import ROOT, environment, run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.marked_films import Recipe, frames_of, write_marked
from tests.helpers.records import file, video

FILM, GONE = 1, 2


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestSettings]:
    """A film of four seconds, and one that has gone."""
    with new_settings(tmp_path_factory.mktemp("library") / "home") as settings:
        path = write_marked(settings.home / "tour.mp4", Recipe(seconds=4))
        status = path.stat()
        with contextlib.closing(open_database(settings)) as database:
            store = Store(database)
            store.save_video(
                replace(video("tour"), duration_s=4.0),
                FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE),
            )
            store.save_video(video("gone"), file("/nowhere/gone.mp4"))
        yield settings


def _zip(
    settings: IngestSettings, target: Path, wanted: Any, *options: str
) -> subprocess.CompletedProcess[str]:
    """`--zip` with a list on stdin."""
    return subprocess.run(
        [sys.executable, "-m", "ingest.clips", "--zip", str(target), *options],
        input=wanted if isinstance(wanted, str) else json.dumps(wanted),
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_clip_is_cut_from_a_video(library: IngestSettings) -> None:
    done = run_command("ingest.clips", FILM, "1", "00:02.5", settings=library)
    assert done.returncode == 0, done.stderr
    clip = library.home / "tour 00-00-01 to 00-00-02.mp4"
    assert [number for _, number in frames_of(clip)] == list(range(25, 63))
    assert done.stderr.splitlines()[-1] == f"{clip.name}: 1.52 s"
    again = run_command("ingest.clips", FILM, "1.2", "2.3", settings=library)
    assert again.returncode == 2
    assert f"{clip.name} is there already: name a file with --out" in again.stderr
    assert len(frames_of(clip)) == 38


def test_a_clip_is_not_written_into_a_file_that_says_to_be_another_kind(
    library: IngestSettings,
) -> None:
    done = run_command("ingest.clips", FILM, 1, 2, "--out", "p.mov", settings=library)
    assert done.returncode == 2
    assert "clips are MP4 files: name p.mp4, not p.mov" in done.stderr


@pytest.mark.parametrize("options", [(FILM, 1, 2, "--out", "p.mp4"), ("--zip", "p.zip")])
def test_a_folder_that_does_not_exist_is_named_not_made(
    library: IngestSettings, tmp_path: Path, options: tuple[object, ...]
) -> None:
    target = tmp_path / "nowhere" / str(options[-1])
    wanted = json.dumps([{"video_id": FILM, "start_s": 1, "end_s": 2}])
    done = subprocess.run(
        [sys.executable, "-m", "ingest.clips", *map(str, options[:-1]), str(target)],
        input=wanted,
        env=environment(library),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert f"error: there is no folder {target.parent}: make it first" in done.stderr
    assert not target.parent.exists()


def test_a_fast_clip_says_how_much_earlier_it_begins(library: IngestSettings) -> None:
    target = library.home / "fast.mp4"
    done = run_command(
        "ingest.clips", FILM, 1, 2, "--out", target, "--kind", "fast", "--json", settings=library
    )
    assert done.returncode == 0, done.stderr
    (clip,) = json.loads(done.stdout)["clips"]
    first = frames_of(target)[0][1]
    assert clip["start_s"] == first / 25
    assert f"begins {1 - first / 25:.2f} s earlier than asked for" in done.stderr


def test_many_clips_go_into_a_zip_and_those_that_fail_are_named_in_it(
    library: IngestSettings, tmp_path: Path
) -> None:
    target = tmp_path / "hits.zip"
    wanted = [
        {"video_id": FILM, "start_s": -1.0, "end_s": 1.0, "name": 'a: "first"/hit'},
        {"video_id": FILM, "start_s": 2.0, "end_s": 3.0, "name": "A  first hit"},
        {"video_id": FILM, "start_s": 3.0, "end_s": 9.0},
        {"video_id": FILM, "start_s": 5.0, "end_s": 6.0, "name": "after the end"},
        {"video_id": GONE, "start_s": 0.0, "end_s": 1.0, "name": "gone"},
        {"video_id": 99, "start_s": 0.0, "end_s": 1.0, "name": "unknown"},
    ]
    done = _zip(library, target, wanted)
    assert done.returncode == 3, done.stderr
    with zipfile.ZipFile(target) as clips:
        assert clips.namelist() == [
            "a first hit.mp4",
            "A first hit (2).mp4",
            "tour 00-00-03 to 00-00-09.mp4",
            "not made.txt",
        ]
        assert {info.compress_type for info in clips.infolist()[:3]} == {zipfile.ZIP_STORED}
        numbers = [
            [number for _, number in frames_of(io.BytesIO(clips.read(name)))]
            for name in clips.namelist()[:3]
        ]
        reasons = clips.read("not made.txt").decode().splitlines()
    assert numbers == [list(range(25)), list(range(50, 75)), list(range(75, 100))]
    assert reasons[0].startswith("after the end: nothing lies between 5.000 and 6.000 s")
    assert reasons[1].startswith("gone: the file of video 2 was moved")
    assert reasons[2] == "unknown: there is no video 99"
    lines = [line for line in done.stderr.splitlines() if "/6 " in line]
    assert lines[0] == "1/6 a first hit.mp4"
    assert lines[5] == "6/6 unknown: failed: there is no video 99"
    assert [path.name for path in tmp_path.iterdir()] == ["hits.zip"]


def test_where_no_clip_can_be_made_no_zip_is_left(library: IngestSettings, tmp_path: Path) -> None:
    done = _zip(library, tmp_path / "hits.zip", [{"video_id": 99, "start_s": 0, "end_s": 1}])
    assert done.returncode == 1
    assert "error: none of the clips could be made" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("[", "the list on stdin cannot be read"),
        ("[]", "to name 1 to 10,000 clips"),
        ('[{"video_id": 1}]', "0.start_s Field required"),
        ('[{"video_id": 1, "start_s": 0, "end_s": NaN}]', "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(
    library: IngestSettings, tmp_path: Path, wanted: str, why: str
) -> None:
    done = _zip(library, tmp_path / "hits.zip", wanted)
    assert (done.returncode, why in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        ((), 2, "say which clip: VIDEO_ID FROM TO"),
        ((FILM, "1"), 2, "say which clip"),
        ((FILM, "one", "2"), 2, "'one' is no time"),
        ((FILM, "3", "2"), 1, "nothing lies between 3.000 and 2.000 s"),
        ((99, "1", "2"), 1, "there is no video 99"),
    ],
)
def test_a_command_line_that_cannot_be_done_is_told(
    library: IngestSettings, arguments: tuple[Any, ...], code: int, why: str
) -> None:
    done = run_command("ingest.clips", *arguments, settings=library)
    assert (done.returncode, why in done.stderr) == (code, True), done.stderr
