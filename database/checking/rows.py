"""What is wrong with rows, found by queries, a page of videos at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from database.checking.checked import Checked, printable
from database.checking.faults import Finding, Kind
from database.models import SpaceState
from database.spaces.coverage import KINDS
from database.spaces.spaces import Spaces

BAD_VECTOR = "(vector_dims(vector) <> dim OR abs(l2_norm(vector) - 1) > 0.02)"
"""Of rows of `embedding` and `space`. What is not a number counts as larger than any."""
NO_OUTCOME = (
    "((file.status IN ('done', 'partial')) <> (file.video_id IS NOT NULL) "
    "OR (file.status <> 'done' AND file.reason IS NULL))"
)
"""Of rows of `file`."""
_WANTED = " OR ".join(
    f"(space.input = '{takes}' AND moment.kind IN ({', '.join(repr(k.value) for k in kinds)}))"
    for takes, kinds in KINDS.items()
)
_IS_HERE = (
    "EXISTS (SELECT FROM file WHERE file.video_id = {video} AND origin = :origin "
    "AND missing_since IS NULL)"
)
"""Of a video that a file of this host leads to: another one is for its own host to mend, and one
that is missing is looked at when it is found again."""


@dataclass(frozen=True)
class _Wrong:
    """Rows that are wrong, as a query of the ids of their videos and of what is told with them."""

    query: str
    is_anybodys: bool = False
    """Whether it is for every host to mend."""


_WRONG = {
    Kind.UNSETTLED: _Wrong(
        # One that no file leads to is missing at some time, too, and an orphan.
        "SELECT video.id AS video_id, '' AS space FROM video JOIN (SELECT file.video_id, "
        "CASE WHEN bool_and(missing_since IS NOT NULL) THEN max(missing_since) END AS since "
        "FROM file WHERE file.video_id IS NOT NULL GROUP BY file.video_id) AS told "
        "ON told.video_id = video.id WHERE video.missing_since IS DISTINCT FROM since",
        is_anybodys=True,
    ),
    Kind.ORPHAN: _Wrong(
        "SELECT video.id AS video_id, '' AS space FROM video "
        "WHERE NOT EXISTS (SELECT FROM file WHERE file.video_id = video.id)",
        is_anybodys=True,
    ),
    Kind.TWO_VIDEOS: _Wrong(
        "SELECT max(video.id) AS video_id, '' AS space FROM video GROUP BY content_hash "
        "HAVING count(*) > 1",
        is_anybodys=True,
    ),
    Kind.SCENES: _Wrong(
        "SELECT video.id AS video_id, '' AS space FROM video "
        "WHERE num_scenes <> (SELECT count(*) FROM scene WHERE scene.video_id = video.id)"
    ),
    Kind.BACKWARDS: _Wrong(
        "SELECT scene.video_id, '' AS space FROM scene WHERE end_s < start_s UNION ALL "
        "SELECT moment.video_id, '' AS space FROM moment WHERE end_s < start_s"
    ),
    Kind.TRACKLESS: _Wrong(
        "SELECT moment.video_id, '' AS space FROM moment WHERE kind = 'subtitle' AND NOT EXISTS "
        "(SELECT FROM subtitle_track AS own WHERE own.video_id = moment.video_id "
        "AND own.name IS NOT DISTINCT FROM moment.track)"
    ),
    Kind.TWO_VECTORS: _Wrong(
        "SELECT embedding.video_id, space FROM embedding "
        "GROUP BY embedding.video_id, moment_id, space HAVING count(*) > 1",
        is_anybodys=True,
    ),
    Kind.VECTOR_BAD: _Wrong(
        "SELECT embedding.video_id, space FROM embedding JOIN space ON space.key = embedding.space "
        f"WHERE {BAD_VECTOR}"
    ),
    # A space that fills may not have been counted yet.
    Kind.MISCOUNTED: _Wrong(
        "SELECT video.id AS video_id, '' AS space FROM video WHERE EXISTS (SELECT FROM space "
        "LEFT JOIN coverage ON coverage.space = key AND coverage.video_id = video.id "
        "WHERE (state = 'active' OR wanted IS NOT NULL) AND (wanted IS DISTINCT FROM "
        f"(SELECT count(*) FROM moment WHERE moment.video_id = video.id AND ({_WANTED})) "
        "OR embedded IS DISTINCT FROM (SELECT count(*) FROM embedding "
        "WHERE embedding.video_id = video.id AND embedding.space = key)))",
        is_anybodys=True,
    ),
    Kind.VECTOR_LACKING: _Wrong(
        f"SELECT moment.video_id, key AS space FROM moment JOIN space ON {_WANTED} "
        "WHERE state = 'active' AND NOT EXISTS (SELECT FROM embedding "
        "WHERE embedding.video_id = moment.video_id AND moment_id = moment.id "
        "AND embedding.space = key)"
    ),
}
_PAGE = """
    SELECT wrong.*, content_hash, coalesce(
        (SELECT path FROM file WHERE file.video_id = wrong.video_id
            ORDER BY origin <> :origin, missing_since IS NOT NULL, seen_at, path LIMIT 1),
        title) AS shown
    FROM (SELECT video_id, space, count(*) AS number FROM ({query}) AS each
        WHERE (video_id, space) > (:video, :space) AND {which}
        GROUP BY video_id, space ORDER BY video_id, space LIMIT :limit) AS wrong
    JOIN video ON video.id = wrong.video_id ORDER BY video_id, space"""
_FILES = f"""
    SELECT path, video_id FROM file
    WHERE origin = :origin AND path > :path AND {NO_OUTCOME} ORDER BY path LIMIT :limit"""


def wrong_rows(checked: Checked, kind: Kind) -> Iterator[Finding]:
    """The videos with rows that are wrong in this way, by their ids; with the space that they are
    wrong in, if there is one."""
    wrong = _WRONG[kind]
    which = "true" if wrong.is_anybodys else _IS_HERE.format(video="each.video_id")
    query = _PAGE.format(query=wrong.query, which=which)
    first: dict[str, object] = {"video": 0, "space": ""}
    for page in checked.pages(query, first, _key):
        for row in page:
            yield _finding(kind, row)


def files_without_outcome(checked: Checked) -> Iterator[Finding]:
    """The files of this host of which it is not known what became of them."""
    for page in checked.pages(_FILES, {"path": ""}, lambda row: {"path": row.path}):
        for row in page:
            name = printable(row.path)
            yield Finding(Kind.NO_OUTCOME, name, path=row.path, video_id=row.video_id)


def spaces_without_index(checked: Checked) -> Iterator[Finding]:
    """The spaces whose vectors are all read by each search."""
    spaces = Spaces(checked.database)
    for key, space in spaces.all().items():
        if space.state is SpaceState.ACTIVE and spaces.lacks_index(key):
            yield Finding(Kind.NO_INDEX, key, space=key)


def named_video(video_id: int, path: str, number: int = 1, space: str = "") -> str:
    """A video, for people, with how much of it is wrong, if that is not clear by itself."""
    told = f"video {video_id} ({printable(path)})"
    if space:
        return f"{told}: {number:,} in {space}"
    return told if number == 1 else f"{told}: {number:,}"


def _key(row: sa.Row[Any]) -> dict[str, object]:
    return {"video": row.video_id, "space": row.space}


def _finding(kind: Kind, row: sa.Row[Any]) -> Finding:
    name = named_video(row.video_id, row.shown, row.number, row.space)
    return Finding(kind, name, row.number, row.video_id, content=row.content_hash, space=row.space)
