"""Vectors into a space whose moments are there, and some of them out of it again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from database.spaces.coverage import count_embedded
from database.spaces.partitions import copy_vectors, partition_name

_NUMBERED = 40_000
"""Vectors of a space whose sample is taken of every row; a larger one is sampled by pages."""
_SPARE = 2.0
"""Rows that are read for one that is taken: pages hold more and fewer of them."""


def insert_vectors(
    connection: psycopg.Connection[Any], key: str, vectors: Mapping[int, npt.NDArray[np.float32]]
) -> None:
    """Vectors, float32 [dim], by the ids of their moments; without those of moments that are gone,
    and those that are there."""
    # A machine that fails loses the last of them, with their count: the next backfill makes them.
    connection.execute("SET LOCAL synchronous_commit = off")
    connection.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS new_vector (LIKE embedding) ON COMMIT DELETE ROWS"
    )
    copy_vectors(connection, key, 0, list(vectors), np.stack(list(vectors.values())), "new_vector")
    connection.execute(
        f"INSERT INTO {partition_name(key)} (video_id, moment_id, space, vector) "
        "SELECT moment.video_id, id, space, vector FROM new_vector "
        "JOIN moment ON moment.id = moment_id FOR KEY SHARE OF moment ON CONFLICT DO NOTHING"
    )
    count_embedded(connection, key, list(vectors))


def sample_vectors(session: Session, key: str, limit: int) -> npt.NDArray[np.float32]:
    """Up to `limit` vectors of a space, float32 [n, dim], the same while it is; [0, 0] of an empty
    one."""
    statement = sa.text(
        "SELECT vector FROM (SELECT vector, row_number() OVER (ORDER BY moment_id) AS n, "
        f"count(*) OVER () AS total FROM {partition_name(key)} {_pages(session, key, limit)}) "
        "AS numbered WHERE n % greatest(total / :limit, 1) = 0 LIMIT :limit"
    )
    rows = session.execute(statement, {"limit": limit}).scalars().all()
    if not rows:
        return np.empty((0, 0), np.float32)
    return np.stack([row.to_numpy() for row in rows]).astype(np.float32)


def joined(samples: Sequence[npt.NDArray[np.float32]], limit: int) -> npt.NDArray[np.float32]:
    """Samples of the parts of a library, each float32 [n, dim], as one of up to `limit`."""
    if len(samples) == 1:
        return samples[0]
    some = [sample for sample in samples if len(sample)]
    if not some:
        return np.empty((0, 0), np.float32)
    every = np.concatenate(some)
    if len(every) <= limit:
        return every
    return every[np.linspace(0, len(every) - 1, limit).astype(np.intp)]


def _pages(session: Session, key: str, limit: int) -> str:
    """Which pages of a space are read for so many vectors: all, but of a large one."""
    counted = sa.text("SELECT coalesce(sum(embedded), 0) FROM coverage WHERE space = :key")
    total = int(session.scalar(counted, {"key": key}) or 0)
    if total <= _NUMBERED:
        return ""
    percent = min(100.0, 100 * _SPARE * limit / total)
    return f"TABLESAMPLE SYSTEM ({percent:.6f}) REPEATABLE (0)"
