"""Which part of a library that is spread over several databases this one is."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE shard (
            single boolean PRIMARY KEY DEFAULT true,
            number integer NOT NULL,
            num_shards integer NOT NULL,
            departures bigint NOT NULL DEFAULT 0,
            CONSTRAINT shard_single_check CHECK (single)
        )""")


def downgrade() -> None:
    op.execute("DROP TABLE shard")
