"""What is said in a video, in the order of time."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX moment_speech_idx ON moment (video_id, start_s, id) WHERE kind = 'speech'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX moment_speech_idx")
