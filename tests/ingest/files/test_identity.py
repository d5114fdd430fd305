"""What is known of files is asked for by the thousand, and costs nothing where nothing is new."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest

from database.models import FileStatus
from database.queries.hits import HitReader
from database.server.connection import Database
from database.videos.read import Library
from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.files import identity
from ingest.files.found import FoundFile
from ingest.files.identity import MAX_LOOKED_AT, known_outcomes, link_to_known
from ingest.files.presence import mount_of
from tests.helpers import records
from tests.helpers.sql import rows
from tests.helpers.statements import sent_statements


def found(path: str = "/v/a.mp4", refusal: str | None = None, **others: Any) -> FoundFile:
    """A file as `records.file` has it."""
    return FoundFile(Path(path), 100, 200, refusal, **others)


@pytest.fixture
def stored(store: Store) -> str:
    """The content hash of a video that is at /v/a.mp4."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    return records.digest("a")


@pytest.mark.usefixtures("stored")
def test_thousands_of_files_are_asked_for_in_one_statement(
    store: Store, database: Database
) -> None:
    files = [found(), *(found(f"/v/{number}.mp4") for number in range(999))]
    with sent_statements() as statements:
        first, *others = known_outcomes(files, store, retry=False)
    assert len(statements) == 1
    assert first is not None
    assert (first.status.value, first.scenes, first.moments) == ("unchanged", 2, 3)
    assert others == [None] * 999


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("changed", [FoundFile(Path("/v/a.mp4"), 100, 201), found("/v/b.mp4")])
def test_a_file_that_is_another_or_elsewhere_is_not_known(changed: FoundFile, store: Store) -> None:
    assert known_outcomes([changed], store, retry=False) == [None]


def test_a_failure_is_known_until_it_is_to_be_tried_again(store: Store) -> None:
    store.save_file(FileRecord("/v/a.mp4", 100, 200, FileStatus.FAILED, "damaged"))
    (known,) = known_outcomes([found()], store, retry=False)
    assert known is not None
    assert (
        known.reason
        == "damaged (as before; --retry tries again, after a change of settings or program)"
    )
    assert known_outcomes([found()], store, retry=True) == [None]


def test_a_refusal_is_news_only_once(store: Store) -> None:
    refused = found(refusal="the file is empty")
    assert known_outcomes([refused], store, retry=False) == [None]
    failed = FileRecord("/v/a.mp4", 100, 200, FileStatus.FAILED, "the file is empty")
    store.save_file(dataclasses.replace(failed, mount=mount_of(refused.path)))
    (known,) = known_outcomes([refused], store, retry=False)
    assert known is not None
    assert (known.status.value, known.reason) == ("failed", "the file is empty")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "file",
    [
        found(refusal="no permission to read the file"),
        found(refusal="a link that leaves the folder"),
        FoundFile(Path("/v/a.mp4"), refusal="cannot be read (Input/output error)", seen=False),
    ],
    ids=["no permission", "link", "server away"],
)
def test_a_film_that_cannot_be_opened_just_now_is_told_and_stays_in_the_library(
    file: FoundFile, store: Store
) -> None:
    (known,) = known_outcomes([file], store, retry=False)
    assert known is not None
    assert (known.status.value, known.reason) == ("failed", file.refusal)


@pytest.mark.parametrize("path", ["/v/caf\udce9.mp4", "/v/" + "a/" * 1500])
def test_a_path_that_the_library_cannot_hold_does_not_keep_it_from_knowing_others(
    path: str, store: Store, stored: str
) -> None:
    odd = FoundFile(Path(path), 1, 1, "refused", seen=False)
    known = known_outcomes([odd, found()], store, retry=False)
    assert [outcome and outcome.status.value for outcome in known] == ["failed", "unchanged"]


def test_of_a_clip_in_hundreds_of_folders_a_copy_looks_at_some(
    store: Store, stored: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = store.find_video_by_content(stored)
    assert video is not None
    for number in range(MAX_LOOKED_AT + 50):
        store.save_file(records.file(f"/v/copy-{number}.mp4", video_id=video.id))
    looks = itertools.count()
    monkeypatch.setattr(identity, "is_moved", lambda _file: next(looks) < 0)
    monkeypatch.setattr(identity, "is_as_recorded", lambda _file: True)
    outcome = link_to_known(found("/v/one-more.mp4"), video, store)
    assert outcome is not None
    assert outcome.reason == "same content as /v/a.mp4"
    assert next(looks) <= MAX_LOOKED_AT
    assert rows(database, "SELECT count(*) FROM file") == [(MAX_LOOKED_AT + 52,)]


def test_a_place_that_nobody_may_look_at_is_not_forgotten(
    store: Store, stored: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    video = store.find_video_by_content(stored)
    assert video is not None
    link_to_known(found("/v/copy.mp4"), video, store)
    assert rows(database, "SELECT path FROM file ORDER BY path") == [
        ("/v/a.mp4",),
        ("/v/copy.mp4",),
    ]


def test_the_notes_of_a_file_that_is_unchanged_are_told(store: Store) -> None:
    notes = ("1 time stamp was wrong",)
    store.save_video(dataclasses.replace(records.video("a"), notes=notes), records.file("/v/a.mp4"))
    (known,) = known_outcomes([found()], store, retry=False)
    assert known is not None
    assert known.notes == list(notes)


def shown_place(database: Database, store: Store, tmp_path: Path, *order: str) -> str:
    """The place that is shown of a film, of which these places were found one after the other."""
    store.save_video(records.video("a"), records.file(str(tmp_path / order[0])))
    video = store.find_video_by_content(records.digest("a"))
    assert video is not None
    for name in order[1:]:
        link_to_known(FoundFile(tmp_path / name, 100, 200), video, store)
    (shown,) = Library(database).list_videos(limit=1)
    hit = HitReader(database).videos([shown.id])[shown.id]
    assert hit.path == shown.path
    assert rows(database, "SELECT count(*) FROM file") == [(len(order),)]
    return Path(shown.path).relative_to(tmp_path).as_posix()


def test_a_second_place_does_not_become_the_first_while_that_exists(
    store: Store, database: Database, tmp_path: Path
) -> None:
    for folder in ("talks", "archive"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "film.mp4").write_bytes(b"film")
    assert (
        shown_place(database, store, tmp_path, "talks/film.mp4", "archive/film.mp4")
        == "talks/film.mp4"
    )


@pytest.mark.parametrize("order", [("a/link", "b/film.mp4"), ("b/film.mp4", "a/link")])
def test_a_file_itself_goes_before_a_link_to_it(
    order: tuple[str, ...], store: Store, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/film.mp4").write_bytes(b"film")
    (tmp_path / "a/link").symlink_to(tmp_path / "b/film.mp4")
    assert shown_place(database, store, tmp_path, *order) == "b/film.mp4"


def test_a_link_to_a_folder_does_not_move_what_is_in_it(
    store: Store, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks/film.mp4").write_bytes(b"film")
    (tmp_path / "link").symlink_to(tmp_path / "talks")
    assert (
        shown_place(database, store, tmp_path, "talks/film.mp4", "link/film.mp4")
        == "talks/film.mp4"
    )


def test_a_place_that_was_written_anew_keeps_its_rank(
    store: Store, database: Database, tmp_path: Path
) -> None:
    for name in ("b.mp4", "a.mp4"):
        (tmp_path / name).write_bytes(b"film")
    shown_place(database, store, tmp_path, "b.mp4", "a.mp4")
    touched = FoundFile(tmp_path / "b.mp4", 100, 300)
    video = store.find_video_by_content(records.digest("a"))
    assert video is not None
    link_to_known(touched, video, store)
    (shown,) = Library(database).list_videos(limit=1)
    assert Path(shown.path).name == "b.mp4"
