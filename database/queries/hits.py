"""What hits show, read by id: moments, videos, and the looks of keyframes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from database.models import MomentKind
from database.server.connection import Database


@dataclass(frozen=True)
class VideoRef:
    """A video as a hit shows it."""

    id: int
    path: str
    """One of its paths, the first in alphabetical order."""
    title: str
    duration_s: float
    has_pictures: bool
    recorded_at: datetime | None


@dataclass(frozen=True)
class MomentInfo:
    """A moment as evidence shows it, [start_s, end_s)."""

    id: int
    kind: MomentKind
    start_s: float
    end_s: float
    text: str | None
    boxes: list[list[float]] | None
    """Of on-screen text, where each line stands: [left, top, right, bottom] in [0, 1]."""
    matched: tuple[str, ...]
    """Those of the query's lexemes that its text has."""


class HitReader:
    """Reads what hits show; each method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def videos(self, ids: Collection[int]) -> dict[int, VideoRef]:
        """The videos with these ids that exist, by id."""
        statement = sa.text(
            "SELECT id, coalesce((SELECT min(path) FROM file WHERE video_id = video.id), ''), "
            "title, duration_s, video_codec IS NOT NULL, recorded_at "
            "FROM video WHERE id = ANY(:ids)"
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement, {"ids": sorted(ids)})
            return {row[0]: VideoRef(*row) for row in rows}

    def moments(self, ids: Collection[int], lexemes: Sequence[str] = ()) -> dict[int, MomentInfo]:
        """The moments with these ids that exist, by id."""
        statement = sa.text(
            "SELECT id, kind, start_s, end_s, text, boxes, ARRAY(SELECT lexeme "
            "FROM unnest(tsv) WHERE lexeme = ANY(:lexemes) ORDER BY positions[1]) "
            "FROM moment WHERE id = ANY(:ids)"
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement, {"ids": sorted(ids), "lexemes": list(lexemes)})
            return {
                row[0]: MomentInfo(row[0], MomentKind(row[1]), *row[2:6], tuple(row[6]))  # type: ignore[call-arg]
                for row in rows
            }

    def looks(self, scene_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
        """The difference hashes of the keyframes of these scenes, by scene; those without any are
        left out."""
        statement = sa.text(
            "SELECT scene_id, array_agg(look) FROM moment WHERE scene_id = ANY(:ids) "
            "AND look IS NOT NULL GROUP BY scene_id"
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement, {"ids": sorted(scene_ids)})
            return {row[0]: tuple(row[1]) for row in rows}
