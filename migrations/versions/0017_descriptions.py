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
    op.execute("ALTER TABLE moment DROP COLUMN made_by")
