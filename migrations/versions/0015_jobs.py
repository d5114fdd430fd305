"""Jobs, which workers do: procrastinate's tables, which say who does what next, and ours.

The schema of procrastinate is the one of the installed version, which pyproject.toml pins: another
one comes with a migration that runs procrastinate's own.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE TYPE job_kind AS ENUM ('ingest', 'backfill', 'forget');
CREATE TYPE job_state AS ENUM ('waiting', 'working', 'paused', 'done', 'failed', 'cancelled');
CREATE TYPE job_file_state AS ENUM (
    'waiting', 'working', 'done', 'unchanged', 'partial', 'failed', 'skipped', 'cancelled');
CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text NOT NULL,
    kind job_kind NOT NULL,
    state job_state NOT NULL DEFAULT 'waiting',
    priority int NOT NULL DEFAULT 0,
    request jsonb NOT NULL,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    scanned_at timestamptz,
    ended_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    num_known int NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX job_changed_idx ON job (changed);
CREATE INDEX job_state_idx ON job (state, id);
CREATE TABLE job_file (
    job_id bigint NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    path text NOT NULL,
    state job_file_state NOT NULL DEFAULT 'waiting',
    reason text,
    stage text,
    part real,
    attempts int NOT NULL DEFAULT 0,
    queued boolean NOT NULL DEFAULT false,
    scenes int NOT NULL DEFAULT 0,
    moments int NOT NULL DEFAULT 0,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (job_id, path)
);
CREATE INDEX job_file_state_idx ON job_file (job_id, state, path);
CREATE INDEX job_file_ended_idx ON job_file (job_id, ended_at DESC)
    WHERE started_at IS NOT NULL AND ended_at IS NOT NULL;
CREATE INDEX job_file_open_idx ON job_file (job_id) WHERE state IN ('waiting', 'working');
CREATE INDEX job_file_unqueued_idx ON job_file (job_id, path)
    WHERE state = 'waiting' AND NOT queued;
CREATE INDEX job_file_queued_idx ON job_file (job_id) WHERE state = 'waiting' AND queued;
CREATE TABLE worker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text NOT NULL,
    machine text NOT NULL,
    pid int NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
-- What waits of one job, when it is paused, cancelled or moved ahead.
CREATE INDEX task_job_idx ON procrastinate_jobs ((args ->> 'job_id'));
"""
DROPPED = """
DROP TABLE job_file, job, worker;
DROP TYPE job_file_state, job_state, job_kind;
DO $$
DECLARE
    named text;
BEGIN
    FOR named IN
        SELECT oid::regclass::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
            AND starts_with(relname, 'procrastinate_')
    LOOP
        EXECUTE 'DROP TABLE ' || named || ' CASCADE';
    END LOOP;
    FOR named IN
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
            AND starts_with(proname, 'procrastinate_')
    LOOP
        EXECUTE 'DROP FUNCTION ' || named || ' CASCADE';
    END LOOP;
    FOR named IN
        SELECT oid::regtype::text FROM pg_type
        WHERE typtype IN ('c', 'e') AND typnamespace = current_schema()::regnamespace
            AND starts_with(typname, 'procrastinate_')
    LOOP
        EXECUTE 'DROP TYPE ' || named;
    END LOOP;
END;
$$;
"""


def upgrade() -> None:
    _run(SchemaManager.get_schema())
    _run(TABLES)


def downgrade() -> None:
    _run(DROPPED)


def _run(statements: str) -> None:
    """Many at once, by the driver itself: to SQLAlchemy a per cent sign means a value."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(statements)
