"""The write side of the library: a video with all its rows, and the outcome of each file."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from database.models import File, FileStatus
from database.server.connection import Database
from database.server.sqlstates import translated_errors
from database.spaces.spaces import SWITCH_LOCK
from database.videos.records import FileRecord, Sidecar, VideoRecord
from database.videos.rows import (
    copy,
    copy_moments,
    insert_subtitles,
    insert_video,
    new_ids,
    spaces_gone,
    upsert_file,
)

_VIDEO = (
    "video.id, content_hash, video.status, video.reason, video.notes, duration_s, num_scenes, "
    "(SELECT count(*) FROM scene "
    "JOIN moment ON scene_id = scene.id WHERE video_id = video.id) AS num_moments"
)
_STORED_VIDEO = sa.text(f"SELECT {_VIDEO} FROM video WHERE content_hash = :content")
_STORED_CONTENTS = sa.text("SELECT content_hash FROM video WHERE content_hash = ANY(:hashes)")
_KNOWN_FILES = sa.text(
    "SELECT path, size_bytes, mtime_ns, file.status AS file_status, file.reason AS file_reason, "
    f"sidecars, {_VIDEO} FROM file LEFT JOIN video ON video.id = video_id WHERE path = ANY(:paths)"
)

_LOCK_POLL_S = 0.25


@dataclass(frozen=True)
class StoredVideo:
    """The outcome of a content that was ingested before."""

    id: int
    content_hash: str
    status: FileStatus
    reason: str | None
    notes: list[str]
    duration_s: float
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
            return upsert_file(connection, file)

    def save_video(self, video: VideoRecord, file: FileRecord) -> list[str]:
        """A whole video with its file's outcome, in one transaction; returns as `save_file` does.
        Raises SpacesChanged if it lacks the vectors of an active space, ValueRefused."""
        with self._database.connection() as connection:
            gone = spaces_gone(connection, video.spaces)
            video_id = insert_video(connection, video)
            scene_ids = new_ids(connection, "scene", len(video.scenes))
            copy(
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
            copy_moments(connection, video.moments, scene_ids, gone)
            insert_subtitles(connection, video_id, video.subtitles)
            return upsert_file(connection, replace(file, video_id=video_id))

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
    sidecars = tuple(Sidecar(**own) for own in row.sidecars)
    file = FileRecord(
        row.path, row.size_bytes, row.mtime_ns, status, row.file_reason, row.id, sidecars
    )
    return KnownFile(file, None if row.id is None else _stored_video(row))


def _stored_video(row: sa.Row[Any]) -> StoredVideo:
    status = FileStatus(row.status)
    return StoredVideo(
        row.id,
        row.content_hash,
        status,
        row.reason,
        row.notes,
        row.duration_s,
        row.num_scenes,
        row.num_moments,
    )
