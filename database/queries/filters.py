"""Filters as SQL, and the scan that suits them: exact where few scenes pass, along the index where
many do."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    WithJsonSchema,
    model_validator,
)

from database.forms import EachOnce, Form, Id, Seconds, is_storable
from database.models import MomentKind
from database.queries.forms import Phrase
from database.server.connection import Database
from database.tags import HAS_TAGS, MAX_TAG_CHARACTERS, MAX_TAGS, normal_tag

EXACT_SCENES = 2_000
"""Up to so many allowed scenes are all compared: faster than an index scan that has to skip most
of what it meets, and complete (docs/benchmarks.md)."""
EXACT_SCENES_OF_VIDEOS = 20_000
"""The same where whole videos are allowed: their vectors lie side by side."""


_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_DATE = re.compile(r"\s*\d{4}-\d\d-\d\d")
_LANGUAGE = r"^[a-z]{2,3}$"


def _language(code: str) -> str:
    if not re.fullmatch(_LANGUAGE, code):
        raise ValueError("a language is its code of two or three letters, such as en")
    return code


Language = Annotated[
    str, AfterValidator(_language), Field(json_schema_extra={"pattern": _LANGUAGE})
]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date lies in the years 1 to 9999, in UTC") from None


def _date(value: object) -> object:
    """What is written as a date: a number would be taken for seconds since 1970."""
    if isinstance(value, datetime) or _DATE.match(str(value)):
        return value
    raise ValueError("a date looks like 2026-11-25T22:30:00Z")


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_date)]


def _clock(value: object) -> time:
    try:
        clock = value if isinstance(value, time) else time.fromisoformat(str(value))
    except ValueError:
        raise ValueError("a time of day looks like 18:30") from None
    if clock.tzinfo is not None:
        raise ValueError("a time of day has no time zone")
    return clock


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["18:30"]}),
]


def _readable(tag: object) -> object:
    """A tag as it is kept; before its length is checked, since NFC may be shorter."""
    if not isinstance(tag, str):
        return tag
    if not is_storable(tag) or not normal_tag(tag):
        raise ValueError("a tag has characters that can be read")
    return normal_tag(tag)


TagName = Annotated[
    str, Field(min_length=1, max_length=MAX_TAG_CHARACTERS), BeforeValidator(_readable)
]
TagNames = Annotated[tuple[TagName, ...], Field(max_length=MAX_TAGS), EachOnce]


class Scan(StrEnum):
    """How the nearest moments of a leg are found."""

    INDEX = "hnsw"
    FILTERED_INDEX = "hnsw, iterative"
    EXACT = "exact"


class Filters(Form):
    """What a scene must satisfy; what is left out asks for nothing."""

    # The API's fields and the commands' options are made from these.

    video_ids: Annotated[tuple[Id, ...], Field(max_length=1000), EachOnce] | None = Field(
        default=None, description="Only the videos with these ids"
    )
    from_s: Seconds | None = Field(
        default=None, description="Only scenes that end later, in seconds"
    )
    to_s: Seconds | None = Field(
        default=None, description="Only scenes that start earlier, in seconds"
    )
    language: Language | None = Field(
        default=None, description="Only videos with speech in this language, ISO 639, such as en"
    )
    recorded_from: Moment | None = Field(
        default=None, description="Only videos recorded at or after this date"
    )
    recorded_to: Moment | None = Field(
        default=None, description="Only videos recorded before this date"
    )
    clock_from: Clock | None = Field(
        default=None,
        description="Only videos recorded at or after this time of day, in UTC",
    )
    clock_to: Clock | None = Field(
        default=None,
        description="Only videos recorded before this time of day; over midnight if it comes first",
    )
    min_duration_s: Seconds | None = Field(
        default=None, description="Only videos of at least so many seconds"
    )
    max_duration_s: Seconds | None = Field(
        default=None, description="Only videos of at most so many seconds"
    )
    kinds: Annotated[tuple[MomentKind, ...], Field(max_length=len(MomentKind)), EachOnce] = Field(
        default=(), description="Only scenes that have moments of each of these kinds"
    )
    tags: TagNames = Field(default=(), description="Only videos that have each of these tags")

    @model_validator(mode="after")
    def _ranges_hold_something(self) -> Self:
        least_s, greatest_s = self.min_duration_s, self.max_duration_s
        for what, start, end in (
            ("time", self.from_s, self.to_s),
            ("date", self.recorded_from, self.recorded_to),
        ):
            if start is not None and end is not None and end <= start:  # type: ignore[operator]
                raise ValueError(f"the {what} range is empty: its end must be after its start")
        if None not in (least_s, greatest_s) and least_s > greatest_s:  # type: ignore[operator]
            raise ValueError("the least duration must be at most the greatest")
        if self.clock_from is not None and self.clock_from == self.clock_to:
            raise ValueError("the time of day is empty: its end must differ from its start")
        return self


@dataclass(frozen=True)
class Conditions:
    """Filters, and what the words of a query demand, as tsqueries: the scene has a text that
    matches each of `required`, and none that matches any of `excluded`."""

    filters: Filters = field(default_factory=Filters)
    required: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    with_descriptions: bool = False
    """Whether what a model has said of the scene is such a text, too."""

    def of_videos(self) -> tuple[str, dict[str, object]]:
        """The condition over `video`, empty if there is none, and its parameters."""
        filters = self.filters
        video_ids = list(filters.video_ids) if filters.video_ids is not None else None
        parts, values = _given(
            ("video_ids", video_ids, "video.id = ANY(:video_ids)"),
            ("language", filters.language, "video.language = :language"),
            ("recorded_from", filters.recorded_from, "video.recorded_at >= :recorded_from"),
            ("recorded_to", filters.recorded_to, "video.recorded_at < :recorded_to"),
            ("min_duration_s", filters.min_duration_s, "video.duration_s >= :min_duration_s"),
            ("max_duration_s", filters.max_duration_s, "video.duration_s <= :max_duration_s"),
        )
        if filters.clock_from is not None or filters.clock_to is not None:
            parts.append(_clock_sql(filters.clock_from, filters.clock_to, values))
        if filters.tags:
            values["tags"] = list(filters.tags)
            parts.append(HAS_TAGS)
        return " AND ".join(parts), values

    def of_scenes(self) -> tuple[str, dict[str, object]]:
        """The condition over `scene`, empty if there is none, and its parameters."""
        parts, values = _given(
            ("from_s", self.filters.from_s, "scene.end_s > :from_s"),
            ("to_s", self.filters.to_s, "scene.start_s < :to_s"),
        )
        for number, kind in enumerate(self.filters.kinds):
            values[f"kind_{number}"] = kind.value
            parts.append(
                "EXISTS (SELECT FROM moment WHERE scene_id = scene.id "
                f"AND kind = CAST(:kind_{number} AS moment_kind))"
            )
        texts = "" if self.with_descriptions else "kind <> 'description' AND "
        for name, operator, phrases in (
            ("required", "IN", self.required),
            ("excluded", "NOT IN", self.excluded),
        ):
            for number, phrase in enumerate(phrases):
                tests = {
                    f"tsv @@ CAST(:{name}_{number} AS tsquery)": (f"{name}_{number}", phrase.query),
                    f"text ~* :{name}_{number}_typed": (
                        f"{name}_{number}_typed",
                        phrase.pattern,
                    ),
                }
                values.update(value for value in tests.values() if value[1])
                matches = " OR ".join(test for test, (_, value) in tests.items() if value)
                parts.append(
                    f"scene.id {operator} "
                    f"(SELECT scene_id FROM moment WHERE {texts}({matches or 'false'}))"
                )
        return " AND ".join(parts), values


def _given(*filters: tuple[str, object, str]) -> tuple[list[str], dict[str, object]]:
    """The conditions of those filters that have a value, and the values by name."""
    given = [(name, value, condition) for name, value, condition in filters if value is not None]
    return [condition for *_, condition in given], {name: value for name, value, _ in given}


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
    of_videos, values = conditions.of_videos()
    of_scenes, more = conditions.of_scenes()
    if not of_videos and not of_scenes:
        return Scan.INDEX
    most = EXACT_SCENES if of_scenes else EXACT_SCENES_OF_VIDEOS
    videos = f"FROM video WHERE missing_since IS NULL AND {of_videos or 'true'}"
    source = f"SELECT num_scenes AS num {videos}"
    if of_scenes:
        source = (
            f"SELECT 1 AS num FROM scene WHERE {of_scenes} AND video_id IN (SELECT id {videos})"
        )
    statement = f"SELECT sum(num) FROM ({source} LIMIT {most + 1}) AS allowed"
    allowed = database.gather(lambda part: part.rows(statement, values | more)[0][0] or 0)
    return Scan.EXACT if sum(allowed) <= most * len(allowed) else Scan.FILTERED_INDEX
