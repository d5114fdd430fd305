"""What the library shows of its videos."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from database.errors import NotFound
from database.models import FileStatus, MomentKind
from database.server.connection import Database
from database.videos.contents import Contents
from database.videos.read import Library
from database.videos.records import FileRecord, MomentRecord
from database.videos.stored import Store
from tests.helpers import records


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database)


def save(store: Store, name: str, **options: Any) -> int:
    store.save_video(records.video(name, **options), records.file(f"/v/{name}.mp4"))
    video = store.find_video_by_content(records.digest(name))
    assert video is not None
    return video.id


def test_videos_are_listed_page_by_page(store: Store, library: Library) -> None:
    ids = [save(store, name) for name in "abc"]
    first = library.list_videos(limit=2)
    assert [(v.id, v.title, v.path) for v in first] == [
        (ids[0], "a", "/v/a.mp4"),
        (ids[1], "b", "/v/b.mp4"),
    ]
    assert [v.id for v in library.list_videos(limit=2, after_id=ids[1])] == [ids[2]]


@pytest.fixture
def contents(database: Database) -> Contents:
    return Contents(database)


def test_what_is_not_there_is_not_found(library: Library, contents: Contents) -> None:
    with pytest.raises(NotFound, match="there is no video 7"):
        library.get_video(7)
    with pytest.raises(NotFound):
        library.get_keyframe_path(7)
    with pytest.raises(NotFound):
        library.get_intact_path(7)
    assert contents.scenes(7) == []
    assert contents.spoken(7) == []


def test_scenes_are_shown_with_their_pictures_and_writing(store: Store, contents: Contents) -> None:
    first, second = contents.scenes(save(store, "a"))
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 2.0, 2.0, 4.0)
    assert first.keyframes == ((1.0, records.image_path("a")),)
    assert first.on_screen_text == ("EXIT",)
    assert (second.keyframes, second.on_screen_text) == ((), ())


def test_a_time_lies_in_a_scene_that_is_shown_or_in_none(
    store: Store, library: Library, contents: Contents
) -> None:
    video_id = save(store, "a")
    (first, _second) = contents.scenes(video_id)
    assert library.find_scene_shown(video_id, 0.0) == first.id
    assert library.find_scene_shown(video_id, 1.999) == first.id
    assert library.find_scene_shown(video_id, 2.0) is None, "it has no keyframe"
    assert library.find_scene_shown(video_id, 99.0) is None


def test_the_keyframe_nearest_to_a_time_is_shown_by_default_that_of_the_middle(
    store: Store, library: Library, contents: Contents
) -> None:
    times = (0.2, 1.1, 1.9)
    keyframes = tuple(
        MomentRecord(0, MomentKind.KEYFRAME, time_s, time_s, image_path=f"{time_s}.jpg")
        for time_s in times
    )
    store.save_video(replace(records.video("a"), moments=keyframes), records.file("/v/a.mp4"))
    (video,) = library.list_videos(limit=1)
    scene = contents.scenes(video.id)[0]
    assert library.get_keyframe_path(scene.id) == "1.1.jpg"
    assert library.get_keyframe_path(scene.id, at_s=0.0) == "0.2.jpg"
    assert library.get_keyframe_path(scene.id, at_s=99.0) == "1.9.jpg"


def test_a_file_that_was_changed_is_no_place_of_its_video_any_more(
    store: Store, library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    status = path.stat()
    record = FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
    store.save_video(records.video("a"), record)
    (video,) = library.list_videos(limit=1)
    assert library.get_intact_path(video.id) == path
    os.utime(path, ns=(0, 0))
    with pytest.raises(NotFound, match="ingest its folder again"):
        library.get_intact_path(video.id)


def test_a_second_copy_is_not_looked_at_where_the_first_is_as_it_was(
    store: Store, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lie on a mount that hangs."""
    paths = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for path in paths:
        path.write_bytes(b"content")
        status = path.stat()
        seen = FileRecord(str(path), status.st_size, status.st_mtime_ns, FileStatus.DONE)
        store.save_video(records.video("a"), seen)
    (video,) = library.list_videos(limit=2)
    looked_at, resolve = [], Path.resolve

    def noted(path: Path, strict: bool = False) -> Path:
        looked_at.append(path)
        return resolve(path, strict=strict)

    monkeypatch.setattr(Path, "resolve", noted)
    assert library.get_intact_path(video.id) == paths[0]
    assert looked_at == [paths[0]]
    paths[0].unlink()
    assert library.get_intact_path(video.id) == paths[1]
