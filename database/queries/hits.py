"""What hits show, read by id: moments, videos, and the looks of keyframes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from database.models import MomentKind
from database.queries.marks import Mark, find_marks
from database.server.connection import Database, Row
from database.videos.file_clock import PRESENTED, FileClock
from database.videos.places import FIRST_PATH

_MOMENTS = """
    SELECT id, kind, start_s, end_s, boxes, track, words, made_by, text, coalesce(language, 'en')
    FROM moment WHERE id = ANY(:ids)"""


@dataclass(frozen=True)
class VideoRef:
    """A video as a hit shows it."""

    id: int
    path: str
    """Of its places, the one that was ingested first."""
    title: str
    duration_s: float
    has_pictures: bool
    recorded_at: datetime | None
    width_px: int | None = None
    """As shown, after rotation."""
    height_px: int | None = None
    clock: FileClock = PRESENTED


@dataclass(frozen=True)
class SceneRef:
    """A scene, [start_s, end_s), as a query by example shows it."""

    id: int
    video_id: int
    title: str
    """Of its video."""
    start_s: float
    end_s: float
    has_pictures: bool


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
    """Those of the query's lexemes that its text has, in the order of the words; of a query that
    stands there as it was typed, its common words, too."""
    marks: tuple[tuple[int, int], ...] = ()
    """[start, end) in characters of its text: the words that have those lexemes."""
    mark_lexemes: tuple[str, ...] = ()
    """The lexeme of each mark."""
    track: str | None = None
    """The sound track or channel that speech was heard on (database/models)."""
    words: tuple[tuple[int, float, float], ...] = ()
    """Of speech, when each word is said (database/models); empty where that is not known."""
    made_by: str | None = None
    """Of a description, the model that wrote it (database/models)."""


class HitReader:
    """Reads what hits show; each method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def videos(self, ids: Collection[int]) -> dict[int, VideoRef]:
        """The videos with these ids that exist, by id."""
        statement = (
            f"SELECT id, coalesce({FIRST_PATH}, ''), "
            "title, duration_s, video_codec IS NOT NULL, recorded_at, width_px, height_px, clock "
            "FROM video WHERE id = ANY(:ids)"
        )
        rows = self._found(statement, ids, origin=self._database.origin)
        return {row[0]: replace(VideoRef(*row[:-1]), clock=FileClock.of(row[-1])) for row in rows}

    def scenes(self, ids: Collection[int]) -> dict[int, SceneRef]:
        """The scenes with these ids that exist, by id."""
        statement = (
            "SELECT scene.id, video_id, title, start_s, end_s, video_codec IS NOT NULL "
            "FROM scene JOIN video ON video.id = video_id WHERE scene.id = ANY(:ids)"
        )
        return {row[0]: SceneRef(*row) for row in self._found(statement, ids)}

    def moments(
        self, ids: Collection[int], lexemes: Sequence[str] = (), typed: str = ""
    ) -> dict[int, MomentInfo]:
        """The moments with these ids that exist, by id, with marks where their texts have these
        lexemes, or the whole of what was typed."""
        rows = self._found(_MOMENTS, ids)
        texts = [(text or "", language) for *_, text, language in rows]
        asked = lexemes or typed
        home = self._database.home
        marks = find_marks(home, texts, lexemes, typed) if asked else [()] * len(rows)
        return {row[0]: _moment(row, own) for row, own in zip(rows, marks, strict=True)}

    def looks(self, scene_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
        """The difference hashes of the keyframes of these scenes, by scene; those without any are
        left out."""
        statement = (
            "SELECT scene_id, array_agg(look) FROM moment WHERE scene_id = ANY(:ids) "
            "AND look IS NOT NULL GROUP BY scene_id"
        )
        return {scene_id: tuple(looks) for scene_id, looks in self._found(statement, scene_ids)}

    def _found(self, statement: str, ids: Collection[int], **values: object) -> list[Row]:
        return self._database.found(
            ids, lambda part, own: part.rows(statement, {**values, "ids": own})
        )


def _moment(row: tuple[Any, ...], marks: tuple[Mark, ...]) -> MomentInfo:
    moment_id, kind, start_s, end_s, boxes, track, words, made_by, text, _language = row
    return MomentInfo(
        moment_id,
        MomentKind(kind),
        start_s,
        end_s,
        text,
        boxes,
        tuple(dict.fromkeys(mark.lexeme for mark in marks)),
        tuple((mark.start, mark.end) for mark in marks),
        tuple(mark.lexeme for mark in marks),
        track,
        tuple((first, start_s, end_s) for first, start_s, end_s in words or ()),
        made_by,
    )
