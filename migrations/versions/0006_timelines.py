"""What was corrected while a recording was read, its own clock, and the track of what was heard."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE video ADD COLUMN notes jsonb NOT NULL DEFAULT '[]', ADD COLUMN clock jsonb;
        ALTER TABLE moment ADD COLUMN track text""")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE moment DROP COLUMN track;
        ALTER TABLE video DROP COLUMN clock, DROP COLUMN notes""")
