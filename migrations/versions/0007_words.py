"""Words that a file brings with it, what lay beside it, and when each word of a sentence is said."""

from alembic import op

revision = "0007"
down_revision = "0006"

_NEW = ("subtitle", "chapter", "title")


def upgrade() -> None:
    for kind in _NEW:
        op.execute(f"ALTER TYPE moment_kind ADD VALUE IF NOT EXISTS '{kind}'")
    op.execute("""
        ALTER TABLE moment ADD COLUMN words jsonb;
        ALTER TABLE file ADD COLUMN sidecars jsonb NOT NULL DEFAULT '[]';
        CREATE TABLE subtitle_track (
            video_id bigint NOT NULL REFERENCES video ON DELETE CASCADE,
            position integer NOT NULL,
            name text,
            language text,
            path text,
            lines jsonb NOT NULL,
            PRIMARY KEY (video_id, position)
        )""")


def downgrade() -> None:
    # The kinds themselves stay: PostgreSQL takes none away, and views depend on the type.
    op.execute(f"DELETE FROM moment WHERE kind::text IN {_NEW}")
    op.execute("""
        DROP TABLE subtitle_track;
        ALTER TABLE file DROP COLUMN sidecars;
        ALTER TABLE moment DROP COLUMN words""")
