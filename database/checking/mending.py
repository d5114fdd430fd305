"""Remedies that need rows alone; each is one transaction."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from database.checking.checked import Checked
from database.checking.rows import BAD_VECTOR, NO_OUTCOME
from database.spaces.coverage import count_video

_TAKE_OUTCOME = sa.text(
    "UPDATE file SET status = video.status::text::file_status, reason = video.reason FROM video "
    f"WHERE video.id = video_id AND origin = :origin AND path = ANY(:paths) AND {NO_OUTCOME}"
)
_REMOVE_VECTORS = (
    "DELETE FROM embedding USING space WHERE space.key = embedding.space AND video_id = %s "
    f"AND embedding.space = %s AND {BAD_VECTOR}"
)


def take_outcomes(checked: Checked, paths: Sequence[str]) -> None:
    """Files without an outcome that lead to a video get the video's."""
    values = {"origin": checked.database.origin, "paths": list(paths)}
    with checked.database.session() as session:
        session.execute(_TAKE_OUTCOME, values)


def recount(checked: Checked, video_ids: Collection[int]) -> None:
    """Counts the vectors of videos."""
    with checked.database.connection() as connection:
        for video_id in sorted(video_ids):
            count_video(connection, video_id)


def remove_bad_vectors(checked: Checked, video_id: int, space: str) -> None:
    """Removes the vectors of a video that are none of their space."""
    with checked.database.connection() as connection:
        connection.execute(_REMOVE_VECTORS, (video_id, space))
        count_video(connection, video_id)
