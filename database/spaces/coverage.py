"""The moments that a space should hold, and those of them that it lacks: a query, not a flag, so
that an interrupted backfill goes on where it stopped."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.models import Moment, MomentKind, StoredSpace
from database.spaces.partitions import partition_name
from embeddings.space import Input

KINDS = {
    # What a video is called is matched by its words alone: by what names mean, first scenes came
    # before those that say what is asked (docs/ranking.md).
    Input.TEXT: (MomentKind.SPEECH, MomentKind.OCR, MomentKind.SUBTITLE, MomentKind.CHAPTER),
    Input.IMAGE: (MomentKind.KEYFRAME,),
    Input.CLIP: (MomentKind.SPAN,),
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


def count_coverage(session: Session, space: StoredSpace) -> Coverage:
    """Both numbers, counted: seconds in a library of millions of moments."""
    embedded = session.scalar(sa.text(f"SELECT count(*) FROM {partition_name(space.key)}"))
    return Coverage(embedded or 0, count_wanted(session, Input(space.input)))


def count_wanted(session: Session, takes: Input) -> int:
    """Moments of the kinds that such input is made of."""
    query = sa.select(sa.func.count()).select_from(Moment).where(Moment.kind.in_(KINDS[takes]))
    return session.scalar(query) or 0


def missing_moments(
    session: Session,
    space: StoredSpace,
    *,
    limit: int,
    after_id: int = 0,
    video_id: int | None = None,
) -> list[MissingMoment]:
    """The first `limit` by id, from the one after `after_id`; of one video only, if it is given."""
    statement = sa.text(
        "SELECT moment.id, video_id, moment.start_s, moment.end_s, text, image_path "
        "FROM moment JOIN scene ON scene.id = scene_id WHERE moment.id > :after_id "
        "AND kind = ANY(CAST(:kinds AS moment_kind[])) "
        "AND (CAST(:video_id AS bigint) IS NULL OR video_id = :video_id) "
        f"AND NOT EXISTS (SELECT FROM {partition_name(space.key)} WHERE moment_id = moment.id) "
        "ORDER BY moment.id LIMIT :limit"
    )
    kinds = [kind.value for kind in KINDS[Input(space.input)]]
    values = {"after_id": after_id, "kinds": kinds, "video_id": video_id, "limit": limit}
    return [MissingMoment(*found) for found in session.execute(statement, values)]
