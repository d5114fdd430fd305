"""The rows of a video, written within somebody else's transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from database.errors import SpacesChanged
from database.spaces.partitions import copy_vectors
from database.spaces.spaces import SWITCH_LOCK
from database.videos.records import FileRecord, MomentRecord, Subtitles, VideoRecord

_VIDEO_COLUMNS = (
    "content_hash status reason title container video_codec audio_codec width_px "
    "height_px frame_rate duration_s language profile recorded_at"
).split()


def spaces_gone(connection: psycopg.Connection[Any], embedded: Collection[str]) -> set[str]:
    """Those of the embedded spaces that were dropped meanwhile; no space changes from here to the
    end of the transaction. Raises SpacesChanged if an active one is not embedded."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (SWITCH_LOCK,))
    rows = connection.execute("SELECT key, state = 'active' FROM space").fetchall()
    if lacking := sorted(key for key, active in rows if active and key not in embedded):
        raise SpacesChanged(f"{', '.join(lacking)} became active meanwhile: ingest again")
    return set(embedded) - {key for key, _ in rows}


def insert_video(connection: psycopg.Connection[Any], video: VideoRecord) -> int:
    """The row of a video alone; its id."""
    columns = [*_VIDEO_COLUMNS, "num_scenes", "notes", "clock"]
    clock = None if video.clock is None else Jsonb(video.clock)
    values = [getattr(video, name) for name in _VIDEO_COLUMNS]
    values += [len(video.scenes), Jsonb(video.notes), clock]
    row = connection.execute(
        f"INSERT INTO video ({', '.join(columns)}) "
        f"VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id",
        values,
    ).fetchone()
    assert row is not None
    return int(row[0])


def new_ids(connection: psycopg.Connection[Any], table: str, count: int) -> list[int]:
    """So many unused ids of a table."""
    rows = connection.execute(
        "SELECT nextval(%s::regclass) FROM generate_series(1, %s)", (f"{table}_id_seq", count)
    )
    return [row[0] for row in rows]


def copy(
    connection: psycopg.Connection[Any],
    target: str,
    types: str,
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Binary COPY of `rows` into "table (columns)" of the given PostgreSQL types."""
    with connection.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)


def insert_subtitles(
    connection: psycopg.Connection[Any], video_id: int, subtitles: Sequence[Subtitles]
) -> None:
    """The tracks of a video that has none yet."""
    for position, own in enumerate(subtitles):
        connection.execute(
            "INSERT INTO subtitle_track (video_id, position, name, language, path, lines) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (video_id, position, own.name, own.language, own.path, Jsonb(own.lines)),
        )


def copy_moments(
    connection: psycopg.Connection[Any],
    moments: Sequence[MomentRecord],
    scene_ids: Sequence[int],
    gone: Collection[str],
) -> None:
    """Moments with their vectors; those of spaces that are gone are left out."""
    moment_ids = new_ids(connection, "moment", len(moments))
    copy(
        connection,
        "moment (id, scene_id, kind, start_s, end_s, text, language, track, words, image_path, "
        "look, boxes)",
        "int8 int8 text float8 float8 text text text jsonb text int8 jsonb",
        (
            (moment_id, scene_ids[m.scene], m.kind.value, *_placed(m))
            for moment_id, m in zip(moment_ids, moments, strict=True)
        ),
    )
    for space in {space for moment in moments for space in moment.vectors} - set(gone):
        own = [
            (moment_id, moment.vectors[space])
            for moment_id, moment in zip(moment_ids, moments, strict=True)
            if space in moment.vectors
        ]
        ids, vectors = zip(*own, strict=True)
        copy_vectors(connection, space, ids, np.stack(vectors))


def _placed(moment: MomentRecord) -> tuple[object, ...]:
    boxes = None if moment.boxes is None else Jsonb(moment.boxes)
    words = None if moment.words is None else Jsonb(moment.words)
    placed = (moment.start_s, moment.end_s, moment.text, moment.language, moment.track)
    return *placed, words, moment.image_path, moment.look, boxes


def upsert_file(connection: psycopg.Connection[Any], file: FileRecord) -> list[str]:
    """The outcome of a path, and the end of the video that only it has led to."""
    before = connection.execute(
        "SELECT video_id FROM file WHERE path = %s FOR UPDATE", (file.path,)
    ).fetchone()
    connection.execute(
        "INSERT INTO file (path, size_bytes, mtime_ns, status, reason, video_id, sidecars) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (path) DO UPDATE SET "
        "size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, "
        "status = excluded.status, reason = excluded.reason, video_id = excluded.video_id, "
        "sidecars = excluded.sidecars, "
        # A place of a video keeps its rank among the others.
        "seen_at = CASE WHEN file.video_id = excluded.video_id THEN file.seen_at ELSE now() END",
        (
            file.path,
            file.size_bytes,
            file.mtime_ns,
            file.status.value,
            file.reason,
            file.video_id,
            Jsonb([asdict(sidecar) for sidecar in file.sidecars]),
        ),
    )
    if before is None or before[0] is None or before[0] == file.video_id:
        return []
    rows = connection.execute(
        "DELETE FROM video WHERE id = %s AND NOT EXISTS "
        "(SELECT FROM file WHERE video_id = video.id) RETURNING content_hash",
        (before[0],),
    )
    return [row[0] for row in rows]
