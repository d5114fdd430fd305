"""The rows of a video, written within somebody else's transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from database.errors import ClaimLost, SpacesChanged
from database.spaces.partitions import copy_vectors
from database.spaces.spaces import SWITCH_LOCK
from database.videos.records import FileRecord, MomentRecord, Subtitles, VideoRecord
from embeddings.space import Input

_VIDEO_COLUMNS = (
    "content_hash status reason title file_name container video_codec audio_codec width_px "
    "height_px frame_rate duration_s language profile recorded_at"
).split()


def spaces_gone(
    connection: psycopg.Connection[Any], embedded: Collection[str], takes: Input | None = None
) -> set[str]:
    """Those of the embedded spaces that were dropped meanwhile; no space changes from here to the
    end of the transaction. Raises SpacesChanged if an active one is not embedded, of all or of
    those of one input."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (SWITCH_LOCK,))
    rows = connection.execute(
        "SELECT key, state = 'active' FROM space WHERE input = coalesce(%s, input)",
        (None if takes is None else takes.value,),
    ).fetchall()
    if lacking := sorted(key for key, active in rows if active and key not in embedded):
        raise SpacesChanged(f"{', '.join(lacking)} became active meanwhile: ingest again")
    return set(embedded) - {key for key, _ in rows}


def put_video(
    connection: psycopg.Connection[Any], video: VideoRecord, *, only_new: bool
) -> tuple[int, bool]:
    """The row of a video alone: its id, and whether it is new. One of the same content is made anew
    under its id, and what it held is removed; with `only_new` that raises ClaimLost instead."""
    columns = [*_VIDEO_COLUMNS, "num_scenes", "notes", "clock", "streams", "missing_since", "again"]
    clock = None if video.clock is None else Jsonb(video.clock)
    streams = None if video.streams is None else Jsonb(video.streams.to_json())
    values = [getattr(video, name) for name in _VIDEO_COLUMNS]
    values += [len(video.scenes), Jsonb(video.notes), clock, streams, None, False]
    row = connection.execute(
        f"INSERT INTO video ({', '.join(columns)}) "
        f"VALUES ({', '.join(['%s'] * len(columns))}) ON CONFLICT (content_hash) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in columns)} RETURNING id, xmax = 0",
        values,
    ).fetchone()
    assert row is not None
    video_id, is_new = int(row[0]), bool(row[1])
    if not is_new and only_new:  # what was written here goes with the transaction
        raise ClaimLost(f"{video.title} was stored by another process meanwhile: it stays as it is")
    if not is_new:
        connection.execute("DELETE FROM scene WHERE video_id = %s", (video_id,))
        connection.execute("DELETE FROM subtitle_track WHERE video_id = %s", (video_id,))
        # What lies beside other files of it, on whatever host, is read anew.
        connection.execute("UPDATE file SET sidecars = '[]' WHERE video_id = %s", (video_id,))
    return video_id, is_new


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
    connection: psycopg.Connection[Any], video_id: int, subtitles: Sequence[Subtitles], origin: str
) -> None:
    """The tracks of a video that has none yet; files are of `origin` unless they say otherwise."""
    for position, own in enumerate(subtitles):
        connection.execute(
            "INSERT INTO subtitle_track (video_id, position, name, language, path, origin, lines) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                video_id,
                position,
                own.name,
                own.language,
                own.path,
                None if own.path is None else own.origin or origin,
                Jsonb(own.lines),
            ),
        )


def copy_moments(
    connection: psycopg.Connection[Any],
    video_id: int,
    moments: Sequence[MomentRecord],
    scene_ids: Sequence[int],
    gone: Collection[str],
) -> None:
    """Moments with their vectors; those of spaces that are gone are left out."""
    moment_ids = new_ids(connection, "moment", len(moments))
    copy(
        connection,
        "moment (video_id, id, scene_id, kind, start_s, end_s, text, language, track, words, "
        "image_path, look, boxes, made_by)",
        "int8 int8 int8 text float8 float8 text text text jsonb text int8 jsonb text",
        (
            (video_id, moment_id, scene_ids[m.scene], m.kind.value, *_placed(m))
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
        copy_vectors(connection, space, video_id, ids, np.stack(vectors))


def _placed(moment: MomentRecord) -> tuple[object, ...]:
    boxes = None if moment.boxes is None else Jsonb(moment.boxes)
    words = None if moment.words is None else Jsonb(moment.words)
    placed = (moment.start_s, moment.end_s, moment.text, moment.language, moment.track)
    return *placed, words, moment.image_path, moment.look, boxes, moment.made_by


_UPSERT_FILE = """
    INSERT INTO file (origin, path, size_bytes, mtime_ns, status, reason, video_id, sidecars, mount,
        tags)
    VALUES (%(origin)s, %(path)s, %(size_bytes)s, %(mtime_ns)s, %(status)s, %(reason)s,
        %(video_id)s, %(sidecars)s, %(mount)s, %(tags)s)
    ON CONFLICT (origin, path) DO UPDATE SET
        size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, status = excluded.status,
        reason = excluded.reason, video_id = excluded.video_id, sidecars = excluded.sidecars,
        mount = excluded.mount, tags = excluded.tags, missing_since = NULL,
        -- A place of a video keeps its rank among the others.
        seen_at = CASE WHEN file.video_id = excluded.video_id THEN file.seen_at ELSE now() END"""


def upsert_file(
    connection: psycopg.Connection[Any], origin: str, file: FileRecord, *, is_new: bool = False
) -> None:
    """The outcome of a path. The tags of the video that was there before are given to one that is
    new, and kept with the path while what is there is none."""
    before = connection.execute(
        "SELECT video_id, tags FROM file WHERE origin = %s AND path = %s FOR UPDATE",
        (origin, file.path),
    ).fetchone()
    tags: list[str] = []
    if before is not None:
        tags = before[1] if before[0] is None else _tags_of(connection, before[0])
    if is_new and file.video_id is not None:
        for tag in tags:
            connection.execute("INSERT INTO tag VALUES (%s, %s)", (file.video_id, tag))
    values = {**asdict(file), "origin": origin, "status": file.status.value}
    values["sidecars"] = Jsonb([asdict(sidecar) for sidecar in file.sidecars])
    values["tags"] = Jsonb(tags if file.video_id is None else [])
    connection.execute(_UPSERT_FILE, values)


def delete_files(connection: psycopg.Connection[Any], origin: str, paths: Sequence[str]) -> None:
    """The outcomes of paths are not known any more."""
    statement = "DELETE FROM file WHERE origin = %s AND path = ANY(%s)"
    connection.execute(statement, (origin, list(paths)))


def _tags_of(connection: psycopg.Connection[Any], video_id: int) -> list[str]:
    rows = connection.execute("SELECT name FROM tag WHERE video_id = %s ORDER BY name", (video_id,))
    return [row[0] for row in rows]
