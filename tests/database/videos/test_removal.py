"""Videos leave the library when somebody says so, or when no file leads to them any more: never
while it may only be that nobody has come to their files."""

from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest

from database.server.connection import Database
from database.videos.forgetting import forget_videos, remove_orphans
from database.videos.removal import Removal
from database.videos.stored import Store
from tests.helpers import records, sql


@pytest.fixture
def removal(database: Database) -> Removal:
    return Removal(database)


def missing_since(database: Database) -> dict[str, datetime | None]:
    return dict(sql.rows(database, "SELECT title, missing_since FROM video"))


def test_while_an_ingest_runs_anywhere_no_video_goes_because_no_file_leads_to_it(
    store: Store, removal: Removal, tmp_path: Path
) -> None:
    store.save_video(records.video("a"), records.file("/v/1.mp4"))
    with removal.run():
        store.save_video(records.video("b"), records.file("/v/1.mp4"))  # it has moved to /v/2.mp4
        assert remove_orphans(tmp_path, removal, store) == 0
        assert store.find_video_by_content(records.digest("a")) is not None
    assert remove_orphans(tmp_path, removal, store) == 1
    assert store.find_video_by_content(records.digest("a")) is None


def test_several_ingests_run_at_once(removal: Removal) -> None:
    with removal.run(), removal.run(), removal.between_runs() as is_alone:
        assert not is_alone


def test_while_a_job_has_files_to_come_to_no_video_goes_because_no_file_leads_to_it(
    store: Store, removal: Removal, database: Database, tmp_path: Path
) -> None:
    store.save_video(records.video("a"), records.file("/v/1.mp4"))
    store.save_video(records.video("b"), records.file("/v/1.mp4"))
    sql.execute(
        database,
        "WITH job AS (INSERT INTO job (origin, kind, request) VALUES ('x', 'ingest', '{}') "
        "RETURNING id) INSERT INTO job_file (job_id, path, state) "
        "SELECT id, '/v/2.mp4', 'done' FROM job",
    )
    assert remove_orphans(tmp_path, removal, store) == 0  # it may find more
    sql.execute(
        database, "UPDATE job SET scanned_at = now()", "UPDATE job_file SET state = 'waiting'"
    )
    assert remove_orphans(tmp_path, removal, store) == 0
    sql.execute(database, "UPDATE job_file SET state = 'done'")
    assert remove_orphans(tmp_path, removal, store) == 1


def test_a_video_that_no_file_leads_to_is_found_by_no_search(
    store: Store, removal: Removal, database: Database
) -> None:
    store.save_video(records.video("a"), records.file("/v/1.mp4"))
    store.save_video(records.video("b"), records.file("/v/1.mp4"))
    removal.settle()
    since = missing_since(database)
    assert since["a"] is not None
    assert since["b"] is None
    removal.settle()
    assert missing_since(database) == since


class GivenUp(Exception):
    pass


def test_a_video_that_is_worked_on_is_not_forgotten_in_part(
    store: Store, removal: Removal, tmp_path: Path
) -> None:
    video_id = store.save_video(records.video("a"), records.file("/v/a.mp4"))

    def give_up() -> None:
        raise GivenUp

    with store.claim(records.digest("a")), pytest.raises(GivenUp):
        forget_videos([video_id], tmp_path, removal, store, give_up)
    assert [file.path for file in removal.files_at(["/v/a.mp4"])] == ["/v/a.mp4"]
    forget_videos([video_id], tmp_path, removal, store)
    assert store.find_video_by_content(records.digest("a")) is None
    assert removal.files_at(["/v/a.mp4"]) == []


def test_a_file_that_has_come_back_since_it_was_looked_for_is_not_forgotten(
    store: Store, removal: Removal
) -> None:
    for name in ("a", "b"):
        store.save_video(records.video(name), records.file(f"/v/{name}.mp4"))
    removal.mark_missing(["/v/a.mp4", "/v/b.mp4"])
    store.save_file(records.file("/v/b.mp4"))  # taken up again by another run
    removal.forget_files(["/v/a.mp4", "/v/b.mp4"])
    assert [file.path for file in removal.files_under("/v")] == ["/v/b.mp4"]


def test_who_settles_second_sees_what_the_first_has_stored(
    store: Store, removal: Removal, database: Database
) -> None:
    video_id = store.save_video(records.video("a"), records.file("/v/a.mp4"))
    removal.mark_missing(["/v/a.mp4"])
    settling = Thread(target=removal.settle)
    with database.connection() as connection:
        connection.execute("SELECT FROM video WHERE id = %s FOR NO KEY UPDATE", (video_id,))
        settling.start()
        settling.join(0.5)
        store.save_file(records.file("/v/copy.mp4", video_id=video_id))
    again = Thread(target=removal.settle)
    again.start()
    for thread in (settling, again):
        thread.join(20)
    assert missing_since(database) == {"a": None}


def test_files_below_a_folder_are_those_of_no_other_that_begins_like_it(
    store: Store, removal: Removal
) -> None:
    for path in ("/v/a.mp4", "/v/in/b.mp4", "/v2/c.mp4", "/v_/d.mp4"):
        store.save_video(records.video(path), records.file(path))
    assert sorted(file.path for file in removal.files_under("/v")) == ["/v/a.mp4", "/v/in/b.mp4"]
    assert len(list(removal.files_under("/"))) == 4
