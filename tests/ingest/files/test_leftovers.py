"""What killed runs left is removed by the next one, and nothing else is."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from database.server.connection import Database
from database.videos.forgetting import keyframe_folder, remove_made, remove_orphans
from database.videos.removal import Removal
from database.videos.stored import Store
from ingest.checkpoint import GONE
from ingest.files.leftovers import remove_leftovers
from tests.helpers import records
from tests.helpers.statements import sent_statements


@pytest.fixture
def stored(store: Store) -> str:
    """The content hash of a video that is in the library."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    return records.digest("a")


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "000000400.jpg").write_bytes(b"left")
    return folder


def test_work_on_what_is_stored_goes_and_work_to_go_on_with_stays(
    store: Store, stored: str, tmp_path: Path
) -> None:
    unfinished = put(tmp_path / "work" / f"{records.digest('b')}-bundled-full")
    put(tmp_path / "work" / f"{stored}-bundled-full")
    put(tmp_path / "work" / f"{records.digest('c')}-bundled-full{GONE}")
    remove_leftovers(tmp_path / "work", tmp_path / "keyframes", store)
    assert list((tmp_path / "work").iterdir()) == [unfinished]


@pytest.mark.parametrize("suffix", ["", ".123.part"])
def test_keyframes_of_what_is_not_stored_go(
    suffix: str, store: Store, stored: str, tmp_path: Path
) -> None:
    keyframes = tmp_path / "keyframes"
    kept = put(keyframes / keyframe_folder(stored))
    left = put(keyframes / f"{keyframe_folder(records.digest('b'))}{suffix}")
    remove_leftovers(tmp_path / "work", keyframes, store)
    assert kept.is_dir()
    assert not left.exists()


def test_what_is_left_is_found_by_few_questions_however_much_is_stored(
    store: Store, database: Database, stored: str, tmp_path: Path
) -> None:
    put(tmp_path / "keyframes" / keyframe_folder(stored))
    with database.session() as session:
        session.execute(
            sa.text(
                "INSERT INTO video (content_hash, status, title, container, duration_s, num_scenes,"
                " profile) SELECT lpad(n::text, 64, '0'), 'done', '', '', 1, 0, 'bundled' "
                "FROM generate_series(0, 2499) AS n"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO file (origin, path, size_bytes, mtime_ns, status, video_id) "
                "SELECT :origin, '/v/' || content_hash, 1, 1, 'done', id FROM video "
                "WHERE content_hash LIKE '0%'"
            ),
            {"origin": database.origin},
        )
    for number in range(2500):
        (tmp_path / "keyframes" / "00" / f"{number:064}").mkdir(parents=True)
    with sent_statements() as statements:
        remove_leftovers(tmp_path / "work", tmp_path / "keyframes", store)
    assert len(statements) == 3
    assert len(list((tmp_path / "keyframes" / "00").iterdir())) == 2500


def test_what_others_put_beside_keyframes_and_work_stays(
    store: Store, stored: str, tmp_path: Path
) -> None:
    others = [
        put(tmp_path / "keyframes" / "ab" / ".DS_Store"),
        put(tmp_path / "keyframes" / "ab" / "@eaDir"),
        put(tmp_path / "work" / "not-of-ours"),
    ]
    remove_leftovers(tmp_path / "work", tmp_path / "keyframes", store)
    assert all(folder.is_dir() for folder in others)


def test_nothing_to_remove_is_no_fault(store: Store, tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "work", tmp_path / "keyframes", store)
    remove_made(records.digest("b"), tmp_path / "keyframes")
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_a_content_that_no_path_leads_to_any_more_loses_its_keyframes(
    store: Store, database: Database, stored: str, tmp_path: Path
) -> None:
    keyframes = put(tmp_path / "keyframes" / keyframe_folder(stored))
    store.save_file(records.file("/v/a.mp4"))
    assert keyframes.exists()
    assert remove_orphans(tmp_path / "keyframes", Removal(database), store) == 1
    assert store.find_video_by_content(stored) is None
    assert not keyframes.exists()
