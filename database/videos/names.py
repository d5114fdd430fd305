"""What videos are called where neither their container nor anything in them says it: by the name of
the file that is shown."""

from dataclasses import dataclass

import sqlalchemy as sa

from database.server.connection import Database

# The same on every host, whichever is asked: the first place that is there.
_RENAMED = """
    SELECT * FROM (
        SELECT id, title, file_name AS before, (
            SELECT regexp_replace(path, '^.*/', '') FROM file WHERE video_id = video.id
            ORDER BY missing_since IS NOT NULL, seen_at, path LIMIT 1) AS now
        FROM video) AS called
    WHERE now <> before ORDER BY id"""
_RENAME = sa.text(
    "UPDATE video SET title = :title, file_name = :now WHERE id = :id AND file_name = :before"
)
_UNTITLE = sa.text("DELETE FROM moment WHERE video_id = :id AND kind = 'title'")
_TITLE = sa.text(
    "INSERT INTO moment (video_id, id, scene_id, kind, start_s, end_s, text) "
    "SELECT video_id, nextval('moment_id_seq'), id, 'title', start_s, end_s, :text "
    "FROM scene WHERE video_id = :id AND position = 0"
)


@dataclass(frozen=True)
class Renamed:
    """A video that is called by the name of a file, which is another by now."""

    id: int
    title: str
    before: str
    now: str


class Names:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def renamed(self) -> list[Renamed]:
        """The videos whose file was renamed, or that are shown in another place."""
        found = self._database.gather(lambda part: part.rows(_RENAMED))
        return [Renamed(*row) for own in found for row in own]

    def rename(self, video: Renamed, title: str, text: str | None) -> None:
        """Its title, and what it is found by as a TITLE moment, unless somebody else has renamed it
        meanwhile. That moment has no vector."""
        values = {"id": video.id, "before": video.before, "now": video.now, "title": title}
        with self._database.holding("video", video.id).session() as session:
            renamed = session.execute(_RENAME, values)
            if not renamed.rowcount:  # type: ignore[attr-defined]
                return
            session.execute(_UNTITLE, {"id": video.id})
            if text is not None:
                session.execute(_TITLE, {"id": video.id, "text": text})
