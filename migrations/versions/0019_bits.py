"""Spaces that are indexed by bits."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

HNSW = "m = 16, ef_construction = 200"


def upgrade() -> None:
    op.execute("ALTER TABLE space ADD COLUMN bit_candidates integer")
    op.execute(
        "ALTER TABLE space ADD CONSTRAINT space_bit_candidates_check "
        "CHECK (bit_candidates BETWEEN 10 AND 1000)"
    )


def downgrade() -> None:
    """The code before knows indexes of half floats alone: each space gets that one back."""
    spaces = sa.text("SELECT key, dim FROM space WHERE bit_candidates IS NOT NULL")
    for key, dim in op.get_bind().execute(spaces).all():
        table = "embedding_" + key.replace("-", "_")
        indexes = sa.text(
            "SELECT indexrelid::regclass::text FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam "
            "WHERE indrelid = to_regclass(:table) AND amname = 'hnsw'"
        )
        for index in op.get_bind().execute(indexes, {"table": table}).scalars().all():
            op.execute(f"DROP INDEX {index}")
        op.execute(
            f"CREATE INDEX {table[:58]}_hnsw ON {table} "
            f"USING hnsw ((vector::halfvec({dim})) halfvec_ip_ops) WITH ({HNSW})"
        )
    op.execute("ALTER TABLE space DROP COLUMN bit_candidates")
