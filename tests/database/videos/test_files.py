"""What was not read as a whole, and why."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from database.models import FileStatus
from database.server.connection import Database
from database.videos.files import FILES_OF_REASON, FileListing, Files
from database.videos.records import FileRecord
from database.videos.removal import Removal
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute

EMPTY = "the file is empty"


@pytest.fixture
def files(store: Store, database: Database) -> Files:
    """One video; seven empty files, of which two were seen in one moment; two that were cut off;
    a picture. All were seen in this order."""
    outcomes = [(f"/v/empty{n}.mp4", FileStatus.FAILED, EMPTY) for n in range(7)]
    outcomes += [
        (f"/v/cut{n}.mp4", FileStatus.FAILED, f"only {n}.5 s of {n + 9} s could be decoded")
        for n in range(2)
    ]
    outcomes.append(("/v/a picture.jpg", FileStatus.SKIPPED, "a still image"))
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    for path, status, reason in outcomes:
        store.save_file(FileRecord(path, 1, 1, status, reason))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    paths = ["/v/a.mp4", *(path for path, _status, _reason in outcomes)]
    for number, path in enumerate(paths):
        minutes = max(number, 2)  # the first two empty files at one time
        seen_at = start + timedelta(minutes=minutes)
        execute(database, f"UPDATE file SET seen_at = '{seen_at}' WHERE path = '{path}'")
    return Files(database)


def test_files_are_listed_newest_first_and_pages_join(files: Files) -> None:
    whole = files.page(FileListing(), limit=100)
    assert (len(whole.files), whole.next) == (11, None)
    assert whole.files[0].path == "/v/a picture.jpg"
    assert {file.path for file in whole.files[-3:]} == {
        "/v/a.mp4",
        "/v/empty0.mp4",
        "/v/empty1.mp4",
    }
    joined: list[str] = []
    after = None
    while True:
        page = files.page(FileListing(after=after), limit=2)
        joined += [file.path for file in page.files]
        after = page.next
        if after is None:
            break
    assert joined == [file.path for file in whole.files]


def test_files_are_narrowed_by_outcome_and_reason(files: Files) -> None:
    assert files.counts() == {"done": 1, "partial": 0, "failed": 9, "skipped": 1}
    skipped = files.page(FileListing(status=FileStatus.SKIPPED), limit=9)
    assert [(f.path, f.reason, f.video_id) for f in skipped.files] == [
        ("/v/a picture.jpg", "a still image", None)
    ]
    empty = files.page(FileListing(status=FileStatus.FAILED, reason=EMPTY), limit=9)
    assert len(empty.files) == 7
    (done,) = files.page(FileListing(status=FileStatus.DONE), limit=9).files
    assert done.video_id is not None


def test_reasons_that_differ_in_numbers_only_are_one_and_lead_to_all_their_files(
    files: Files,
) -> None:
    picture, cut, empty = files.reasons()
    assert (picture.status, picture.text, picture.num_files) == ("skipped", "a still image", 1)
    assert (cut.text, cut.num_files) == ("only … s of … s could be decoded", 2)
    assert [file.reason for file in cut.newest] == [
        "only 1.5 s of 10 s could be decoded",
        "only 0.5 s of 9 s could be decoded",
    ]
    assert (empty.text, empty.num_files, len(empty.newest)) == (EMPTY, 7, FILES_OF_REASON)
    assert empty.newest[0].path == "/v/empty6.mp4"
    all_cut = files.page(FileListing(status=cut.status, reason=cut.alike), limit=9).files
    assert all_cut == cut.newest


def test_a_path_that_two_hosts_have_seen_at_one_time_is_listed_twice(
    files: Files, database: Database
) -> None:
    execute(
        database,
        "INSERT INTO file (origin, path, size_bytes, mtime_ns, status, reason, seen_at) SELECT "
        "'file://nas', path, size_bytes, mtime_ns, status, reason, seen_at FROM file "
        "WHERE status = 'failed'",
    )
    joined: list[tuple[str, str]] = []
    after = None
    while True:
        page = files.page(FileListing(status=FileStatus.FAILED, after=after), limit=1)
        joined += [(file.origin, file.path) for file in page.files]
        after = page.next
        if after is None:
            break
    assert len(joined) == len(set(joined)) == 2 * 9


def test_files_that_are_missing_have_no_fault_and_can_be_listed(
    files: Files, database: Database
) -> None:
    paths = ["/v/a.mp4", "/v/cut0.mp4", *(f"/v/empty{n}.mp4" for n in range(7))]
    Removal(database).mark_missing(paths)
    assert [(reason.text, reason.num_files) for reason in files.reasons()] == [
        ("a still image", 1),
        ("only 1.5 s of 10 s could be decoded", 1),
    ]
    assert files.counts() == {"done": 0, "partial": 0, "failed": 1, "skipped": 1}
    assert files.missing() == {database.origin: 9}
    missing = files.page(FileListing(missing=True), limit=9)
    assert {file.path for file in missing.files} == set(paths)
    assert all(file.missing_since is not None for file in missing.files)
    assert len(files.page(FileListing(missing=False), limit=9).files) == 2
    assert [file.path for file in files.of(["/v/b.mp4", "/v/a.mp4"])] == ["/v/a.mp4"]


def test_videos_are_told_that_no_other_file_leads_to(
    files: Files, store: Store, database: Database
) -> None:
    (own,) = files.page(FileListing(status=FileStatus.DONE), limit=1).files
    store.save_file(records.file("/w/a.mp4", video_id=own.video_id))
    store.save_video(records.video("b"), records.file("/v/b.mp4"))
    assert files.videos_of_only(["/v/a.mp4", "/v/b.mp4", "/v/cut0.mp4"]) == 1
    assert files.videos_of_only(["/v/a.mp4", "/w/a.mp4", "/v/b.mp4"]) == 2
    execute(database, "UPDATE file SET origin = 'file://nas' WHERE path = '/w/a.mp4'")
    assert files.videos_of_only(["/v/a.mp4", "/w/a.mp4"]) == 0


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "2026-01-01 file://h /v/a.mp4",
        "2026-01-01T00:00:00+00:00",
        "\x00",
        "2026-01-01T00:00:00+00:00 /v/a.mp4",
        "2026-01-01T00:00:00+00:00 file://h",
    ],
)
def test_a_forged_place_is_refused(after: str) -> None:
    with pytest.raises(ValidationError, match=r"page before|characters"):
        FileListing(after=after)
