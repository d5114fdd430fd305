"""Indexes for lists of videos: by when they came, and, where the server has trigrams, by parts of
titles, paths and tags."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("CREATE INDEX video_ingested_at_idx ON video (ingested_at DESC, id DESC)")
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
                CREATE INDEX video_title_trgm_idx ON video USING gin (lower(title) gin_trgm_ops);
                CREATE INDEX file_path_trgm_idx ON file USING gin (lower(path) gin_trgm_ops);
                CREATE INDEX tag_name_trgm_idx ON tag USING gin (lower(name) gin_trgm_ops);
            END IF;
        END $$""")


def downgrade() -> None:
    op.execute(
        "DROP INDEX IF EXISTS video_title_trgm_idx, file_path_trgm_idx, tag_name_trgm_idx, "
        "video_ingested_at_idx"
    )
