"""The moments that a space should hold, and those of them that it lacks: a query, not a flag, so
that an interrupted backfill goes on where it stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.models import MomentKind, StoredSpace
from database.spaces.partitions import partition_name
from embeddings.space import Input, Space

KINDS = {
    # What a video is called is matched by its words alone: by what names mean, first scenes came
    # before those that say what is asked (docs/ranking.md).
    Input.TEXT: (MomentKind.SPEECH, MomentKind.OCR, MomentKind.SUBTITLE, MomentKind.CHAPTER),
    Input.IMAGE: (MomentKind.KEYFRAME,),
    Input.CLIP: (MomentKind.SPAN,),
    Input.DESCRIPTION: (MomentKind.DESCRIPTION,),
}
"""The moments that a space embeds, by its input."""


@dataclass(frozen=True)
class Coverage:
    """How many moments a space holds, of how many that it should."""

    embedded: int
    wanted: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.embedded >= self.wanted


@dataclass(frozen=True)
class MissingMoment:
    """A moment that a space should hold and does not, [start_s, end_s)."""

    id: int
    video_id: int
    start_s: float
    end_s: float
    text: str | None
    image_path: str | None


Place = tuple[int, int]
"""The ids of a video and of a moment of it: where in a library a moment lies."""
FIRST: Place = (0, 0)
LAST: Place = (2**63 - 1, 2**63 - 1)


@dataclass(frozen=True)
class MomentRange:
    """The moments that lie behind `after` and up to `until`."""

    after: Place
    until: Place


EVERYWHERE = MomentRange(FIRST, LAST)

_WANTED = " OR ".join(
    f"(input = '{takes}' AND kind IN ({', '.join(repr(kind.value) for kind in kinds)}))"
    for takes, kinds in KINDS.items()
)
_COUNT = f"""
    INSERT INTO coverage (video_id, space, wanted, embedded)
    SELECT video.id, space.key,
        (SELECT count(*) FROM moment WHERE video_id = video.id AND ({_WANTED})),
        (SELECT count(*) FROM embedding
            WHERE video_id = video.id AND embedding.space = space.key)
    FROM video CROSS JOIN space WHERE video.id = %s
    ON CONFLICT (space, video_id)
        DO UPDATE SET wanted = excluded.wanted, embedded = excluded.embedded"""
_COUNT_NEW = """
    WITH page AS (SELECT id FROM video WHERE id > :after ORDER BY id LIMIT :limit FOR KEY SHARE),
    counted AS (
        INSERT INTO coverage (video_id, space, wanted, embedded)
        SELECT page.id, :key,
            coalesce(alike.wanted, (SELECT count(*) FROM moment
                WHERE video_id = page.id AND kind = ANY(CAST(:kinds AS moment_kind[])))),
            (SELECT count(*) FROM {partition} AS own WHERE own.video_id = page.id)
        FROM page LEFT JOIN coverage AS alike ON alike.video_id = page.id AND alike.space = :alike
        ON CONFLICT DO NOTHING)
    SELECT max(id) FROM page"""
_AT_ONCE = 5000
"""Videos that are counted in one transaction."""


def count_video(connection: psycopg.Connection[Any], video_id: int) -> None:
    """Counts the coverage of a video anew, at the end of a transaction that has changed it."""
    # Whoever counts it too has ended then, and what it has stored is seen by the next statement.
    connection.execute(
        "SELECT FROM coverage WHERE video_id = %s ORDER BY space FOR UPDATE", (video_id,)
    )
    connection.execute(_COUNT, (video_id,))


def count_embedded(
    connection: psycopg.Connection[Any], key: str, moment_ids: Sequence[int]
) -> None:
    """Counts what a space holds of the videos of these moments, each video once, at the end of a
    transaction that has put their vectors there."""
    videos = connection.execute(
        "SELECT video_id FROM coverage WHERE space = %s AND video_id IN "
        "(SELECT video_id FROM moment WHERE id = ANY(%s)) ORDER BY video_id FOR UPDATE",
        (key, list(moment_ids)),
    ).fetchall()
    connection.execute(
        f"UPDATE coverage SET embedded = (SELECT count(*) FROM {partition_name(key)} AS own "
        "WHERE own.video_id = coverage.video_id) WHERE space = %s AND video_id = ANY(%s)",
        (key, [video_id for (video_id,) in videos]),
    )


def count_new(session: Session, space: Space, after: int) -> int | None:
    """Counts the next videos by id in a space, as far as they never were: the last id of them, None
    at the end."""
    statement = sa.text(_COUNT_NEW.format(partition=partition_name(space.key)))
    alike = sa.select(StoredSpace.key).where(
        StoredSpace.input == space.input.value, StoredSpace.key != space.key
    )
    values = {
        "key": space.key,
        "alike": session.scalar(alike.order_by(StoredSpace.key).limit(1)),
        "kinds": [kind.value for kind in KINDS[space.input]],
        "after": after,
        "limit": _AT_ONCE,
    }
    last: int | None = session.scalar(statement, values)
    return last


def read_coverage(session: Session, key: str) -> Coverage:
    """Both numbers of all videos that are there; missing ones wait until they are found again."""
    statement = sa.text(
        "SELECT coalesce(sum(embedded), 0), coalesce(sum(wanted), 0) FROM coverage "
        "JOIN video ON video.id = video_id WHERE space = :key AND missing_since IS NULL"
    )
    embedded, wanted = session.execute(statement, {"key": key}).one()
    return Coverage(embedded, wanted)


def count_wanted(session: Session, takes: Input) -> int:
    """Moments of the kinds that such input is made of, of all videos that are there."""
    alike = sa.select(StoredSpace.key).where(StoredSpace.input == takes.value)
    key = session.scalar(alike.order_by(StoredSpace.key).limit(1))
    if key is not None:
        return read_coverage(session, key).wanted
    statement = sa.text(
        "SELECT count(*) FROM moment JOIN video ON video.id = video_id "
        "WHERE kind = ANY(CAST(:kinds AS moment_kind[])) AND missing_since IS NULL"
    )
    return session.scalar(statement, {"kinds": [kind.value for kind in KINDS[takes]]}) or 0


def is_counted(session: Session, key: str) -> bool:
    """Whether every video was counted in a space. From then on it stays so: a video that comes is
    counted in all spaces by whoever stores it."""
    statement = sa.text(
        "SELECT NOT EXISTS (SELECT FROM video WHERE NOT EXISTS "
        "(SELECT FROM coverage WHERE video_id = video.id AND space = :key))"
    )
    return bool(session.scalar(statement, {"key": key}))


def lacks_moments(session: Session, key: str) -> bool:
    """Whether a space lacks a moment of a video that is there and was counted."""
    statement = sa.text(
        "SELECT EXISTS (SELECT FROM coverage JOIN video ON video.id = video_id "
        "WHERE space = :key AND embedded < wanted AND missing_since IS NULL)"
    )
    return bool(session.scalar(statement, {"key": key}))


def missing_moments(
    session: Session,
    space: StoredSpace,
    *,
    limit: int,
    within: MomentRange = EVERYWHERE,
    video_id: int | None = None,
) -> list[MissingMoment]:
    """The first `limit`, by the ids of video and moment, of a range; of one video only, if it is
    given, and of none that is missing."""
    statement = sa.text(
        "SELECT moment.id, moment.video_id, moment.start_s, moment.end_s, text, image_path "
        f"{_missing(space.key)} "
        "AND (CAST(:video_id AS bigint) IS NULL OR moment.video_id = :video_id) "
        "ORDER BY moment.video_id, moment.id LIMIT :limit"
    )
    values = {**_range_values(space, within), "video_id": video_id, "limit": limit}
    return [MissingMoment(*found) for found in session.execute(statement, values)]


def missing_ranges(session: Session, space: StoredSpace, size: int) -> list[MomentRange]:
    """All that a space lacks, in ranges of `size` moments that it lacks, and what is left."""
    statement = sa.text(
        "SELECT video_id, id FROM (SELECT moment.video_id, moment.id, "
        f"row_number() OVER (ORDER BY moment.video_id, moment.id) AS n {_missing(space.key)}) "
        "AS numbered WHERE n % :size = 0 ORDER BY video_id, id"
    )
    values = {**_range_values(space, EVERYWHERE), "size": size}
    ends = [(int(video), int(moment)) for video, moment in session.execute(statement, values)]
    return [MomentRange(*each) for each in pairwise([FIRST, *ends, LAST])]


def _missing(key: str) -> str:
    """What a space lacks of a range, after the columns that are selected."""
    return (
        "FROM coverage JOIN video ON video.id = video_id "
        "JOIN moment ON moment.video_id = coverage.video_id "
        "WHERE space = :key AND embedded < wanted AND missing_since IS NULL "
        "AND (moment.video_id, moment.id) > (:after_video, :after_moment) "
        "AND (moment.video_id, moment.id) <= (:until_video, :until_moment) "
        "AND kind = ANY(CAST(:kinds AS moment_kind[])) "
        f"AND NOT EXISTS (SELECT FROM {partition_name(key)} AS own "
        "WHERE own.video_id = moment.video_id AND own.moment_id = moment.id)"
    )


def _range_values(space: StoredSpace, within: MomentRange) -> dict[str, object]:
    return {
        "key": space.key,
        "kinds": [kind.value for kind in KINDS[Input(space.input)]],
        "after_video": within.after[0],
        "after_moment": within.after[1],
        "until_video": within.until[0],
        "until_moment": within.until[1],
    }
