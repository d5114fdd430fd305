"""The write side of the library: a video with all its rows, and the outcome of each file."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from database.errors import ClaimLost
from database.models import FileStatus
from database.models.moments import SORT_IN
from database.server.connection import Database
from database.server.locks import Holding
from database.spaces.coverage import count_video
from database.videos.placed import file_record, read_places
from database.videos.records import FileRecord, VideoRecord, require_content_hash
from database.videos.rows import (
    copy,
    copy_moments,
    delete_files,
    insert_subtitles,
    new_ids,
    put_video,
    spaces_gone,
    upsert_file,
)
from database.videos.streams import Streams

_VIDEO = (
    "video.id, content_hash, video.status AS video_status, video.reason AS video_reason, "
    "video.notes, duration_s, num_scenes, video.again, clock, "
    "(SELECT count(*) FROM moment WHERE video_id = video.id) AS num_moments"
)
_STORED_VIDEO = sa.text(f"SELECT {_VIDEO} FROM video WHERE content_hash = :content")
_STORED = "SELECT content_hash, again FROM video WHERE content_hash = ANY(:hashes)"
_KNOWN_FILES = sa.text(
    "SELECT path, size_bytes, mtime_ns, file.status, file.reason, video_id, sidecars, mount, "
    f"file.missing_since IS NOT NULL AS is_missing, {_VIDEO} "
    "FROM file LEFT JOIN video ON video.id = video_id WHERE origin = :origin AND path = ANY(:paths)"
)


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
    again: bool
    """Whether it is to be made anew."""
    clock: tuple[tuple[float, float], ...] | None
    """As database/models has it."""


@dataclass(frozen=True)
class KnownFile:
    """The last outcome of a path, and the video that it leads to, if there is one."""

    file: FileRecord
    video: StoredVideo | None
    is_missing: bool
    """Whether the last ingest of its folder did not find it."""


class Store:
    """What an ingest writes, and reads to know what is left to do; each method is one
    transaction. Paths are those of this host."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_files(self, paths: Sequence[str]) -> dict[str, KnownFile]:
        """What is known of paths, by path; nothing of those that no ingest has seen."""
        values = {"origin": self._database.origin, "paths": list(paths)}

        def find(part: Database) -> dict[str, KnownFile]:
            with part.reading() as connection:
                rows = connection.execute(_KNOWN_FILES, values)
                return {row.path: _known_file(row) for row in rows}

        found: dict[str, KnownFile] = {}
        for own in self._database.gather(find):
            found |= own
        return found

    def find_video_by_content(self, content_hash: str) -> StoredVideo | None:
        """A video by the SHA-256 of its file, in hex."""
        with self._database.at(content_hash).reading() as connection:
            row = connection.execute(_STORED_VIDEO, {"content": content_hash}).one_or_none()
            return None if row is None else _stored_video(row)

    def stored_contents(self, hashes: Collection[str]) -> dict[str, bool]:
        """Those of these contents, each the SHA-256 of a file in hex, that are in the library, and
        whether they are to be made anew."""
        values = {"hashes": list(hashes)}
        found = self._database.gather(lambda part: part.rows(_STORED, values))
        return {content: again for own in found for content, again in own}

    def places_of(self, video_id: int, limit: int) -> list[FileRecord]:
        """Files in which an ingest has seen the content of a video, the one that it found first
        before others; some may be gone."""
        with self._database.holding("video", video_id).reading() as connection:
            return read_places(connection, self._database.origin, video_id, limit)

    def forget_files(self, paths: Sequence[str]) -> None:
        """Removes the outcomes of paths; their videos stay, even those that none leads to now."""
        for part in self._database.parts:
            self._delete_files(part, paths)

    def save_file(self, file: FileRecord, *, instead_of: Sequence[str] = ()) -> None:
        """The outcome of a path, instead of the one before, and of those of other paths. The video
        that it led to stays, if none leads to it now, until the end of the run
        (`database/videos/removal.py`)."""
        part = self._database.home
        if file.video_id is not None:
            part = self._database.holding("video", file.video_id)
        with part.connection() as connection:
            upsert_file(connection, self._database.origin, file)
            delete_files(connection, self._database.origin, instead_of)
        self._keep_only_in(part, [file.path, *instead_of])

    def save_video(self, video: VideoRecord, file: FileRecord, *, only_new: bool = False) -> int:
        """A whole video with its file's outcome, in one transaction: its id. One of the same
        content is made anew, and keeps its id, its tags and its other files.
        Raises SpacesChanged if it lacks the vectors of an active space, ValueRefused, and, with
        `only_new`, ClaimLost if one of the same content is there."""
        origin = self._database.origin
        part = self._database.at(video.content_hash)
        with part.connection() as connection:
            gone = spaces_gone(connection, video.spaces)
            video_id, is_new = put_video(connection, video, only_new=only_new)
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
            copy_moments(connection, video_id, video.moments, scene_ids, gone)
            insert_subtitles(connection, video_id, video.subtitles, origin)
            count_video(connection, video_id)
            upsert_file(connection, origin, replace(file, video_id=video_id), is_new=is_new)
        self._keep_only_in(part, [file.path])
        return video_id

    def _keep_only_in(self, part: Database, paths: Sequence[str]) -> None:
        """What other parts have of these paths is of what was there before."""
        for other in self._database.parts:
            if other is not part:
                self._delete_files(other, paths)

    def _delete_files(self, part: Database, paths: Sequence[str]) -> None:
        with part.connection() as connection:
            delete_files(connection, self._database.origin, paths)

    def keyframes_of(self, video_id: int) -> list[tuple[float, str]]:
        """(time in seconds, image path) of each keyframe of a video, in the order of time."""
        statement = sa.text(
            "SELECT start_s, image_path FROM moment "
            "WHERE video_id = :video AND kind = 'keyframe' AND image_path IS NOT NULL "
            "ORDER BY start_s, id"
        )
        with self._database.holding("video", video_id).reading() as connection:
            rows = connection.execute(statement, {"video": video_id})
            return [(row.start_s, row.image_path) for row in rows]

    def lacks_vectors(self, video_id: int) -> bool:
        """Whether a video lacks vectors of a space that is searched: one that was missing while the
        space was filled."""
        statement = sa.text(
            "SELECT EXISTS (SELECT FROM coverage JOIN space ON space.key = coverage.space "
            "WHERE video_id = :video AND state = 'active' AND embedded < wanted)"
        )
        with self._database.holding("video", video_id).reading() as connection:
            return bool(connection.scalar(statement, {"video": video_id}))

    def set_streams(self, video_id: int, streams: Streams) -> None:
        """What is played of a video of which nobody knew it."""
        statement = sa.text("UPDATE video SET streams = :streams WHERE id = :id")
        with self._database.holding("video", video_id).session() as session:
            session.execute(statement, {"streams": Jsonb(streams.to_json()), "id": video_id})

    def set_again(self, video_ids: Collection[int], *, again: bool) -> None:
        """Whether the next ingest of their files makes these videos anew."""
        statement = sa.text("UPDATE video SET again = :again WHERE id = ANY(:ids)")
        for part in self._database.parts:
            with part.session() as session:
                session.execute(statement, {"again": again, "ids": sorted(video_ids)})

    def analyse(self) -> None:
        """Renews PostgreSQL's statistics: it plans by them, and searches weigh words by them. And
        sorts the words of what was just stored into their indexes, as far as the role may."""

        def analyse(part: Database) -> None:
            with part.connection() as connection:
                connection.execute("ANALYZE video, scene, moment")
                connection.execute(SORT_IN)

        self._database.gather(analyse)

    @contextmanager
    def claim(
        self, content_hash: str, while_waiting: Callable[[], None] = lambda: None
    ) -> Iterator[Holding]:
        """A lock on a content: a second ingest of it waits until the first has ended.

        It ends with a process that is killed. `while_waiting` is called every quarter of a second;
        what it raises ends the wait. Raises ClaimLost instead of whatever goes wrong in the block
        once the connection was cut: another process may have removed what it works with; and
        DatabaseError for a hash that is none.
        """
        require_content_hash(content_hash)
        key = int(content_hash[:15], 16)
        with self._database.locks.holding(key, while_waiting=while_waiting) as claim:
            try:
                yield claim
            except Exception as error:
                if isinstance(error, ClaimLost) or not claim.was_cut():
                    raise
                raise ClaimLost(f"{error}; the database was away: try again") from error


def _known_file(row: sa.Row[Any]) -> KnownFile:
    video = None if row.video_id is None else _stored_video(row)
    return KnownFile(file_record(row), video, row.is_missing)


def _stored_video(row: sa.Row[Any]) -> StoredVideo:
    return StoredVideo(
        row.id,
        row.content_hash,
        FileStatus(row.video_status),
        row.video_reason,
        row.notes,
        row.duration_s,
        row.num_scenes,
        row.num_moments,
        row.again,
        None if row.clock is None else tuple((at_s, stamp_s) for at_s, stamp_s in row.clock),
    )
