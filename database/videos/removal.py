"""Files that are missing, and videos that leave the library: marked at the end of an ingest, and
removed only when somebody says so, or when no file leads to them any more."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from database.errors import NotFound
from database.server.connection import Database

_RUN_LOCK = 7_305_808_871
"""Advisory lock: shared by the ingests that run, exclusive for who removes what no file leads to.
"""
_SETTLE_LOCK = 7_305_808_872
"""Advisory lock: of two who settle at once, the second sees what the first has done."""
_PAGE = 2000
_FILES_AT = (
    "SELECT path, missing_since, mount FROM file WHERE origin = :origin AND path = ANY(:paths)"
)
_FILES_UNDER = sa.text(
    "SELECT path, missing_since, mount FROM file "
    "WHERE origin = :origin AND starts_with(path, :folder)"
)
_MISSING = (
    "SELECT path, missing_since, mount, video_id FROM file "
    "WHERE origin = :origin AND missing_since IS NOT NULL"
)
# In the order of paths, as everybody locks them.
_MARK = sa.text(
    "UPDATE file SET missing_since = clock_timestamp() WHERE origin = :origin AND path IN ("
    "SELECT path FROM file WHERE origin = :origin AND path = ANY(:paths) "
    "AND missing_since IS NULL ORDER BY path FOR UPDATE)"
)
_SAVE_MOUNTS = sa.text(
    "UPDATE file SET mount = told.mount "
    "FROM unnest(CAST(:paths AS text[]), CAST(:mounts AS text[])) AS told (path, mount) "
    "WHERE origin = :origin AND file.path = told.path"
)
_FORGET_FILES = sa.text(
    "DELETE FROM file WHERE origin = :origin AND path IN ("
    "SELECT path FROM file WHERE origin = :origin AND path = ANY(:paths) "
    "AND missing_since IS NOT NULL ORDER BY path FOR UPDATE)"
)
# Since the last of its files went. One that no file leads to is missing until it is removed.
_SETTLE = sa.text("""
    UPDATE video SET missing_since = since FROM (
        SELECT id, CASE WHEN count(file.path) = 0 THEN coalesce(video.missing_since, now())
            WHEN bool_and(file.missing_since IS NOT NULL) THEN max(file.missing_since) END AS since
        FROM video LEFT JOIN file ON video_id = id GROUP BY id) AS settled
    WHERE video.id = settled.id AND video.missing_since IS DISTINCT FROM since""")
_ORPHANS = (
    "SELECT content_hash FROM video WHERE NOT EXISTS (SELECT FROM file WHERE video_id = video.id)"
)
_NO_JOBS = (
    "SELECT WHERE NOT EXISTS (SELECT FROM job_file WHERE state IN ('waiting', 'working')) "
    "AND NOT EXISTS (SELECT FROM job WHERE kind = 'ingest' AND scanned_at IS NULL "
    "AND state IN ('waiting', 'working', 'paused'))"
)
_REMOVE_ORPHAN = sa.text(
    "DELETE FROM video WHERE content_hash = :content "
    "AND NOT EXISTS (SELECT FROM file WHERE video_id = video.id)"
)
_CONTENTS = sa.text("SELECT id, content_hash FROM video WHERE id = ANY(:ids) ORDER BY id")
# Its own host's files first, as people are shown a video.
_PLACES = sa.text(
    "SELECT video_id, origin, path FROM file WHERE video_id = ANY(:ids) "
    "ORDER BY origin <> :origin, missing_since IS NOT NULL, seen_at, path"
)
_LOCK_FILES = sa.text("SELECT FROM file WHERE video_id = :id ORDER BY origin, path FOR UPDATE")
_FORGET = sa.text("DELETE FROM video WHERE id = :id")


@dataclass(frozen=True)
class PlacedFile:
    """A file of this host, as the last ingest has left it."""

    path: str
    missing_since: datetime | None
    mount: str | None
    video_id: int | None = None


@dataclass(frozen=True)
class ForgottenVideo:
    """A video that somebody lets go of, and where its files are."""

    id: int
    content_hash: str
    files: tuple[tuple[str, str], ...]
    """(origin, path) of each, the one that people were shown first."""


class Removal:
    """Each method is one transaction. Paths are those of this host: what another one has, only that
    one can miss."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.origin = database.origin
        self.shared = database.shared

    @contextmanager
    def run(self) -> Iterator[None]:
        """A run of an ingest, in which files are met one after the other: as long as one lasts,
        nobody removes a video because no file leads to it."""
        with self._database.locks.holding(_RUN_LOCK, shared=True):
            yield

    @contextmanager
    def between_runs(self) -> Iterator[bool]:
        """Whether no ingest is running anywhere; none begins until the end of the block."""
        with self._database.locks.trying(_RUN_LOCK) as is_alone:
            yield is_alone

    def files_at(self, paths: Sequence[str]) -> list[PlacedFile]:
        """The files that the library has at these paths."""
        values = {"origin": self._database.origin, "paths": list(paths)}
        found = self._database.gather(lambda part: part.rows(_FILES_AT, values))
        return [PlacedFile(*row) for own in found for row in own]

    def files_under(self, folder: str) -> Iterator[PlacedFile]:
        """The files that the library has below a folder, in no order; there may be a million."""
        values = {"origin": self._database.origin, "folder": folder.rstrip("/") + "/"}
        for part in self._database.parts:
            with part.session() as session:
                session.execute(sa.text("SET LOCAL statement_timeout = 0"))
                rows = session.execute(_FILES_UNDER, values, execution_options={"yield_per": _PAGE})
                yield from (PlacedFile(*row) for row in rows)

    def mark_missing(self, paths: Sequence[str]) -> None:
        """These files are gone; those that are marked already keep their time."""
        self._write(_MARK, {"paths": list(paths)})

    def save_mounts(self, mounts: Mapping[str, str]) -> None:
        """The mount points of the file systems that files lie on, by path."""
        self._write(_SAVE_MOUNTS, {"paths": list(mounts), "mounts": list(mounts.values())})

    def missing(self) -> list[PlacedFile]:
        """The files that were found missing."""
        values = {"origin": self._database.origin}
        found = self._database.gather(lambda part: part.rows(_MISSING, values))
        rows = [row for own in found for row in own]
        return [PlacedFile(*row) for row in sorted(rows, key=lambda row: row[0])]

    def settle(self) -> None:
        """Searches find the videos that have a file which is there, and no others."""
        for part in self._database.parts:
            with part.session() as session:
                # A statement of its own: the next sees what was settled while this one waited.
                session.execute(sa.text("SELECT pg_advisory_xact_lock(:l)"), {"l": _SETTLE_LOCK})
                session.execute(_SETTLE)

    def forget_files(self, paths: Sequence[str]) -> None:
        """Removes the outcomes of those of these files that are still missing; their videos go
        between two runs, if no other file leads to them."""
        self._write(_FORGET_FILES, {"paths": list(paths)})

    def to_forget(self, video_ids: Collection[int]) -> list[ForgottenVideo]:
        """Videos with their files, on whatever host. Raises NotFound if one does not exist."""
        ids = sorted(set(video_ids))

        def find(part: Database) -> dict[int, ForgottenVideo]:
            with part.session() as session:
                found = session.execute(_CONTENTS, {"ids": ids}).all()
                files: dict[int, list[tuple[str, str]]] = defaultdict(list)
                for row in session.execute(_PLACES, {"ids": ids, "origin": part.origin}):
                    files[row.video_id].append((row.origin, row.path))
                return {
                    row.id: ForgottenVideo(row.id, row.content_hash, tuple(files[row.id]))
                    for row in found
                }

        known: dict[int, ForgottenVideo] = {}
        for own in self._database.gather(find):
            known |= own
        for missing in (video_id for video_id in ids if video_id not in known):
            raise NotFound(f"there is no video {missing}")
        return [known[video_id] for video_id in ids]

    def forget(self, video_id: int) -> None:
        """Removes a video with its files, if it is still there. To be called under the claim of its
        content."""
        with self._database.holding("video", video_id).session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))  # vectors are many
            session.execute(_LOCK_FILES, {"id": video_id})
            session.execute(_FORGET, {"id": video_id})  # and, by cascade, its files

    def orphans(self) -> list[str]:
        """The contents of the videos that no file leads to; none while a job has files to come to,
        between two of which nobody may be at work."""
        if not self._database.home.rows(_NO_JOBS):
            return []
        found = self._database.gather(lambda part: part.rows(_ORPHANS))
        return [content for own in found for (content,) in own]

    def remove_orphan(self, content_hash: str) -> bool:
        """Removes the video of a content unless a file leads to it by now; whether it did. To be
        called under the content's claim."""
        with self._database.at(content_hash).session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))  # vectors are many
            removed = session.execute(_REMOVE_ORPHAN, {"content": content_hash})
            return bool(removed.rowcount)  # type: ignore[attr-defined]

    def _write(self, statement: sa.TextClause, values: dict[str, object]) -> None:
        """What concerns files of this host, whichever part has their rows."""
        for part in self._database.parts:
            with part.session() as session:
                session.execute(statement, {"origin": part.origin, **values})
