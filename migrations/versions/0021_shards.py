"""Which part of a library that is spread over several databases this one is."""

import sqlalchemy as sa
from alembic import op

from database.errors import DatabaseUnsuitable

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
    """Not of a shard: its number, by which its ids are no others', could not be found again."""
    if op.get_bind().execute(sa.text("SELECT EXISTS (SELECT FROM shard)")).scalar():
        raise DatabaseUnsuitable(
            "this database has a part of a library that is spread over several, which the version "
            "before does not know: its schema stays as it is"
        )
    op.execute("DROP TABLE shard")
