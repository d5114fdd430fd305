"""What a video holds, part by part: its scenes, and what is said in it. Each part is read by an
index: what it takes goes by its own size, not by the length of the video."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from database.errors import NotFound
from database.forms import MAX_ID
from database.models import MomentKind
from database.models.moments import DESCRIBED
from database.server.connection import Database

_EVERYTHING = 2**31 - 1
_LINES_AT_ONCE = 1000
_SCENES = """
    SELECT id, start_s, end_s, position FROM scene
    WHERE video_id = :video AND {which} ORDER BY position"""
_SHOWN = sa.text(f"""
    SELECT scene_id, kind, start_s, text, image_path, made_by FROM moment
    WHERE scene_id = ANY(:scenes) AND (kind IN ('keyframe', 'ocr') OR {DESCRIBED})
    ORDER BY start_s, id""")
_SPOKEN = """
    SELECT id, start_s, end_s, coalesce(text, '') AS text, language, track, {words} AS words
    FROM moment WHERE video_id = :video AND kind = 'speech' {which}
    ORDER BY start_s {order}, id {order} LIMIT :limit"""
_TRACKS = sa.text("""
    SELECT track FROM moment WHERE video_id = :video AND kind = 'speech' GROUP BY track
    ORDER BY track IS NOT NULL, min(start_s), min(id)""")


class Described(NamedTuple):
    """What a model says of the picture at a time."""

    time_s: float
    text: str
    made_by: str


@dataclass(frozen=True)
class SceneInfo:
    """A scene, [start_s, end_s), with its keyframes, on-screen text and descriptions; speech is not
    cut at the scenes and stands in the transcript."""

    id: int
    start_s: float
    end_s: float
    keyframes: tuple[tuple[float, str], ...]
    """(time in seconds, image path) of each, in the order of time."""
    on_screen_text: tuple[str, ...]
    position: int
    """From 0, in the order of time."""
    descriptions: tuple[Described, ...] = ()
    """In the order of time."""


class Place(NamedTuple):
    """Where a line stands in a transcript: the order of lines is that of their places."""

    start_s: float
    moment_id: int

    def __str__(self) -> str:
        return f"{self.start_s!r}-{self.moment_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that was written so. Raises ValueError."""
        start_s, _, moment_id = text.rpartition("-")
        try:
            place = cls(float(start_s), int(moment_id))
        except ValueError:
            place = cls(math.nan, 0)
        if not (0 <= place.start_s < math.inf and 0 <= place.moment_id <= MAX_ID):
            raise ValueError("take `next` of the page before")
        return place


@dataclass(frozen=True)
class SpokenText:
    """A piece of speech, [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    track: str | None = None
    words: tuple[tuple[int, float, float], ...] | None = None
    """(first, start_s, end_s) of each word (database/models); None where it is not known, or not
    asked for."""
    moment_id: int = 0

    @property
    def place(self) -> Place:
        """Where it stands in the transcript."""
        return Place(self.start_s, self.moment_id)


class Contents:
    """Reads scenes and transcripts; nothing of a video that does not exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scenes(self, video_id: int, *, after: int = 0, limit: int = _EVERYTHING) -> list[SceneInfo]:
        """The scenes of a video in the order of time, without the first `after`."""
        # Positions have no gaps; a range of them is read by its index whatever the planner knows.
        which = "position >= :after AND position < CAST(:after AS int8) + CAST(:limit AS int8)"
        return self._scenes(video_id, which, {"after": after, "limit": limit})

    def scenes_at(self, video_id: int, positions: Sequence[int]) -> list[SceneInfo]:
        """The scenes at these positions, from 0, in the order of time."""
        which = "position = ANY(:positions)"
        return self._scenes(video_id, which, {"positions": list(positions)})

    def span_of(self, scene_id: int) -> tuple[int, float, float]:
        """(id of its video, start_s, end_s) of a scene. Raises NotFound."""
        statement = sa.text("SELECT video_id, start_s, end_s FROM scene WHERE id = :scene")
        with self._database.holding("scene", scene_id).reading() as connection:
            scene = connection.execute(statement, {"scene": scene_id}).one_or_none()
        if scene is None:
            raise NotFound(f"there is no scene {scene_id}")
        return scene.video_id, scene.start_s, scene.end_s

    def num_scenes_begun(self, video_id: int, at_s: float) -> int:
        """How many scenes have begun at a time."""
        statement = sa.text(
            "SELECT count(*) FROM scene WHERE video_id = :video AND start_s <= :at_s"
        )
        with self._database.holding("video", video_id).reading() as connection:
            return connection.scalar(statement, {"video": video_id, "at_s": at_s}) or 0

    def _scenes(self, video_id: int, which: str, values: dict[str, object]) -> list[SceneInfo]:
        statement = sa.text(_SCENES.format(which=which))
        with self._database.holding("video", video_id).reading() as connection:
            scenes = connection.execute(statement, {"video": video_id, **values}).all()
            moments = connection.execute(_SHOWN, {"scenes": [scene.id for scene in scenes]})
            of_scene: dict[int, list[sa.Row[Any]]] = defaultdict(list)
            for moment in moments:
                of_scene[moment.scene_id].append(moment)
        return [_scene_info(scene, of_scene[scene.id]) for scene in scenes]

    def tracks(self, video_id: int) -> list[str | None]:
        """The names of the tracks that somebody speaks on: the one without a name first, the others
        in the order in which they are first heard."""
        with self._database.holding("video", video_id).reading() as connection:
            return list(connection.scalars(_TRACKS, {"video": video_id}))

    def spoken(
        self,
        video_id: int,
        *,
        after: Place | None = None,
        limit: int = _EVERYTHING,
        tracks: Collection[str | None] | None = None,
        with_words: bool = False,
    ) -> list[SpokenText]:
        """What is said, in the order of time, from the line after this place; on these tracks, or
        on all."""
        which, values = "", dict[str, object](limit=limit)
        if after is not None:
            which = "AND (start_s, id) > (:start_s, :moment_id)"
            values |= after._asdict()
        if tracks is not None:
            which += f" AND (track = ANY(:tracks){' OR track IS NULL' if None in tracks else ''})"
            values["tracks"] = [track for track in tracks if track is not None]
        return self._spoken(video_id, which, "ASC", values, with_words)

    def spoken_before(self, video_id: int, place: Place, limit: int) -> list[SpokenText]:
        """The last lines of all tracks before a place, in the order of time."""
        which = "AND (start_s, id) < (:start_s, :moment_id)"
        values = {**place._asdict(), "limit": limit}
        return self._spoken(video_id, which, "DESC", values)[::-1]

    def spoken_in_parts(
        self, video_id: int, tracks: Collection[str | None]
    ) -> Iterator[list[SpokenText]]:
        """All that is said on these tracks, with the times of words, part by part."""
        after: Place | None = None
        while part := self.spoken(
            video_id, after=after, limit=_LINES_AT_ONCE, tracks=tracks, with_words=True
        ):
            yield part
            after = part[-1].place

    def _spoken(
        self,
        video_id: int,
        which: str,
        order: str,
        values: dict[str, object],
        with_words: bool = False,
    ) -> list[SpokenText]:
        words = "words" if with_words else "NULL::jsonb"
        statement = sa.text(_SPOKEN.format(words=words, which=which, order=order))
        with self._database.holding("video", video_id).reading() as connection:
            return [
                SpokenText(
                    row.start_s,
                    row.end_s,
                    row.text,
                    row.language,
                    row.track,
                    _words(row.words),
                    row.id,
                )
                for row in connection.execute(statement, {"video": video_id, **values})
            ]


def _words(stored: list[list[float]] | None) -> tuple[tuple[int, float, float], ...] | None:
    if stored is None:
        return None
    return tuple((int(first), start_s, end_s) for first, start_s, end_s in stored)


def _scene_info(scene: sa.Row[Any], moments: Sequence[sa.Row[Any]]) -> SceneInfo:
    keyframes = [(m.start_s, m.image_path) for m in moments if m.kind == MomentKind.KEYFRAME]
    texts = [m.text for m in moments if m.kind == MomentKind.OCR]
    described = [
        Described(m.start_s, m.text, m.made_by) for m in moments if m.kind == MomentKind.DESCRIPTION
    ]
    return SceneInfo(
        id=scene.id,
        start_s=scene.start_s,
        end_s=scene.end_s,
        keyframes=tuple((time_s, path) for time_s, path in keyframes if path is not None),
        on_screen_text=tuple(text for text in texts if text is not None),
        position=scene.position,
        descriptions=tuple(described),
    )
