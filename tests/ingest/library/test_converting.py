"""INGEST_CONVERT: what browsers do not play is made to, once and for all, when it is ingested."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ingest.library.converting
from database.models import FileStatus
from database.server.connection import Database
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.files.discover import discover
from ingest.files.identity import content_hash
from ingest.library.converting import Converting
from ingest.playing.converted import num_segments
from ingest.playing.store import SegmentStore, Variant, missing_in
from ingest.settings import IngestSettings
from tests.helpers import makers
from tests.helpers.commands import outcomes, run_command, start_command
from tests.helpers.http import serving
from tests.helpers.marked_films import Recipe, write_marked
from tests.helpers.records import video
from tests.helpers.waiting import wait_until

ON = {"INGEST_CONVERT": "true"}
_OLD = Recipe("mpeg4", ("libmp3lame",), seconds=4.0)


def test_a_library_that_is_converted_plays_without_its_files(
    settings: IngestSettings, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    write_marked(films / "a.avi", _OLD)
    write_marked(films / "b.mkv", Recipe(sounds=("ac3",), seconds=4.0))
    plain = write_marked(films / "c.mp4", Recipe(seconds=2.0))
    done = run_command("ingest", films, "--json", "--jobs", "1", settings=settings, **ON)
    assert {(each["status"], *each["notes"]) for each in outcomes(done).values()} == {("done",)}
    for path in films.iterdir():
        if path != plain:
            path.unlink()
    with serving(settings) as server:
        for folder in ("/videos/1/hls/converted/0", "/videos/2/hls/copied/0"):
            playlist = server.client.get(f"{folder}/index.m3u8").text.splitlines()
            names = ["init.mp4", *(line for line in playlist if line.endswith(".m4s"))]
            assert len(names) > 1
            assert {server.client.get(f"{folder}/{name}").status_code for name in names} == {200}
    assert len(list((settings.home / "segments").glob("*/*/v*"))) == 2, "c plays as it is"


def test_a_run_that_was_killed_is_gone_on_with(settings: IngestSettings, tmp_path: Path) -> None:
    path = write_marked(tmp_path / "long.avi", Recipe("mpeg4", (), 30.0, size=(640, 360)))
    store = SegmentStore.of(settings)
    variant = Variant(content_hash(path), "converted", 0, settings.ingest_converted_lines)
    command = start_command("ingest", path, settings=settings, **ON)
    with command:
        wait_until(lambda: store.has(variant, 1), 60)
        command.send_signal(signal.SIGKILL)
    num = num_segments(30.0)
    missing = list(missing_in(store, variant, num))
    assert len(missing) > 1
    first = store.folder_of(variant) / "0.m4s"
    made_ns = first.stat().st_mtime_ns

    again = outcomes(run_command("ingest", path, "--json", settings=settings, **ON))
    assert again["long.avi"]["status"] == "unchanged"
    assert not list(missing_in(store, variant, num))
    assert first.stat().st_mtime_ns == made_ns, "what was there is not made again"
    assert store.begun() == set()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (makers.refuse, "it is damaged"),
        (makers.write_to_the_file, "changed while it was read; ingest it again"),
    ],
    ids=["damaged", "changed"],
)
def test_what_cannot_be_converted_is_a_note_and_is_not_tried_by_every_run(
    settings: IngestSettings,
    database: Database,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., object],
    why: str,
) -> None:
    monkeypatch.setattr(ingest.library.converting, "convert", make)
    (found,) = discover([str(write_marked(tmp_path / "a.avi", _OLD))])
    digest = content_hash(found.path)
    converting = Converting.of(database, settings.model_copy(update={"ingest_convert": True}))
    assert converting is not None
    record = replace(video("a"), content_hash=digest)
    own = FileRecord(str(found.path), found.size_bytes, found.mtime_ns, FileStatus.DONE)
    converting.begin(digest)
    store.save_video(record, own)
    assert converting.unfinished([found]) == {str(found.path)}
    told: list[float] = []
    (note,) = converting.finish(found, digest, told.append)
    assert note.endswith(f"which is tried when it is watched: {why}")
    assert not list(settings.home.glob("segments/**/*.m4s"))
    assert told[0] == 0.0
    assert converting.unfinished([found]) == set()
    assert converting.finish(found, digest, told.append) == []
