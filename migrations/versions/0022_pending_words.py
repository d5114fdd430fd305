"""What was stored last is sorted into the indexes of moments sooner.

A GIN index keeps new entries in a list, of up to 4 MB, until a vacuum; every search reads all of
it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

INDEXES = ("moment_tsv_idx", "moment_description_tsv_idx", "moment_text_trgm_idx")
"""The last one is only where the server has pg_trgm."""
_THERE = sa.text("""
    SELECT oid::regclass::text AS name FROM pg_class
    WHERE relname = ANY(:names) AND relnamespace = current_schema()::regnamespace
    ORDER BY oid""")  # in which searches lock them, too: none waits for us while we wait for it


def upgrade() -> None:
    for index in _indexes():
        op.execute(f"ALTER INDEX {index} SET (gin_pending_list_limit = 64)")
        op.execute(f"SELECT gin_clean_pending_list('{index}')")


def downgrade() -> None:
    for index in _indexes():
        op.execute(f"ALTER INDEX {index} RESET (gin_pending_list_limit)")


def _indexes() -> list[str]:
    return list(op.get_bind().scalars(_THERE, {"names": list(INDEXES)}))
