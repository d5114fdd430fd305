"""`find_faults` says nothing of a sound library, and names every kind of fault."""

from pathlib import Path

import numpy as np
import pytest

from database.check import find_faults
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute

VECTOR = np.array2string(2 * records.unit_vector(3), separator=",", threshold=400)


@pytest.fixture
def library(settings: DatabaseSettings, store: Store) -> Path:
    """Holds one sound video; the keyframes folder."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    records.put_keyframe(settings.keyframes_dir, "a")
    return settings.keyframes_dir


def test_a_sound_library_has_no_faults(library: Path, database: Database) -> None:
    assert find_faults(database, library) == []


def test_an_empty_library_has_no_faults(settings: DatabaseSettings, database: Database) -> None:
    assert find_faults(database, settings.keyframes_dir) == []


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (
            [
                "ALTER TABLE video DROP CONSTRAINT video_content_hash_key",
                "INSERT INTO video SELECT (jsonb_populate_record(v, '{\"id\": 99}')).* "
                "FROM video v",
            ],
            "two videos with one content",
        ),
        (
            [
                "ALTER TABLE embedding DROP CONSTRAINT embedding_pkey",
                "INSERT INTO embedding SELECT * FROM embedding WHERE space = 'minilm-l6'",
            ],
            "two embeddings of one moment in one space: 2",
        ),
        (["DELETE FROM scene WHERE position = 1"], "video with fewer scenes than detected: 1"),
        (["DELETE FROM file"], "video that no path leads to: 1"),
        (["UPDATE file SET status = 'failed'"], "file without an outcome: 1 (/v/a.mp4)"),
        (["UPDATE file SET video_id = NULL"], "file without an outcome: 1 (/v/a.mp4)"),
        (["UPDATE scene SET end_s = start_s - 1"], "whose end is before its start: 2"),
        (["UPDATE moment SET end_s = start_s - 1"], "whose end is before its start: 3"),
        (
            ["UPDATE moment SET kind = 'subtitle' WHERE kind = 'speech'"],
            "moment of subtitles without a track of them: 1",
        ),
        (
            [f"UPDATE embedding SET vector = '{VECTOR}' WHERE space = 'minilm-l6'"],
            "vector of a wrong dimension or length: 2",
        ),
        (
            [
                "ALTER TABLE embedding_minilm_l6 DROP CONSTRAINT embedding_minilm_l6_vector_check",
                "DROP INDEX embedding_minilm_l6_hnsw",
                "UPDATE embedding SET vector = '[1,0]' WHERE space = 'minilm-l6'",
            ],
            "vector of a wrong dimension or length: 2",
        ),
        (
            ["DELETE FROM embedding WHERE space = 'minilm-l6'"],
            "moment without its embedding in minilm-l6: 2",
        ),
        (
            ["DELETE FROM embedding WHERE space = 'imagenet-concepts'"],
            "moment without its embedding in imagenet-concepts: 1",
        ),
        (
            ["UPDATE moment SET image_path = 'x/y/z.jpg' WHERE image_path IS NOT NULL"],
            "keyframe without its file: 1 (x/y/z.jpg)",
        ),
    ],
)
def test_every_kind_of_fault_is_named(
    statements: list[str], fault: str, library: Path, database: Database
) -> None:
    execute(database, *statements)
    assert any(fault in found for found in find_faults(database, library))


def test_a_keyframe_that_was_removed_is_named(library: Path, database: Database) -> None:
    (library / records.image_path("a")).unlink()
    assert find_faults(database, library) == [
        f"keyframe without its file: 1 ({records.image_path('a')})"
    ]


def test_a_keyframe_that_no_row_names_is_named(library: Path, database: Database) -> None:
    records.put_keyframe(library, "stray")
    assert find_faults(database, library) == [
        f"keyframe file that no row names: 1 ({records.image_path('stray')})"
    ]


def test_a_zero_vector_is_a_fault(library: Path, database: Database) -> None:
    zeros = str([0] * 384)
    execute(database, f"UPDATE embedding SET vector = '{zeros}' WHERE space = 'minilm-l6'")
    (fault,) = find_faults(database, library)
    assert fault.startswith("vector of a wrong dimension or length: 2")
