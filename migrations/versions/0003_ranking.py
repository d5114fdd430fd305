"""What rankings need beside vectors: dates, tags, boxes of on-screen text, judgements, and a
number that changes whenever answers may."""

from alembic import op

revision = "0003"
down_revision = "0002"

CHANGES_ANSWERS = ("video", "file", "space", "tag")


def upgrade() -> None:
    op.execute("ALTER TABLE video ADD COLUMN recorded_at timestamptz")
    op.execute("""
        UPDATE video SET recorded_at = (
            SELECT to_timestamp(min(mtime_ns) / 1e9) FROM file WHERE video_id = video.id)""")
    op.execute("ALTER TABLE moment ADD COLUMN look bigint, ADD COLUMN boxes jsonb")
    op.execute("""
        CREATE TABLE tag (
            video_id bigint NOT NULL REFERENCES video ON DELETE CASCADE,
            name text NOT NULL,
            PRIMARY KEY (video_id, name)
        )""")
    op.execute("CREATE INDEX tag_name_idx ON tag (name)")
    op.execute("""
        CREATE TABLE judgement (
            query text NOT NULL,
            content_hash text NOT NULL,
            start_s double precision NOT NULL,
            end_s double precision NOT NULL,
            relevant boolean NOT NULL,
            judged_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (query, content_hash, start_s, end_s)
        )""")
    _count_versions()
    # Only where the server has trigrams; the embedded one has not.
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                CREATE EXTENSION IF NOT EXISTS pg_trgm;
                CREATE INDEX moment_text_trgm_idx ON moment USING gin (text gin_trgm_ops);
            END IF;
        END $$""")


def _count_versions() -> None:
    op.execute("""
        CREATE TABLE library (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            version bigint NOT NULL
        )""")
    op.execute("INSERT INTO library (version) VALUES (1)")
    op.execute("""
        CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- Once in a transaction, however many rows it changes.
            UPDATE library SET version = version + 1 WHERE xmin <> pg_current_xact_id()::xid;
            RETURN NULL;
        END $$""")
    for table in CHANGES_ANSWERS:
        # At the commit, so that two ingests do not wait for each other until then.
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER {table}_changes_answers
            AFTER INSERT OR UPDATE OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION count_version()""")


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS moment_text_trgm_idx")
    for table in CHANGES_ANSWERS:
        op.execute(f"DROP TRIGGER {table}_changes_answers ON {table}")
    op.execute("DROP FUNCTION count_version()")
    op.execute("DROP TABLE library, judgement, tag")
    op.execute("ALTER TABLE moment DROP COLUMN look, DROP COLUMN boxes")
    op.execute("ALTER TABLE video DROP COLUMN recorded_at")
