"""The views of embeddings also say which moment of which video each embedding is of."""

from alembic import op

revision = "0004"
down_revision = "0003"

VIEWS = {"visual_embeddings": ("vision", "m.image_path AS keyframe_path"), "text_embeddings": ("text", "m.text")}
ADDED = ", m.id AS moment_id, scene.video_id, m.kind, m.start_s, m.end_s"


def upgrade() -> None:
    for view in VIEWS:
        op.execute(f"CREATE OR REPLACE VIEW {view} AS {_select(view, ADDED)}")


def downgrade() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
        op.execute(f"CREATE VIEW {view} AS {_select(view)}")


def _select(view: str, added: str = "") -> str:
    modality, shown = VIEWS[view]
    return f"""
        SELECT m.scene_id, {shown}, e.vector AS embedding, e.space AS embedding_model{added}
        FROM embedding e JOIN moment m ON m.id = e.moment_id JOIN scene ON scene.id = m.scene_id
             JOIN space s ON s.key = e.space
        WHERE s.modality = '{modality}'"""
