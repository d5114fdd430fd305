"""What a model says of a picture, and which model says it."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("ALTER TYPE moment_kind ADD VALUE IF NOT EXISTS 'description'")
    op.execute("ALTER TABLE moment ADD COLUMN made_by text")


def downgrade() -> None:
    # The kind itself stays: PostgreSQL takes none away, and views depend on the type.
    op.execute("DELETE FROM moment WHERE kind::text = 'description'")
    # Code from before knows no space of such an input.
    op.execute("""
        DO $$ DECLARE key text; BEGIN
            FOR key IN SELECT space.key FROM space WHERE input = 'description' LOOP
                EXECUTE 'DROP TABLE embedding_' || replace(key, '-', '_');
            END LOOP;
        END $$""")
    op.execute("DELETE FROM space WHERE input = 'description'")
    op.execute("ALTER TABLE moment DROP COLUMN made_by")
