"""What was stored last is sorted into the indexes of words sooner.

A GIN index keeps new entries in a list, of up to 4 MB, until a vacuum; every search reads all of
it.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

INDEXES = (
    "moment_tsv_idx",
    "moment_description_tsv_idx",
    "moment_text_trgm_idx",
    "video_title_trgm_idx",
    "file_path_trgm_idx",
    "tag_name_trgm_idx",
)


def upgrade() -> None:
    for index in INDEXES:  # those of trigrams are only where the server has pg_trgm
        op.execute(f"ALTER INDEX IF EXISTS {index} SET (gin_pending_list_limit = 64)")
        op.execute(f"""
            SELECT gin_clean_pending_list(to_regclass('{index}'))
            WHERE to_regclass('{index}') IS NOT NULL""")


def downgrade() -> None:
    for index in INDEXES:
        op.execute(f"ALTER INDEX IF EXISTS {index} RESET (gin_pending_list_limit)")
