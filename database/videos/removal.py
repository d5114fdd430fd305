"""Files that are missing, and videos that leave the library: marked at the end of an ingest, and
removed only when somebody says so, or when no file leads to them any more."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from database.errors import NotFound
from database.server.connection import Database

_PAGE = 2000
_UNDER = "(path = :root OR starts_with(path, :folder))"
_FILES_UNDER = sa.text(
    f"SELECT path, missing_since, mount FROM file WHERE origin = :origin AND {_UNDER} "
    "AND path > :after ORDER BY path LIMIT :limit"
)
_MISSING = sa.text(
    "SELECT path, missing_since, mount, video_id FROM file "
    "WHERE origin = :origin AND missing_since IS NOT NULL ORDER BY path"
)
_MARK = sa.text(
    "UPDATE file SET missing_since = clock_timestamp() "
    "WHERE origin = :origin AND path = ANY(:paths) AND missing_since IS NULL"
)
# Since the last of its files went; not that of one that no file leads to, which is removed.
_SETTLE = sa.text("""
    UPDATE video SET missing_since = since FROM (
        SELECT video_id, CASE WHEN bool_and(file.missing_since IS NOT NULL)
            THEN max(file.missing_since) END AS since
        FROM file WHERE video_id IS NOT NULL GROUP BY video_id) AS told
    WHERE video.id = video_id AND video.missing_since IS DISTINCT FROM since""")
_ORPHANS = sa.text(
    "SELECT content_hash FROM video WHERE NOT EXISTS (SELECT FROM file WHERE video_id = video.id)"
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
_FORGET = sa.text("DELETE FROM file WHERE video_id = ANY(:ids)")


@dataclass(frozen=True)
class PlacedFile:
    """A file of this host, as the last ingest has left it."""

    path: str
    missing_since: datetime | None
    mount: str | None
    video_id: int | None = None


@dataclass(frozen=True)
class ForgottenVideo:
    """A video that somebody has let go of, and where its files are."""

    id: int
    content_hash: str
    files: tuple[tuple[str, str], ...]
    """(origin, path) of each, the one that people were shown first."""


class Removal:
    """Each method is one transaction. Paths are those of this host: what another one has, only that
    one can miss."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def files_under(self, root: str) -> Iterator[PlacedFile]:
        """The files that the library has at a path or below it, in the order of their paths."""
        values = {"origin": self._database.origin, "root": root, "folder": root.rstrip("/") + "/"}
        after = ""
        while True:
            with self._database.reading() as connection:
                page = connection.execute(
                    _FILES_UNDER, {**values, "after": after, "limit": _PAGE}
                ).all()
            if not page:
                return
            yield from (PlacedFile(*row) for row in page)
            after = page[-1].path

    def mark_missing(self, paths: Sequence[str]) -> None:
        """These files are gone; those that are marked already keep their time."""
        with self._database.session() as session:
            session.execute(_MARK, {"origin": self._database.origin, "paths": list(paths)})

    def missing(self) -> list[PlacedFile]:
        """The files that were found missing."""
        with self._database.reading() as connection:
            rows = connection.execute(_MISSING, {"origin": self._database.origin})
            return [PlacedFile(*row) for row in rows]

    def settle(self) -> None:
        """Searches find the videos that have a file which is there, and no others."""
        with self._database.session() as session:
            session.execute(_SETTLE)

    def forget(self, video_ids: Collection[int]) -> list[ForgottenVideo]:
        """Lets go of the files of videos, on whatever host; the videos are then to be removed.
        Raises NotFound, and lets go of none, if one does not exist."""
        ids = sorted(set(video_ids))
        with self._database.session() as session:
            found = session.execute(_CONTENTS, {"ids": ids}).all()
            known = {row.id for row in found}
            for missing in (video_id for video_id in ids if video_id not in known):
                raise NotFound(f"there is no video {missing}")
            files: dict[int, list[tuple[str, str]]] = defaultdict(list)
            for row in session.execute(_PLACES, {"ids": ids, "origin": self._database.origin}):
                files[row.video_id].append((row.origin, row.path))
            session.execute(_FORGET, {"ids": ids})
            return [ForgottenVideo(row.id, row.content_hash, tuple(files[row.id])) for row in found]

    def orphans(self) -> list[str]:
        """The contents of the videos that no file leads to."""
        with self._database.reading() as connection:
            return list(connection.scalars(_ORPHANS))

    def remove_orphan(self, content_hash: str) -> bool:
        """Removes the video of a content unless a file leads to it by now; whether it did. To be
        called under the content's claim."""
        with self._database.session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))  # vectors are many
            removed = session.execute(_REMOVE_ORPHAN, {"content": content_hash})
            return bool(removed.rowcount)  # type: ignore[attr-defined]
