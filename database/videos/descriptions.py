"""Descriptions of keyframes: which keyframes have none, found by a query, and how they are stored.

A keyframe has a description where one stands at its time and names its picture.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.models import MomentKind
from database.server.connection import Database
from database.spaces.coverage import count_video
from database.videos.records import MomentRecord
from database.videos.rows import copy_moments, spaces_gone
from embeddings.space import Input

_TEXT_PART = 0.1
"""The part of a picture that lines of text cover where it is full of text: two lines of subtitles
cover less, the points of a slide more."""
_STILLS = """
    FROM moment AS still JOIN video ON video.id = still.video_id
    WHERE still.kind = 'keyframe' AND still.image_path IS NOT NULL AND missing_since IS NULL"""
_OF_VIDEO = "AND (:video IS NULL OR still.video_id = :video)"
_DESCRIBED = """EXISTS (
        SELECT FROM moment AS said WHERE said.made_by IS NOT NULL
            AND said.video_id = still.video_id AND said.start_s = still.start_s
            AND said.image_path = still.image_path)"""
_VIDEO = sa.bindparam("video", type_=sa.BigInteger)
NUM_DESCRIBED = f"SELECT count(*), count(*) FILTER (WHERE {_DESCRIBED}) {_STILLS}"
"""How many keyframes there are, and how many of them are described."""
_COUNT = sa.text(f"{NUM_DESCRIBED} {_OF_VIDEO}").bindparams(_VIDEO)
_MISSING = sa.text(f"""
    SELECT still.id, still.video_id, still.start_s, still.end_s, still.image_path, still.look,
        (SELECT coalesce(sum(
                (CAST(line -> 2 AS float8) - CAST(line -> 0 AS float8))
                * (CAST(line -> 3 AS float8) - CAST(line -> 1 AS float8))), 0)
            FROM moment AS written, jsonb_array_elements(written.boxes) AS line
            WHERE written.scene_id = still.scene_id AND written.kind = 'ocr'
                AND written.video_id = still.video_id
                AND written.start_s <= still.start_s AND written.end_s > still.start_s)
            >= {_TEXT_PART} AS is_text
    {_STILLS} {_OF_VIDEO}
        AND (still.video_id, still.id) > (:after_video, :after) AND NOT {_DESCRIBED}
    ORDER BY still.video_id, still.id LIMIT :limit""").bindparams(_VIDEO)
_SAID = sa.text("""
    SELECT still.id, still.video_id, still.start_s, still.end_s, still.image_path, still.look,
        said.text, said.made_by
    FROM moment AS said JOIN moment AS still ON still.video_id = said.video_id
        AND still.start_s = said.start_s AND still.image_path = said.image_path
        AND still.kind = 'keyframe'
    WHERE said.video_id = :video AND said.made_by IS NOT NULL
    ORDER BY said.start_s, said.id""")
_LOCK = "SELECT FROM video WHERE id = %s FOR NO KEY UPDATE"
"""Who describes the same video, or makes it anew, waits here, and then sees what became of it; the
row of a video comes before its moments wherever both are locked."""
_UNDESCRIBED = f"""
    SELECT id, scene_id FROM moment AS still
    WHERE still.video_id = %s AND still.id = ANY(%s) AND NOT {_DESCRIBED}"""
_NEW_ANSWERS = "UPDATE video SET notes = notes WHERE id = %s"
"""Which has the version of the library counted: what was answered before is not what is now."""


@dataclass(frozen=True)
class Still:
    """A keyframe, [start_s, end_s), that has no description."""

    id: int
    video_id: int
    start_s: float
    end_s: float
    image_path: str
    look: int | None
    is_text: bool = False
    """Whether it is full of text, as far as that was read."""
    text: str | None = None
    """A keyframe has none."""


@dataclass(frozen=True)
class NumDescribed:
    """How many keyframes have a description, of how many."""

    described: int
    keyframes: int

    @property
    def missing(self) -> int:
        """Those that have none."""
        return self.keyframes - self.described


class DescriptionStore:
    """Each method is one transaction; videos whose files are missing are left out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, video_id: int | None = None) -> NumDescribed:
        """Of all videos, or of one."""

        def count(part: Database) -> tuple[int, int]:
            with _patient(part) as session:
                keyframes, described = session.execute(_COUNT, {"video": video_id}).one()
                return keyframes, described

        keyframes, described = map(sum, zip(*self._database.gather(count), strict=True))
        return NumDescribed(described, keyframes)

    def missing(
        self, *, limit: int, after: tuple[int, int] = (0, 0), video_id: int | None = None
    ) -> list[Still]:
        """Keyframes without a description, by the ids of video and moment, from the one after
        `after`."""
        values = {"video": video_id, "after_video": after[0], "after": after[1], "limit": limit}
        with _patient(self._database) as session:
            return [Still(*row) for row in session.execute(_MISSING, values)]

    def described(self, video_id: int) -> list[tuple[Still, str, str]]:
        """The keyframes of a video that are described: each with the text and the model."""
        with self._database.holding("video", video_id).reading() as connection:
            rows = connection.execute(_SAID, {"video": video_id})
            return [(Still(*still), text, made_by) for *still, text, made_by in rows]

    def save(
        self,
        video_id: int,
        stills: Sequence[Still],
        moments: Sequence[MomentRecord],
        spaces: Collection[str],
    ) -> int:
        """The descriptions of keyframes of one video, in their order, with the vectors of `spaces`;
        how many, without those of keyframes that are gone, or that somebody else has described.

        Raises SpacesChanged if an active space of descriptions is not among `spaces`, ValueRefused.
        """
        with self._database.connection() as connection:
            gone = spaces_gone(connection, spaces, Input.DESCRIPTION)
            connection.execute(_LOCK, (video_id,))
            ids = [still.id for still in stills]
            scenes = dict(connection.execute(_UNDESCRIBED, (video_id, ids)).fetchall())
            there = [i for i, still in enumerate(stills) if still.id in scenes]
            scene_ids = [scenes[stills[i].id] for i in there]
            placed = [replace(moments[i], scene=number) for number, i in enumerate(there)]
            copy_moments(connection, video_id, placed, scene_ids, gone)
            _has_changed(connection, video_id)
            return len(placed)

    def drop(self, video_id: int | None = None) -> int:
        """Removes the descriptions of all videos, or of one, missing ones too, with their vectors;
        how many."""
        which = "kind = 'description' AND made_by IS NOT NULL"
        with self._database.connection() as connection:
            videos = connection.execute(
                f"SELECT DISTINCT video_id FROM moment WHERE {which} "
                "AND (%(video)s::bigint IS NULL OR video_id = %(video)s) ORDER BY video_id",
                {"video": video_id},
            ).fetchall()
            num = 0
            for (each,) in videos:
                connection.execute(_LOCK, (each,))
                removed = connection.execute(
                    f"DELETE FROM moment WHERE video_id = %s AND {which}", (each,)
                )
                num += removed.rowcount
                _has_changed(connection, each)
            return num


@contextmanager
def _patient(part: Database) -> Iterator[Session]:
    """A transaction without a time limit: a large library has many keyframes to look at."""
    with part.session() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        yield session


def _has_changed(connection: psycopg.Connection[Any], video_id: int) -> None:
    count_video(connection, video_id)
    connection.execute(_NEW_ANSWERS, (video_id,))


def description_of(still: Still, text: str, made_by: str) -> MomentRecord:
    """The moment of a description, without vectors; `save` finds its scene."""
    return MomentRecord(
        scene=0,
        kind=MomentKind.DESCRIPTION,
        start_s=still.start_s,
        end_s=still.end_s,
        text=text,
        language="en",
        image_path=still.image_path,
        made_by=made_by,
    )
