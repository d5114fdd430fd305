"""Jobs that nobody does, and files of jobs of which it is not known what became of them."""

from collections.abc import Iterator

import sqlalchemy as sa

from database.checking.checked import Checked, printable
from database.checking.faults import Finding, Kind
from database.jobs.sweep import GONE, LOST

LEASE_S = 60
"""A worker that has not said for so long that it lives is gone, and others should have noticed."""
_STALLED = f"""
    SELECT id, kind, count(*) AS number FROM (
        SELECT job.id, job.kind FROM procrastinate_jobs AS task
        JOIN job ON job.id::text = args ->> 'job_id'
        WHERE status = 'doing' AND job.origin = :origin AND {GONE.format(stale_s=":lease_s")}
        UNION ALL SELECT id, kind FROM job WHERE origin = :origin AND {LOST}) AS stalled
    GROUP BY id, kind ORDER BY id"""
_UNENDED = """
    job.id = job_id AND job.state IN ('done', 'failed', 'cancelled') AND job.origin = :origin
    AND (job_file.state = 'waiting' OR job_file.state = 'working' AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS task
        WHERE args ->> 'job_id' = job.id::text AND args ->> 'path' = path))"""
_CLOSE = sa.text(
    f"UPDATE job_file SET state = 'cancelled', ended_at = now() FROM job WHERE {_UNENDED}"
)


def stalled_jobs(checked: Checked) -> Iterator[Finding]:
    """The jobs of this host with something that a worker has begun that is gone, and those of which
    nobody has anything to do."""
    for row in checked.rows(_STALLED, lease_s=LEASE_S):
        yield Finding(Kind.STALLED, f"job {row.id} ({row.kind})", row.number)


def unended_files(checked: Checked) -> Iterator[Finding]:
    """The files of jobs of this host that have no outcome although their job has ended."""
    query = f"SELECT job_id, path FROM job, job_file WHERE {_UNENDED} ORDER BY job_id, path"
    for row in checked.rows(query):
        name = f"job {row.job_id} ({printable(row.path)})"
        yield Finding(Kind.UNENDED, name, path=row.path)


def close_files(checked: Checked) -> None:
    """Files of jobs that have ended are cancelled unless they have an outcome."""
    with checked.database.session() as session:
        session.execute(_CLOSE, {"origin": checked.database.origin})
