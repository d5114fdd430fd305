"""What browsers and editors are told of a file's streams; NULL until it is read."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE video ADD COLUMN streams jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE video DROP COLUMN streams")
