"""Judgements are found by the hash of their query: a key of a B-tree has 2,704 bytes at most, and
a query of 1,000 characters may have 4,000."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE judgement ADD COLUMN query_hash bytea;
        UPDATE judgement SET query_hash = sha256(convert_to(query, 'UTF8'));
        ALTER TABLE judgement ALTER COLUMN query_hash SET NOT NULL, DROP CONSTRAINT judgement_pkey,
            ADD PRIMARY KEY (query_hash, content_hash, start_s, end_s)""")


def downgrade() -> None:
    """Without what no key can hold."""
    op.execute("""
        DELETE FROM judgement WHERE octet_length(query) > 2500;
        ALTER TABLE judgement DROP COLUMN query_hash,
            ADD PRIMARY KEY (query, content_hash, start_s, end_s)""")
