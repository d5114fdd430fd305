"""Targets 8 and 12: rows loaded a second, and what a scene takes in the database."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psycopg

from benchmarks.measure import Row, medians
from database.models import FileStatus, MomentKind, VideoStatus
from database.server.connection import Database
from database.spaces.partitions import HNSW, copy_vectors, partition_name
from database.spaces.spaces import Spaces
from database.videos.records import FileRecord, MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.encoder import Vectors, normalise
from embeddings.registry.spaces import PROFILES

NUM_ROWS = 20_000
ROUNDS = 5
TEXT, VISION = (space.key for space in PROFILES["bundled"].spaces)
DIM = 384
_COPY = "COPY embedding (video_id, moment_id, space, vector) FROM STDIN (FORMAT BINARY)"
_INSERT = (
    "INSERT INTO embedding (video_id, moment_id, space, vector) VALUES (%s, %s, %s, %s::halfvec)"
)
_BATCH, _NUM_FILLED = 1000, 4000
"""Vectors of a space that fills: in one transaction, and in all."""
_WANTED = 20_000.0
"""Vectors a second that a writer should fill a space with."""


def measure(database: Database) -> list[Row]:
    """Rows of targets 8 and 12; the library is left as it was."""
    store = Store(database)
    vectors = _clustered(NUM_ROWS)
    store.save_video(_video(vectors), FileRecord("/bench", 1, 1, FileStatus.DONE))
    size = _bytes_per_scene(database)
    raw = 2 * DIM * 4
    times = _loading(database, vectors)
    filled = _NUM_FILLED / _filling(database, vectors)
    store.save_file(FileRecord("/bench", 1, 1, FileStatus.FAILED, "removed"))
    ours, one_by_one, prebuilt = (NUM_ROWS / seconds for seconds in times)
    return [
        _rate("8", "rows loaded, against executemany", ours, one_by_one, 10.0),
        _rate("8", "rows loaded, against a prebuilt binary COPY", ours, prebuilt, 0.8),
        _rate("8", "vectors into a space without its index", filled, _WANTED, 1.0),
        Row("12", "database bytes a scene, against raw float32 vectors", size, raw, "B", 1.05),
    ]


def _rate(number: str, what: str, ours: float, against: float, target: float) -> Row:
    return Row(number, what, ours, against, "rows/s", target, at_most=False)


def _loading(database: Database, vectors: Vectors) -> list[float]:
    """Seconds to load the vectors of TEXT: ours, one by one, prebuilt. Without its HNSW index,
    whose upkeep is the same for all and takes longer than any of them."""
    table = partition_name(TEXT)
    with database.connection() as connection:
        rows_there = connection.execute(f"SELECT video_id, moment_id FROM {table}").fetchall()
        videos, ids = (list(column) for column in zip(*rows_there, strict=True))
        prebuilt = _dump(connection, table)
        connection.execute(f"DROP INDEX {table}_hnsw")

        def cleared(load: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                connection.execute(f"TRUNCATE {table}")
                load()

            return run

        rows = [
            (video, i, TEXT, str(v.tolist()))
            for video, i, v in zip(videos, ids, vectors, strict=True)
        ]
        loads: list[Callable[[], object]] = [
            lambda: copy_vectors(connection, TEXT, videos, ids, vectors),
            lambda: connection.cursor().executemany(_INSERT, rows),
            lambda: _copy(connection, prebuilt),
        ]
        times = medians([cleared(load) for load in loads], ROUNDS)
        connection.execute(
            f"CREATE INDEX {table}_hnsw ON {table} "
            f"USING hnsw ((vector::halfvec({DIM})) halfvec_ip_ops) WITH ({HNSW})"
        )
    return times


def _filling(database: Database, vectors: Vectors) -> float:
    """Seconds to fill TEXT, whose moments are there, batch by batch as a backfill does."""
    spaces, table = Spaces(database), partition_name(TEXT)
    with database.connection() as connection:
        found = connection.execute(f"SELECT moment_id FROM {table} ORDER BY 1").fetchall()
        connection.execute(f"DROP INDEX {table}_hnsw")
    ids = [moment_id for (moment_id,) in found]
    batches = [
        dict(zip(ids[n : n + _BATCH], vectors[n : n + _BATCH], strict=True))
        for n in range(0, _NUM_FILLED, _BATCH)
    ]

    def fill() -> None:
        with database.connection() as connection:
            connection.execute(f"TRUNCATE {table}")
        for batch in batches:
            spaces.save_vectors(TEXT, batch)

    (taken_s,) = medians([fill], ROUNDS)
    spaces.index(TEXT)
    return taken_s


def _dump(connection: psycopg.Connection[Any], table: str) -> bytes:
    columns = "video_id, moment_id, space, vector"
    query = f"COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT BINARY)"
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy(connection: psycopg.Connection[Any], data: bytes) -> None:
    with connection.cursor().copy(_COPY) as copy:
        copy.write(data)


def _bytes_per_scene(database: Database) -> float:
    """Of a library with two vectors a scene: tables and indexes of both spaces."""
    with database.connection() as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name",
            ([partition_name(TEXT), partition_name(VISION)],),
        ).fetchone()
    assert row is not None
    return float(row[0]) / NUM_ROWS


def _clustered(count: int) -> Vectors:
    """Unit vectors around a hundred centres, as real ones lie: float32 [count, DIM]."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((100, DIM))
    spread = 0.7 * rng.standard_normal((count, DIM))
    return normalise((centres[rng.integers(0, 100, count)] + spread).astype(np.float32))


def _video(vectors: Vectors) -> VideoRecord:
    """A scene for each vector, with something said and something shown."""
    moments = [
        MomentRecord(number, kind, float(number), number + 1.0, "x", vectors={key: vector})
        for kind, key in ((MomentKind.SPEECH, TEXT), (MomentKind.KEYFRAME, VISION))
        for number, vector in enumerate(vectors)
    ]
    return made_video("bench", len(vectors), 1.0, moments)


def made_video(
    title: str, num_scenes: int, scene_s: float, moments: Sequence[MomentRecord]
) -> VideoRecord:
    """A video whose scenes are all of one length; its title stands for its content."""
    return VideoRecord(
        content_hash=hashlib.sha256(title.encode()).hexdigest(),
        status=VideoStatus.DONE,
        reason=None,
        title=title,
        file_name=f"{title}.mp4",
        container="mov",
        video_codec="h264",
        audio_codec="aac",
        width_px=320,
        height_px=180,
        frame_rate=25.0,
        duration_s=num_scenes * scene_s,
        language="en",
        profile="bundled",
        recorded_at=None,
        spaces=(TEXT, VISION),
        scenes=tuple((n * scene_s, (n + 1) * scene_s) for n in range(num_scenes)),
        moments=tuple(moments),
    )
