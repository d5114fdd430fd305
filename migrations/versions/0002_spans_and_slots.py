"""Spans, which clips are made from, and slots, of which one space each is searched."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A value that ALTER TYPE adds could not be used in the same transaction.
    op.execute("ALTER TYPE moment_kind RENAME TO old_moment_kind")
    # The last three are those of 0007: before 17, PostgreSQL uses no value in the transaction that adds it.
    op.execute("""
        CREATE TYPE moment_kind AS ENUM ('keyframe', 'speech', 'ocr', 'span', 'subtitle', 'chapter', 'title')""")
    op.execute("ALTER TABLE moment ALTER COLUMN kind TYPE moment_kind USING kind::text::moment_kind")
    op.execute("DROP TYPE old_moment_kind")
    # Every scene of a video with pictures, in equal parts of at most 8 s (ingest/spans.py).
    op.execute("""
        INSERT INTO moment (scene_id, kind, start_s, end_s)
        SELECT scene.id, 'span', start_s + part * length_s / parts,
               start_s + (part + 1) * length_s / parts
        FROM scene JOIN video ON video.id = video_id,
             LATERAL (SELECT end_s - start_s AS length_s) AS measured,
             LATERAL (SELECT greatest(1, ceil(length_s / 8.0))::integer AS parts) AS counted,
             LATERAL generate_series(0, parts - 1) AS part
        WHERE width_px IS NOT NULL""")
    op.execute("CREATE TYPE space_state AS ENUM ('filling', 'active', 'retired')")
    op.execute("""
        ALTER TABLE space
            ADD COLUMN slot text,
            ADD COLUMN input text,
            ADD COLUMN state space_state NOT NULL DEFAULT 'filling',
            ADD COLUMN activated_at timestamptz""")
    op.execute("""
        UPDATE space SET slot = modality, state = 'active', activated_at = now(),
            input = CASE modality WHEN 'text' THEN 'text' ELSE 'image' END,
            null_statistics = null_statistics || '{"count": 0}'""")  # for the next ingest to renew
    op.execute("ALTER TABLE space ALTER COLUMN slot SET NOT NULL, ALTER COLUMN input SET NOT NULL")
    op.execute("CREATE UNIQUE INDEX space_active_slot_key ON space (slot) WHERE state = 'active'")


def downgrade() -> None:
    op.execute("DROP INDEX space_active_slot_key")
    op.execute(
        "ALTER TABLE space DROP COLUMN slot, DROP COLUMN input, DROP COLUMN state, "
        "DROP COLUMN activated_at"
    )
    op.execute("DROP TYPE space_state")
    op.execute("DELETE FROM moment WHERE kind = 'span'")
    op.execute("ALTER TYPE moment_kind RENAME TO old_moment_kind")
    op.execute("CREATE TYPE moment_kind AS ENUM ('keyframe', 'speech', 'ocr')")
    op.execute("ALTER TABLE moment ALTER COLUMN kind TYPE moment_kind USING kind::text::moment_kind")
    op.execute("DROP TYPE old_moment_kind")
