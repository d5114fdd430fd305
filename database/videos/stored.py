"""The write side of the library: a video with all its rows, and the outcome of each file."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from database.errors import SpacesChanged
from database.models import File, FileStatus
from database.server.connection import Database
from database.server.sqlstates import translated_errors
from database.spaces.partitions import copy_vectors
from database.spaces.spaces import SWITCH_LOCK
from database.videos.records import FileRecord, MomentRecord, VideoRecord

_VIDEO_COLUMNS = (
    "content_hash status reason title container video_codec audio_codec width_px "
    "height_px frame_rate duration_s language profile recorded_at"
).split()

_VIDEO = (
    "video.id, video.status, video.reason, video.notes, video.num_scenes, "
    "(SELECT count(*) FROM scene "
    "JOIN moment ON scene_id = scene.id WHERE video_id = video.id) AS num_moments"
)
_STORED_VIDEO = sa.text(f"SELECT {_VIDEO} FROM video WHERE content_hash = :content")
_STORED_CONTENTS = sa.text("SELECT content_hash FROM video WHERE content_hash = ANY(:hashes)")
_KNOWN_FILES = sa.text(
    "SELECT path, size_bytes, mtime_ns, file.status AS file_status, file.reason AS file_reason, "
    f"{_VIDEO} FROM file LEFT JOIN video ON video.id = video_id WHERE path = ANY(:paths)"
)

_LOCK_POLL_S = 0.25


@dataclass(frozen=True)
class StoredVideo:
    """The outcome of a content that was ingested before."""

    id: int
    status: FileStatus
    reason: str | None
    notes: list[str]
    num_scenes: int
    num_moments: int


@dataclass(frozen=True)
class KnownFile:
    """The last outcome of a path, and the video that it leads to, if there is one."""

    file: FileRecord
    video: StoredVideo | None


class Store:
    """What an ingest writes, and reads to know what is left to do; each method is one
    transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_files(self, paths: Sequence[str]) -> dict[str, KnownFile]:
        """What is known of paths, by path; nothing of those that no ingest has seen."""
        with self._database.reading() as connection:
            rows = connection.execute(_KNOWN_FILES, {"paths": list(paths)})
            return {row.path: _known_file(row) for row in rows}

    def find_video_by_content(self, content_hash: str) -> StoredVideo | None:
        """A video by the SHA-256 of its file, in hex."""
        with self._database.reading() as connection:
            row = connection.execute(_STORED_VIDEO, {"content": content_hash}).one_or_none()
            return None if row is None else _stored_video(row)

    def stored_contents(self, hashes: Collection[str]) -> set[str]:
        """Those of these contents, each the SHA-256 of a file in hex, that are in the library."""
        with self._database.reading() as connection:
            return set(connection.scalars(_STORED_CONTENTS, {"hashes": list(hashes)}))

    def paths_of(self, video_id: int, limit: int) -> list[str]:
        """Paths at which an ingest has seen the content of a video, the one that it found first
        before others; some may be gone."""
        query = (
            sa.select(File.path).where(File.video_id == video_id).order_by(File.seen_at, File.path)
        )
        with self._database.session() as session:
            return list(session.scalars(query.limit(limit)))

    def forget_files(self, paths: Sequence[str]) -> None:
        """Removes the outcomes of paths; their videos stay, even those that none leads to now."""
        with self._database.session() as session:
            session.execute(sa.delete(File).where(File.path.in_(paths)))

    def save_file(self, file: FileRecord) -> list[str]:
        """The outcome of a path, instead of the one before. If that led to a video which no path
        leads to now, the video is removed; returns the content hashes of such videos."""
        with self._database.connection() as connection:
            # What is removed is not counted meanwhile, see Spaces.activate.
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (SWITCH_LOCK,))
            return _upsert_file(connection, file)

    def save_video(self, video: VideoRecord, file: FileRecord) -> list[str]:
        """A whole video with its file's outcome, in one transaction; returns as `save_file` does.
        Raises SpacesChanged if it lacks the vectors of an active space, ValueRefused."""
        with self._database.connection() as connection:
            gone = _spaces_gone(connection, video.spaces)
            video_id = _insert_video(connection, video)
            scene_ids = _new_ids(connection, "scene", len(video.scenes))
            _copy(
                connection,
                "scene (id, video_id, position, start_s, end_s)",
                "int8 int8 int4 float8 float8",
                (
                    (scene_id, video_id, position, *span)
                    for position, (scene_id, span) in enumerate(
                        zip(scene_ids, video.scenes, strict=True)
                    )
                ),
            )
            _copy_moments(connection, video.moments, scene_ids, gone)
            return _upsert_file(
                connection,
                FileRecord(
                    file.path, file.size_bytes, file.mtime_ns, file.status, file.reason, video_id
                ),
            )

    def analyse(self) -> None:
        """Renews PostgreSQL's statistics: it plans by them, and searches weigh words by them."""
        with self._database.connection() as connection:
            connection.execute("ANALYZE video, scene, moment")

    @contextmanager
    def claim(
        self, content_hash: str, while_waiting: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """A lock on a content: a second ingest of it waits until the first has ended.

        The lock is the connection's, so it ends with a process that is killed. `while_waiting` is
        called every quarter of a second; what it raises ends the wait.
        """
        key = int(content_hash[:15], 16)
        with self._database.lock_connection() as connection:
            with translated_errors(self._database.description):
                lock = sa.text("SELECT pg_try_advisory_lock(:key)")
                while not connection.scalar(lock, {"key": key}):
                    while_waiting()
                    time.sleep(_LOCK_POLL_S)
            yield


def _known_file(row: sa.Row[Any]) -> KnownFile:
    status = FileStatus(row.file_status)
    file = FileRecord(row.path, row.size_bytes, row.mtime_ns, status, row.file_reason, row.id)
    return KnownFile(file, None if row.id is None else _stored_video(row))


def _stored_video(row: sa.Row[Any]) -> StoredVideo:
    status = FileStatus(row.status)
    return StoredVideo(row.id, status, row.reason, row.notes, row.num_scenes, row.num_moments)


def _spaces_gone(connection: psycopg.Connection[Any], embedded: Collection[str]) -> set[str]:
    """Those of the embedded spaces that were dropped meanwhile; no space changes from here to the
    end of the transaction. Raises SpacesChanged if an active one is not embedded."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (SWITCH_LOCK,))
    rows = connection.execute("SELECT key, state = 'active' FROM space").fetchall()
    if lacking := sorted(key for key, active in rows if active and key not in embedded):
        raise SpacesChanged(f"{', '.join(lacking)} became active meanwhile: ingest again")
    return set(embedded) - {key for key, _ in rows}


def _insert_video(connection: psycopg.Connection[Any], video: VideoRecord) -> int:
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


def _new_ids(connection: psycopg.Connection[Any], table: str, count: int) -> list[int]:
    rows = connection.execute(
        "SELECT nextval(%s::regclass) FROM generate_series(1, %s)", (f"{table}_id_seq", count)
    )
    return [row[0] for row in rows]


def _copy(
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


def _copy_moments(
    connection: psycopg.Connection[Any],
    moments: Sequence[MomentRecord],
    scene_ids: Sequence[int],
    gone: Collection[str],
) -> None:
    """Vectors of spaces that are gone are left out."""
    moment_ids = _new_ids(connection, "moment", len(moments))
    _copy(
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


def _upsert_file(connection: psycopg.Connection[Any], file: FileRecord) -> list[str]:
    """The outcome of a path, and the end of the video that only it has led to."""
    before = connection.execute(
        "SELECT video_id FROM file WHERE path = %s FOR UPDATE", (file.path,)
    ).fetchone()
    connection.execute(
        "INSERT INTO file (path, size_bytes, mtime_ns, status, reason, video_id) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (path) DO UPDATE SET "
        "size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, "
        "status = excluded.status, reason = excluded.reason, video_id = excluded.video_id, "
        # A place of a video keeps its rank among the others.
        "seen_at = CASE WHEN file.video_id = excluded.video_id THEN file.seen_at ELSE now() END",
        (
            file.path,
            file.size_bytes,
            file.mtime_ns,
            file.status.value,
            file.reason,
            file.video_id,
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
