"""Judgements of hits by people: kept by content and time, so that they outlive an ingest."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from database.errors import NotFound
from database.models import Scene
from database.server.connection import Database
from database.videos.places import FIRST_PATH


@dataclass(frozen=True)
class Judged:
    """A span [start_s, end_s) of a video, and whether it is what a query means."""

    query: str
    path: str
    """Of the video: of its places, the one that was ingested first."""
    start_s: float
    end_s: float
    relevant: bool


class Judgements:
    """The table `judgement`; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, query: str, right: Collection[int], wrong: Collection[int]) -> None:
        """Scenes, by their ids, that are what a query means, and those that are not, instead of
        what was said of them before; one in both is right. Raises NotFound, and keeps nothing, if
        one does not exist."""
        said = {**dict.fromkeys(wrong, False), **dict.fromkeys(right, True)}
        statement = sa.text(
            "INSERT INTO judgement (query, query_hash, content_hash, start_s, end_s, relevant) "
            "SELECT :query, :query_hash, content_hash, start_s, end_s, :relevant "
            "FROM scene JOIN video ON video.id = video_id WHERE scene.id = :scene "
            "ON CONFLICT (query_hash, content_hash, start_s, end_s) "
            "DO UPDATE SET relevant = excluded.relevant, judged_at = now()"
        )
        known = "SELECT id FROM scene WHERE id = ANY(:ids)"
        rows = self._database.found(said, lambda part, own: part.rows(known, {"ids": own}))
        for scene in sorted(said.keys() - {row[0] for row in rows}):
            raise NotFound(f"there is no scene {scene}")
        key = {"query": query, "query_hash": _hash(query)}

        def save(part: Database) -> None:
            with part.session() as session:
                for scene, relevant in said.items():
                    session.execute(statement, {**key, "relevant": relevant, "scene": scene})

        self._database.gather(save)

    def forget(self, query: str, scene: int) -> None:
        """Takes back what was said of a scene for a query, if anything was. Raises NotFound for a
        scene that does not exist."""
        statement = sa.text(
            "DELETE FROM judgement USING scene JOIN video ON video.id = video_id "
            "WHERE scene.id = :scene AND query_hash = :query_hash "
            "AND judgement.content_hash = video.content_hash "
            "AND (judgement.start_s, judgement.end_s) = (scene.start_s, scene.end_s)"
        )
        with self._database.holding("scene", scene).session() as session:
            if session.scalar(sa.select(Scene.id).where(Scene.id == scene)) is None:
                raise NotFound(f"there is no scene {scene}")
            session.execute(statement, {"query_hash": _hash(query), "scene": scene})

    def all(self) -> Sequence[Judged]:
        """By query, then in the order in which they were made; only of videos that the library
        has a path of."""
        statement = sa.text(
            f"SELECT query, {FIRST_PATH} AS path, "
            "start_s, end_s, relevant, judged_at FROM judgement JOIN video USING (content_hash) "
            "ORDER BY query, judged_at, path, start_s"
        )

        def read(part: Database) -> list[tuple[str, datetime, Judged]]:
            with part.session() as session:
                rows = session.execute(statement, {"origin": part.origin})
                return [(row[0], row[5], Judged(*row[:5])) for row in rows if row[1] is not None]

        found = self._database.gather(read)
        every = [each for own in found for each in own]
        if len(found) > 1:
            every.sort(key=lambda each: each[:2])
        return [judged for *_, judged in every]


def _hash(query: str) -> bytes:
    return hashlib.sha256(query.encode()).digest()
