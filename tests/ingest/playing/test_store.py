"""Segments on disk: bounded, and gone with their video."""

import errno
import os
from pathlib import Path

import pytest

from database.videos.forgetting import keyframe_folder, remove_made
from database.videos.stored import Store
from ingest.errors import VideoUnreadable
from ingest.files.leftovers import remove_leftovers
from ingest.playing.store import SegmentStore, Variant, missing_in
from tests.helpers import records
from tests.helpers.makers import segment

SIZE = 1008
"""Bytes of the fragment of a segment."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "segments"


def new_store(folder: Path, num_segments: int = 10) -> SegmentStore:
    """A store with room for so many."""
    return SegmentStore(folder, num_segments * SIZE)


def converted(name: str, lines: int = 480) -> Variant:
    return Variant(records.digest(name), "converted", 0, lines)


def put(store: SegmentStore, variant: Variant, number: int, *, asked_s: int | None = None) -> None:
    store.put(variant, number, segment(number, SIZE - 8))
    if asked_s is not None:
        os.utime(store.folder_of(variant) / f"{number}.m4s", (asked_s, asked_s))


def numbers(store: SegmentStore, variant: Variant) -> list[int]:
    return [number for number in range(100) if store.has(variant, number)]


def test_a_segment_is_kept_without_what_all_of_them_begin_with(folder: Path) -> None:
    store, variant = new_store(folder), converted("a")
    assert store.find(variant, 3) is store.find_init(variant) is None
    put(store, variant, 3)
    path, init = store.find(variant, 3), store.find_init(variant)
    assert path is not None
    assert init is not None
    assert init.read_bytes() + path.read_bytes() == segment(3, SIZE - 8)
    others = (converted("b"), converted("a", 720), Variant(records.digest("a"), "copied", 0, 480))
    assert not any(store.has(other, 3) for other in others)
    assert list(missing_in(store, variant, 5)) == [0, 1, 2, 4]


def test_what_was_asked_for_longest_ago_goes_first(folder: Path) -> None:
    store, old, new = new_store(folder), converted("old"), converted("new")
    for number in range(5):
        put(store, old, number, asked_s=number)
        put(store, new, number, asked_s=100 + number)
    assert store.find(old, 0), "now it counts as asked for last"
    put(store, new, 5)
    assert (numbers(store, old), numbers(store, new)) == ([0, 3, 4], [0, 1, 2, 3, 4, 5])


def test_of_a_video_whose_segments_all_went_nothing_is_left(folder: Path) -> None:
    store, old, new = new_store(folder, 2), converted("old"), converted("new")
    put(store, old, 0, asked_s=0)
    for number in range(2):
        put(store, new, number)
    assert not (folder / keyframe_folder(old.content_hash)).exists()
    assert numbers(store, new)


def test_what_was_converted_at_ingest_stays_beyond_the_bound(folder: Path) -> None:
    store, kept, watched = new_store(folder, 3), converted("kept"), converted("watched")
    with store.kept(kept):
        for number in range(8):
            put(store, kept, number, asked_s=number)
    for number in range(3):
        put(store, watched, number, asked_s=1000 + number)
    assert (len(numbers(store, kept)), numbers(store, watched)) == (8, [0, 1, 2])


def test_what_could_not_be_converted_as_a_whole_goes_like_all_else(folder: Path) -> None:
    store, broken, watched = new_store(folder, 3), converted("broken"), converted("watched")
    put(store, broken, 0, asked_s=0)
    with pytest.raises(VideoUnreadable), store.kept(broken):
        raise VideoUnreadable("it is damaged")
    for number in range(3):
        put(store, watched, number)
    assert numbers(store, broken) == []


def test_what_killed_processes_and_other_versions_left_goes(folder: Path) -> None:
    store, variant = new_store(folder), converted("a")
    put(store, variant, 0)
    partial = store.folder_of(variant) / "1.m4s.aa.part"
    partial.touch()
    young = store.folder_of(variant) / "2.m4s.bb.part"
    young.touch()
    os.utime(partial, (0, 0))
    other = store.folder_of(variant).with_name("v0-converted-0-480")
    other.mkdir()
    put(new_store(folder), variant, 3)  # of a process that begins
    assert (partial.exists(), young.exists(), other.exists()) == (False, True, False)
    assert numbers(store, variant) == [0, 3]


def test_a_write_that_fails_leaves_nothing_that_looks_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, variant = new_store(folder), converted("a")

    def fail(_path: Path, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        put(store, variant, 0)
    assert store.find(variant, 0) is None
    assert list(store.folder_of(variant).iterdir()) == []


def test_where_the_disk_is_full_the_oldest_segments_make_room_for_new_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk for ten segments, of which a store may keep a hundred."""
    store, kept, old, new = new_store(folder, 100), *map(converted, ("kept", "old", "new"))
    with store.kept(kept):
        put(store, kept, 0, asked_s=0)
    for number in range(9):
        put(store, old, number, asked_s=number)
    write = Path.write_bytes

    def write_if_there_is_room(path: Path, content: bytes) -> int:
        if len([*folder.rglob("*.m4s")]) >= 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_if_there_is_room)
    monkeypatch.setattr("ingest.playing.store._ROOM_BYTES", 2 * SIZE)
    put(store, new, 0)
    assert numbers(store, old) == list(range(2, 9))
    assert (numbers(store, kept), numbers(store, new)) == ([0], [0])


def test_a_video_that_is_forgotten_leaves_no_picture_behind(folder: Path, tmp_path: Path) -> None:
    store = new_store(folder)
    for name in ("gone", "there"):
        put(store, converted(name), 0)
        for beside in ("keyframes", "sprites"):
            place = keyframe_folder(records.digest(name)) if beside == "keyframes" else f"v2/{name}"
            (tmp_path / beside / place).mkdir(parents=True)
    sheets = tmp_path / "sprites" / "v2" / records.digest("gone")
    sheets.mkdir()
    clips = [tmp_path / "clips" / "v1" / f"{records.digest(n)}-0-1" for n in ("gone", "there")]
    for clip in clips:
        clip.mkdir(parents=True)
    remove_made(records.digest("gone"), tmp_path / "keyframes")
    assert numbers(store, converted("gone")) == []
    assert numbers(store, converted("there")) == [0]
    assert not sheets.exists()
    assert [clip.exists() for clip in clips] == [False, True]


def test_what_is_left_of_a_content_that_is_not_stored_goes_at_the_end_of_a_run(
    folder: Path, tmp_path: Path, store: Store
) -> None:
    store.save_video(records.video("there"), records.file("/v/there.mp4"))
    segments = new_store(folder)
    for name in ("gone", "there"):
        put(segments, converted(name), 0)
        segments.begin(records.digest(name))
        (tmp_path / "sprites" / "v2" / records.digest(name)).mkdir(parents=True)
    remove_leftovers(tmp_path / "work", tmp_path / "keyframes", store)
    assert segments.begun() == {records.digest("there")}
    assert not segments.has(converted("gone"), 0)
    assert segments.has(converted("there"), 0)
    assert [each.name for each in (tmp_path / "sprites" / "v2").iterdir()] == [
        records.digest("there")
    ]
