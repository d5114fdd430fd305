"""`find_faults` says nothing of a sound library, and names every kind of fault with a remedy."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from database.check import find_faults
from database.checking.disk import GIVEN_UP_S
from database.checking.faults import REMEDIES, Kind
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.removal import Removal
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute

VECTOR = np.array2string(2 * records.unit_vector(3), separator=",", threshold=400)
ZEROS = str([0] * 384)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file of the library's video lies."""
    return tmp_path / "a.mp4"


@pytest.fixture
def library(settings: DatabaseSettings, store: Store, file: Path) -> Path:
    """Holds one sound video; the keyframes folder."""
    store.save_video(records.video("a"), records.put_file(file))
    records.put_keyframe(settings.keyframes_dir, "a")
    return settings.keyframes_dir


JOB = "INSERT INTO job (origin, kind, request, state) SELECT origin, 'ingest', '{}',"


@pytest.fixture
def elsewhere(settings: DatabaseSettings, tmp_path: Path) -> Iterator[Database]:
    """The same database, of another host with a home of its own."""
    home = tmp_path / "elsewhere"
    other = settings.model_copy(update={"sceneseek_home": home, "sceneseek_host": "elsewhere"})
    database = open_database(other)
    yield database
    database.close()


def kinds(database: Database, keyframes_dir: Path) -> dict[Kind, int]:
    """How many there are of each kind of fault."""
    return {fault.kind: fault.number for fault in find_faults(database, keyframes_dir)}


def test_a_sound_library_has_no_faults(library: Path, database: Database) -> None:
    assert find_faults(database, library) == []


def test_an_empty_library_has_no_faults(settings: DatabaseSettings, database: Database) -> None:
    assert find_faults(database, settings.keyframes_dir) == []


@pytest.mark.parametrize(
    ("statements", "kind", "number"),
    [
        (
            [
                "ALTER TABLE video DROP CONSTRAINT video_content_hash_key",
                "INSERT INTO video SELECT (jsonb_populate_record(v, '{\"id\": 99}')).* "
                "FROM video v",
            ],
            Kind.TWO_VIDEOS,
            1,
        ),
        (
            [
                "ALTER TABLE embedding DROP CONSTRAINT embedding_pkey",
                "INSERT INTO embedding SELECT * FROM embedding WHERE space = 'minilm-l6'",
            ],
            Kind.TWO_VECTORS,
            2,
        ),
        (["DELETE FROM scene WHERE position = 1"], Kind.SCENES, 1),
        (["DELETE FROM file"], Kind.ORPHAN, 1),
        (["UPDATE file SET status = 'failed'"], Kind.NO_OUTCOME, 1),
        (["UPDATE file SET video_id = NULL"], Kind.NO_OUTCOME, 1),
        (["UPDATE file SET missing_since = now()"], Kind.UNSETTLED, 1),
        (["UPDATE video SET missing_since = now()"], Kind.UNSETTLED, 1),
        (["UPDATE scene SET end_s = start_s - 1"], Kind.BACKWARDS, 2),
        (["UPDATE moment SET end_s = start_s - 1"], Kind.BACKWARDS, 3),
        (["UPDATE moment SET kind = 'subtitle' WHERE kind = 'speech'"], Kind.TRACKLESS, 1),
        (
            [f"UPDATE embedding SET vector = '{VECTOR}' WHERE space = 'minilm-l6'"],
            Kind.VECTOR_BAD,
            2,
        ),
        (
            [f"UPDATE embedding SET vector = '{ZEROS}' WHERE space = 'minilm-l6'"],
            Kind.VECTOR_BAD,
            2,
        ),
        (
            [
                "ALTER TABLE embedding_minilm_l6 DROP CONSTRAINT embedding_minilm_l6_vector_check",
                "DROP INDEX embedding_minilm_l6_hnsw",
                "UPDATE embedding SET vector = '[1,0]' WHERE space = 'minilm-l6'",
            ],
            Kind.VECTOR_BAD,
            2,
        ),
        (["DELETE FROM embedding WHERE space = 'minilm-l6'"], Kind.VECTOR_LACKING, 2),
        (["DELETE FROM embedding WHERE space = 'imagenet-concepts'"], Kind.VECTOR_LACKING, 1),
        (["DELETE FROM embedding WHERE space = 'minilm-l6'"], Kind.MISCOUNTED, 1),
        (["UPDATE coverage SET wanted = 7"], Kind.MISCOUNTED, 1),
        (["DELETE FROM coverage"], Kind.MISCOUNTED, 1),
        (["DROP INDEX embedding_imagenet_concepts_hnsw"], Kind.NO_INDEX, 1),
        (
            ["UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
             "'embedding_minilm_l6_hnsw'::regclass"],
            Kind.NO_INDEX,
            1,
        ),
        (
            ["UPDATE moment SET image_path = 'x/y/z.jpg' WHERE image_path IS NOT NULL"],
            Kind.KEYFRAME_LOST,
            1,
        ),
        ([f"{JOB} 'working' FROM file"], Kind.STALLED, 1),
        (
            [
                f"{JOB} 'done' FROM file",
                "INSERT INTO job_file (job_id, path) SELECT id, '/v/a.mp4' FROM job",
            ],
            Kind.UNENDED,
            1,
        ),
    ],
)  # fmt: skip
def test_every_kind_of_fault_of_rows_is_found(
    statements: list[str], kind: Kind, number: int, library: Path, database: Database
) -> None:
    execute(database, *statements)
    assert kinds(database, library)[kind] == number


def test_every_kind_of_fault_has_a_remedy() -> None:
    assert list(REMEDIES) == list(Kind)


def test_a_file_that_is_gone_is_found_until_it_is_marked(
    library: Path, database: Database, file: Path
) -> None:
    file.unlink()
    (fault,) = find_faults(database, library)
    assert str(fault) == (
        f"file that is gone, but not marked as missing: 1 ({file}); remedy: python -m database "
        "check --repair marks it, and searches leave its video out; if the file was moved, ingest "
        "the folder that it is in now"
    )
    removal = Removal(database)
    removal.mark_missing([str(file)])
    removal.settle()
    assert find_faults(database, library) == []


def test_a_missing_video_may_lack_what_only_its_file_can_give(
    library: Path, database: Database, file: Path
) -> None:
    file.unlink()
    Removal(database).mark_missing([str(file)])
    Removal(database).settle()
    execute(database, "DELETE FROM embedding", "UPDATE coverage SET embedded = 0")
    (library / records.image_path("a")).unlink()
    assert find_faults(database, library) == []


def test_a_file_that_is_there_again_is_found(library: Path, database: Database) -> None:
    execute(database, "UPDATE file SET missing_since = now()")
    Removal(database).settle()
    assert kinds(database, library) == {Kind.RETURNED: 1}


@pytest.mark.parametrize("time_ns", [200, 10**18])
def test_a_file_of_another_size_or_time_has_changed(
    time_ns: int, library: Path, database: Database, file: Path
) -> None:
    file.write_bytes(bytes(101 if time_ns == 200 else 100))
    os.utime(file, ns=(time_ns, time_ns))
    assert kinds(database, library) == {Kind.CHANGED: 1}


@pytest.mark.parametrize("left", [None, b"", b"\x89PNG"])
def test_a_keyframe_that_is_gone_empty_or_no_jpeg_is_found(
    left: bytes | None, library: Path, database: Database, file: Path
) -> None:
    keyframe = library / records.image_path("a")
    keyframe.unlink() if left is None else keyframe.write_bytes(left)
    (fault,) = find_faults(database, library)
    assert (fault.kind, fault.first) == (Kind.KEYFRAME_LOST, (f"video 1 ({file})",))


@pytest.mark.parametrize(
    "name", [records.image_path("stray"), f"{records.image_path('a')}.12.part"]
)
def test_what_lies_among_keyframes_and_no_row_names_is_found(
    name: str, library: Path, database: Database
) -> None:
    (library / name).parent.mkdir(parents=True, exist_ok=True)
    (library / name).write_bytes(b"\xff\xd8\xff")
    (library / records.image_path("a")).with_name(".DS_Store").touch()  # not ours
    (fault,) = find_faults(database, library)
    assert (fault.kind, fault.first) == (Kind.KEYFRAME_STRAY, (name,))


def test_keyframes_of_a_content_at_work_are_left_to_that_work(
    library: Path, database: Database, store: Store
) -> None:
    records.put_keyframe(library, "new")
    (library / records.image_path("a")).unlink()
    with store.claim(records.digest("a")), store.claim(records.digest("new")):
        assert find_faults(database, library) == []
    assert kinds(database, library) == {Kind.KEYFRAME_LOST: 1, Kind.KEYFRAME_STRAY: 1}


def test_work_that_nobody_has_gone_on_with_for_a_week_is_found(
    library: Path, database: Database
) -> None:
    work = library.parent / "work"
    for name, age_s in (("old", GIVEN_UP_S + 60), ("new", GIVEN_UP_S - 60)):
        folder = work / f"{records.digest(name)}-bundled-full"
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age_s,) * 2)
    (fault,) = find_faults(database, library)
    assert (fault.kind, fault.first) == (
        Kind.GIVEN_UP,
        (f"work/{records.digest('old')}-bundled-full",),
    )


def test_of_many_the_first_three_are_named(
    library: Path, database: Database, store: Store, tmp_path: Path
) -> None:
    for name in "bcde":
        record = replace(records.video(name), moments=())
        store.save_video(record, records.put_file(tmp_path / f"{name}.mp4"))
        (tmp_path / f"{name}.mp4").unlink()
    (fault,) = find_faults(database, library)
    named = ", ".join(str(tmp_path / f"{name}.mp4") for name in "bcd")
    assert fault.found == f"file that is gone, but not marked as missing: 4 ({named}, …)"


def test_what_is_of_another_host_is_no_fault_here(
    library: Path, database: Database, elsewhere: Database, tmp_path: Path
) -> None:
    """Neither its files, nor its keyframes, nor what is wrong with its videos."""
    there = tmp_path / "elsewhere" / "keyframes"
    assert find_faults(elsewhere, there) == []
    Store(elsewhere).save_video(records.video("b"), records.file("/only/there.mp4"))
    execute(
        database,
        "DELETE FROM scene WHERE video_id = 2 AND position = 1",
        "DELETE FROM embedding WHERE video_id = 2",
        "UPDATE coverage SET embedded = 0 WHERE video_id = 2",
        "UPDATE coverage SET wanted = 1 WHERE video_id = 2",
        "UPDATE coverage SET wanted = (SELECT count(*) FROM moment WHERE video_id = 2 "
        "AND kind = 'keyframe') WHERE video_id = 2 AND space = 'imagenet-concepts'",
    )
    assert find_faults(database, library) == []
    assert kinds(elsewhere, there) == {
        Kind.GONE: 1,
        Kind.SCENES: 1,
        Kind.KEYFRAME_LOST: 1,
        Kind.VECTOR_LACKING: 2,
    }
