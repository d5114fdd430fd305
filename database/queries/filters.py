"""What a scene must satisfy, and how a search goes about it: exactly where few scenes do, along
the index where many do."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

import sqlalchemy as sa

from database.models import MomentKind
from database.server.connection import Database
from database.tags import normal_tag

EXACT_SCENES = 2_000
"""Up to so many allowed scenes are all compared: faster than an index scan that has to skip most
of what it meets, and complete (docs/benchmarks.md)."""


class Scan(StrEnum):
    """How the nearest moments of a leg are found."""

    INDEX = "hnsw"
    FILTERED_INDEX = "hnsw, iterative"
    EXACT = "exact"


@dataclass(frozen=True)
class Filters:
    """What a scene must satisfy; None, or nothing, asks for nothing."""

    video_ids: tuple[int, ...] | None = None
    from_s: float | None = None
    """The scene ends after this time."""
    to_s: float | None = None
    """The scene starts before this time."""
    language: str | None = None
    """Of the video's speech, ISO 639-1."""
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None
    """The video was recorded in [recorded_from, recorded_to)."""
    clock_from: time | None = None
    clock_to: time | None = None
    """It was recorded at a time of day in [clock_from, clock_to), by the database's time zone;
    over midnight if clock_to comes first."""
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    """Of the video, both included."""
    kinds: tuple[MomentKind, ...] = ()
    """The scene has moments of each of these kinds."""
    tags: tuple[str, ...] = ()
    """The video has each of these tags."""


@dataclass(frozen=True)
class Conditions:
    """Filters, and what the words of a query demand, as tsqueries: the scene has a text that
    matches each of `required`, and none that matches any of `excluded`."""

    filters: Filters = Filters()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def sql(self) -> tuple[str, dict[str, object]]:
        """A condition over `scene` and `video`, empty if nothing is asked, and its parameters."""
        parts: list[str] = []
        values: dict[str, object] = {}
        asked = self.filters
        video_ids = list(asked.video_ids) if asked.video_ids is not None else None
        for name, value, condition in (
            ("video_ids", video_ids, "video.id = ANY(:video_ids)"),
            ("from_s", asked.from_s, "scene.end_s > :from_s"),
            ("to_s", asked.to_s, "scene.start_s < :to_s"),
            ("language", asked.language, "video.language = :language"),
            ("recorded_from", asked.recorded_from, "video.recorded_at >= :recorded_from"),
            ("recorded_to", asked.recorded_to, "video.recorded_at < :recorded_to"),
            ("min_duration_s", asked.min_duration_s, "video.duration_s >= :min_duration_s"),
            ("max_duration_s", asked.max_duration_s, "video.duration_s <= :max_duration_s"),
        ):
            if value is not None:
                parts.append(condition)
                values[name] = value
        if asked.clock_from is not None or asked.clock_to is not None:
            parts.append(_clock_sql(asked.clock_from, asked.clock_to, values))
        for number, kind in enumerate(asked.kinds):
            values[f"kind_{number}"] = kind.value
            parts.append(
                "EXISTS (SELECT FROM moment WHERE scene_id = scene.id "
                f"AND kind = CAST(:kind_{number} AS moment_kind))"
            )
        if asked.tags:
            values["tags"] = sorted({normal_tag(tag) for tag in asked.tags})
            parts.append(
                "(SELECT count(*) FROM tag WHERE video_id = video.id AND name = ANY(:tags)) "
                "= cardinality(:tags)"
            )
        for name, operator, queries in (
            ("required", "IN", self.required),
            ("excluded", "NOT IN", self.excluded),
        ):
            for number, query in enumerate(queries):
                values[f"{name}_{number}"] = query
                parts.append(
                    f"scene.id {operator} (SELECT scene_id FROM moment "
                    f"WHERE tsv @@ CAST(:{name}_{number} AS tsquery))"
                )
        return " AND ".join(parts), values


def _clock_sql(start: time | None, end: time | None, values: dict[str, object]) -> str:
    values["clock_from"] = start or time.min
    values["clock_to"] = end if end not in (None, time.min) else time.max  # midnight ends a day
    both = "AND" if values["clock_from"] <= values["clock_to"] else "OR"  # type: ignore[operator]
    return (
        "(CAST(video.recorded_at AS time) >= :clock_from "
        f"{both} CAST(video.recorded_at AS time) < :clock_to)"
    )


def choose_scan(database: Database, conditions: Conditions) -> Scan:
    """How to search under these conditions: by how many scenes satisfy them."""
    condition, values = conditions.sql()
    if not condition:
        return Scan.INDEX
    statement = sa.text(
        "SELECT count(*) FROM (SELECT FROM scene JOIN video ON video.id = scene.video_id "
        f"WHERE {condition} LIMIT {EXACT_SCENES + 1}) AS allowed"
    )
    with database.reading() as connection:
        allowed = connection.scalar(statement, values) or 0
    return Scan.EXACT if allowed <= EXACT_SCENES else Scan.FILTERED_INDEX
