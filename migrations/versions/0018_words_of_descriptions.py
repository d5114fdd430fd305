"""What models say of pictures, by its words and in the order of time."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    # Not by their kind: an enum's value is not used in the transaction that adds it.
    described = "WHERE made_by IS NOT NULL"
    op.execute(f"CREATE INDEX moment_description_idx ON moment (video_id, start_s, id) {described}")
    op.execute(f"CREATE INDEX moment_description_tsv_idx ON moment USING gin (tsv) {described}")


def downgrade() -> None:
    op.execute("DROP INDEX moment_description_idx")
    op.execute("DROP INDEX moment_description_tsv_idx")
