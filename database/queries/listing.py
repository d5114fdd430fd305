"""The videos of a library as a person looks through them: narrowed by words, state and tags, in
one of four orders, page by page."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, Field

from database.errors import NotFound
from database.forms import Form, is_storable
from database.models import VideoStatus
from database.queries.filters import TagNames
from database.server.connection import Database, Row
from database.tags import HAS_TAGS
from database.videos.read import Library, VideoInfo

MAX_WORDS = 8
_MOMENTS_COUNTED = 200_000
"""To count more would take longer than the list itself."""
_SPECIAL, _ESCAPED = r"([%_\\])", r"\\\1"
"""What LIKE would take for a pattern."""


def _words(text: str) -> str:
    if not is_storable(text):
        raise ValueError("this has characters that no name has")
    if len(text.split()) > MAX_WORDS:
        raise ValueError(f"{MAX_WORDS} words at most are looked for")
    return text


class VideoSort(StrEnum):
    """The order of a list of videos."""

    NEWEST = "newest"
    """What came last first."""
    TITLE = "title"
    DATE = "date"
    """Recorded last first; what has no date comes last."""
    DURATION = "duration"
    """The longest first."""


class Listing(Form):
    """What a list of videos shows; what is left out asks for nothing."""

    q: Annotated[str, Field(max_length=200), AfterValidator(_words)] = Field(
        default="", description="Only videos with each of these words in title, path or a tag"
    )
    status: VideoStatus | None = Field(
        default=None, description="Only videos that were looked at in whole, or in part"
    )
    tags: TagNames = Field(default=(), description="Only videos that have each of these tags")
    missing: bool | None = Field(
        default=None, description="Only videos whose files are missing, or only the others"
    )
    sort: VideoSort = VideoSort.NEWEST


@dataclass(frozen=True)
class ListedVideo:
    """A video with the scene whose still stands for it; None for one without pictures."""

    video: VideoInfo
    still_scene_id: int | None


@dataclass(frozen=True)
class VideoPage:
    """A page of a list of videos."""

    videos: tuple[ListedVideo, ...]
    total: int
    """Videos on all pages."""
    next: int | None
    """The video after which the next page begins; None on the last."""


@dataclass(frozen=True)
class Summary:
    """What a library holds in all."""

    num_videos: int
    num_partial: int
    num_missing: int
    duration_s: float
    num_scenes: int
    num_moments: int
    counts_all: bool
    """False where moments are so many that PostgreSQL's estimate stands for their number."""
    last_ingested_at: datetime | None
    """None for an empty library."""


_ORDERS = {
    VideoSort.NEWEST: ("ingested_at", "timestamptz", "DESC", "<"),
    VideoSort.TITLE: ("lower(title)", "text", "ASC", ">"),
    VideoSort.DATE: ("coalesce(recorded_at, '-infinity')", "timestamptz", "DESC", "<"),
    VideoSort.DURATION: ("duration_s", "float8", "DESC", "<"),
}
"""What each sorts by before the id, of which type, in which direction, and how what follows
compares."""


def _first_still(where: str) -> str:
    return (
        f"(SELECT scene.id FROM scene WHERE video_id = video.id AND position {where} "
        "AND EXISTS (SELECT FROM moment WHERE scene_id = scene.id AND kind = 'keyframe') "
        "ORDER BY position LIMIT 1)"
    )


# The first frames of a film are often black, or a title: a third of the way in something is shown.
_STILL = f"coalesce({_first_still('>= num_scenes / 3')}, {_first_still('< num_scenes / 3')})"


class VideoLists:
    """Reads lists of videos; each method sees one state of the library for each statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._library = Library(database)

    def page(self, listing: Listing, *, limit: int, after: int | None = None) -> VideoPage:
        """Videos of a list, from the one after the video `after`. Raises NotFound if that has
        gone: what follows it is not known any more."""
        with self._database.reading():
            place = None if after is None else self._place_of(listing, after)
            total, rows = self._database.steady(lambda: self._rows(listing, place, limit))
            stills = {row.id: row.still for row in rows}
            ids = list(stills)
            videos = self._library.videos(ids[:limit])
        return VideoPage(
            tuple(ListedVideo(video, stills[video.id]) for video in videos),
            total,
            ids[limit - 1] if len(ids) > limit else None,
        )

    def _place_of(self, listing: Listing, after: int) -> Row:
        """What a video is sorted by, and its id. Raises NotFound."""
        key, *_ = _ORDERS[listing.sort]
        statement = f"SELECT CAST({key} AS text), id FROM video WHERE id = :id"
        rows = self._database.holding("video", after).rows(statement, {"id": after})
        if not rows:
            raise NotFound(f"video {after} has gone from the library: begin the list anew")
        return rows[0]

    def _rows(
        self, listing: Listing, place: Row | None, limit: int
    ) -> tuple[int, list[sa.Row[Any]]]:
        """How many videos a list has, and the rows of a page of it and one more."""
        statement, values = _page_statement(listing, place)
        values["limit"] = limit + 1

        def read(part: Database) -> Sequence[sa.Row[Any]]:
            with part.reading() as connection:
                return connection.execute(statement, values).all()

        found = self._database.gather(read)
        rows = {row.id: row for own in found for row in own if row.id is not None}
        total = sum(own[0].total for own in found)
        if len(found) == 1:
            return total, list(rows.values())
        _, type_, direction, _ = _ORDERS[listing.sort]
        order = (
            "SELECT id FROM unnest(CAST(:keys AS text[]), CAST(:ids AS bigint[])) AS own (key, id) "
            f"ORDER BY CAST(key AS {type_}) {direction}, id {direction}"
        )
        keys = {"keys": [row.key for row in rows.values()], "ids": list(rows)}
        return total, [rows[row_id] for (row_id,) in self._database.home.rows(order, keys)]

    def summary(self) -> Summary:
        """Numbers of the whole library; quick whatever its size."""
        return _sum(self._database.gather(self._summary))

    def _summary(self, part: Database) -> Summary:
        videos = sa.text(
            "SELECT count(*) AS num, count(*) FILTER (WHERE status = 'partial') AS partial, "
            "count(*) FILTER (WHERE missing_since IS NOT NULL) AS missing, "
            "coalesce(sum(duration_s), 0) AS duration_s, coalesce(sum(num_scenes), 0) AS scenes, "
            "max(ingested_at) AS last FROM video"
        )
        counted = sa.text("SELECT count(*) FROM (SELECT FROM moment LIMIT :most) AS first_ones")
        estimate = sa.text("SELECT reltuples FROM pg_class WHERE oid = 'moment'::regclass")
        with part.reading() as connection:
            row = connection.execute(videos).one()
            num = connection.scalar(counted, {"most": _MOMENTS_COUNTED}) or 0
            counts_all = num < _MOMENTS_COUNTED
            if not counts_all:
                num = max(num, int(connection.scalar(estimate) or 0))
        return Summary(
            row.num,
            row.partial,
            row.missing,
            row.duration_s,
            row.scenes,
            num,
            counts_all,
            row.last,
        )


def _sum(found: Sequence[Summary]) -> Summary:
    """The numbers of all parts of a library."""
    if len(found) == 1:
        return found[0]
    return Summary(
        sum(own.num_videos for own in found),
        sum(own.num_partial for own in found),
        sum(own.num_missing for own in found),
        sum(own.duration_s for own in found),
        sum(own.num_scenes for own in found),
        sum(own.num_moments for own in found),
        all(own.counts_all for own in found),
        max((own.last_ingested_at for own in found if own.last_ingested_at), default=None),
    )


def _page_statement(listing: Listing, place: Row | None) -> tuple[sa.TextClause, dict[str, object]]:
    """The `limit` videos of a list after a place in it, each with its still, what it is sorted by
    as text, and the number of all, and the values of the statement; of an empty page, one row has
    that number."""
    key, type_, direction, comparison = _ORDERS[listing.sort]
    conditions, values = _conditions(listing)
    narrowed, videos = "", "video"
    if conditions:  # looked up once, though it is counted and sorted
        narrowed = f"WITH matching AS MATERIALIZED (SELECT id FROM video WHERE {conditions})"
        videos = "matching JOIN video USING (id)"
    following = ""
    if place is not None:
        after = f"(CAST(:after_key AS {type_}), CAST(:after_id AS bigint))"
        following = f"WHERE ({key}, id) {comparison} {after}"
        values["after_key"], values["after_id"] = place
    order = f"{direction}, id {direction}"
    statement = sa.text(
        f"{narrowed} SELECT total, id, still, CAST(key AS text) "
        f"FROM (SELECT count(*) AS total FROM {videos}) AS counted "
        f"LEFT JOIN (SELECT id, {_STILL} AS still, {key} AS key FROM {videos} {following} "
        f"ORDER BY {key} {order} LIMIT :limit) AS page ON true ORDER BY page.key {order}"
    )
    return statement, values


def _conditions(listing: Listing) -> tuple[str, dict[str, object]]:
    """What the rows of `video` of a list fulfil, empty for all of them, and its values."""
    parts: list[str] = []
    values: dict[str, object] = {}
    for number, word in enumerate(listing.q.split()):
        forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFD")}
        names = [f"word_{number}_{place}" for place in range(len(forms))]
        for name, form in zip(names, sorted(forms), strict=True):
            values[name] = f"%{re.sub(_SPECIAL, _ESCAPED, form)}%"
        parts.append(
            f"id IN (SELECT id FROM video WHERE {_holds('title', names)} "
            f"UNION ALL SELECT video_id FROM file WHERE {_holds('path', names)} "
            f"UNION ALL SELECT video_id FROM tag WHERE {_holds('name', names)})"
        )
    if listing.status is not None:
        values["status"] = listing.status.value
        parts.append("status = CAST(:status AS video_status)")
    if listing.missing is not None:
        parts.append(f"missing_since IS {'NOT NULL' if listing.missing else 'NULL'}")
    if listing.tags:
        values["tags"] = list(listing.tags)
        parts.append(HAS_TAGS)
    return " AND ".join(parts), values


def _holds(column: str, patterns: list[str]) -> str:
    """Whether a column is like one of these: disks keep names in either form of Unicode."""
    return " OR ".join(f"lower({column}) LIKE lower(:{pattern})" for pattern in patterns)
