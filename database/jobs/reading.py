"""Jobs as they are now, each read with its files in one statement."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from database.jobs.records import ENDED, FileAtWork, JobInfo, request_of
from database.models import JobFileState, JobKind, JobState
from database.server.connection import Database

MAX_AT_WORK = 32
_RATED = 20
"""Files whose ends say how fast a job goes."""
_INFOS = f"""
    SELECT job.*, counts, at_work, num_rated, rated_s
    FROM job, LATERAL (
        SELECT coalesce(jsonb_object_agg(state, num), '{{}}') AS counts FROM (
            SELECT state, count(*) AS num FROM job_file WHERE job_id = job.id GROUP BY state
        ) AS each) AS counted, LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_array(path, stage, part) ORDER BY path), '[]')
            AS at_work
        FROM (SELECT path, stage, part FROM job_file
            WHERE job_id = job.id AND state = 'working' ORDER BY path LIMIT {MAX_AT_WORK}) AS each
        ) AS working, LATERAL (
        -- Of the last ones those after the first of them, or all since the beginning.
        SELECT CASE WHEN count(*) < {_RATED} THEN count(*) ELSE count(*) - 1 END AS num_rated,
            extract(epoch FROM now() - CASE WHEN count(*) < {_RATED} THEN min(started_at)
                ELSE min(ended_at) END)::float8 AS rated_s
        FROM (SELECT started_at, ended_at FROM job_file
            WHERE job_id = job.id AND started_at IS NOT NULL AND ended_at IS NOT NULL
            ORDER BY ended_at DESC LIMIT {_RATED}) AS each) AS rated"""


def read_jobs(database: Database, chosen: str, values: Mapping[str, object]) -> tuple[JobInfo, ...]:
    """The jobs whose ids a query chooses, newest first."""
    statement = sa.text(f"{_INFOS} WHERE job.id IN ({chosen}) ORDER BY job.id DESC")
    with database.reading() as connection:
        return tuple(_info(row) for row in connection.execute(statement, values))


def _info(row: sa.Row[Any]) -> JobInfo:
    counts = {state: row.counts.get(state.value, 0) for state in JobFileState}
    state = JobState(row.state)
    rate = left_s = None
    if state is JobState.WORKING and row.num_rated and row.rated_s > 0:
        rate = 60 * row.num_rated / row.rated_s
        if row.scanned_at is not None:
            open_files = counts[JobFileState.WAITING] + counts[JobFileState.WORKING]
            left_s = 60 * open_files / rate
    kind = JobKind(row.kind)
    return JobInfo(
        id=row.id,
        kind=kind,
        origin=row.origin,
        state=state,
        priority=row.priority,
        request=request_of(kind, row.request),
        reason=row.reason,
        created_at=row.created_at,
        started_at=row.started_at,
        scanned_at=row.scanned_at,
        ended_at=row.ended_at if state in ENDED else None,
        num_known=row.num_known,
        counts=counts,
        at_work=tuple(FileAtWork(*each) for each in row.at_work),
        files_per_minute=rate,
        left_s=left_s,
        changed=row.changed,
    )
