"""Videos, files, scenes, moments, spaces, embeddings."""

from alembic import op

revision = "0001"
down_revision = None

# ISO 639-1 codes to the text search configurations of PostgreSQL; before 18 it has no Estonian.
CONFIGS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def upgrade() -> None:
    known = set(op.get_bind().exec_driver_sql("SELECT cfgname FROM pg_ts_config").scalars())
    cases = " ".join(
        f"WHEN '{code}' THEN 'pg_catalog.{name}'::regconfig" for code, name in CONFIGS.items() if name in known
    )
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(
        "CREATE FUNCTION text_config(language text) RETURNS regconfig "
        "LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN "
        f"(CASE coalesce(language, 'en') {cases} ELSE 'pg_catalog.simple'::regconfig END)"
    )
    op.execute("CREATE TYPE video_status AS ENUM ('done', 'partial')")
    op.execute("CREATE TYPE file_status AS ENUM ('done', 'partial', 'failed', 'skipped')")
    op.execute("CREATE TYPE moment_kind AS ENUM ('keyframe', 'speech', 'ocr')")
    op.execute("""
        CREATE TABLE video (
            id bigserial PRIMARY KEY,
            content_hash text NOT NULL UNIQUE,
            status video_status NOT NULL,
            reason text,
            title text NOT NULL,
            container text NOT NULL,
            video_codec text,
            audio_codec text,
            width_px integer,
            height_px integer,
            frame_rate double precision,
            duration_s double precision NOT NULL,
            language text,
            num_scenes integer NOT NULL,
            profile text NOT NULL,
            ingested_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("""
        CREATE TABLE file (
            path text PRIMARY KEY,
            video_id bigint REFERENCES video ON DELETE CASCADE,
            size_bytes bigint NOT NULL,
            mtime_ns bigint NOT NULL,
            status file_status NOT NULL,
            reason text,
            seen_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("CREATE INDEX file_video_id_idx ON file (video_id)")
    op.execute("""
        CREATE TABLE scene (
            id bigserial PRIMARY KEY,
            video_id bigint NOT NULL REFERENCES video ON DELETE CASCADE,
            position integer NOT NULL,
            start_s double precision NOT NULL,
            end_s double precision NOT NULL,
            UNIQUE (video_id, position)
        )""")
    op.execute("""
        CREATE TABLE moment (
            id bigserial PRIMARY KEY,
            scene_id bigint NOT NULL REFERENCES scene ON DELETE CASCADE,
            kind moment_kind NOT NULL,
            start_s double precision NOT NULL,
            end_s double precision NOT NULL,
            text text,
            language text,
            image_path text,
            tsv tsvector GENERATED ALWAYS AS (to_tsvector(text_config(language), text)) STORED
        )""")
    op.execute("CREATE INDEX moment_scene_id_idx ON moment (scene_id)")
    op.execute("CREATE INDEX moment_tsv_idx ON moment USING gin (tsv)")
    op.execute("""
        CREATE TABLE space (
            key text PRIMARY KEY,
            modality text NOT NULL,
            dim integer NOT NULL,
            model text NOT NULL,
            revision text NOT NULL,
            weights_sha256 text NOT NULL,
            null_statistics jsonb
        )""")
    op.execute("""
        CREATE TABLE embedding (
            moment_id bigint NOT NULL REFERENCES moment ON DELETE CASCADE,
            space text NOT NULL REFERENCES space,
            vector halfvec NOT NULL,
            PRIMARY KEY (moment_id, space)
        ) PARTITION BY LIST (space)""")
    op.execute("""
        CREATE VIEW visual_embeddings AS
        SELECT m.scene_id, m.image_path AS keyframe_path, e.vector AS embedding,
               e.space AS embedding_model
        FROM embedding e JOIN moment m ON m.id = e.moment_id JOIN space s ON s.key = e.space
        WHERE s.modality = 'vision'""")
    op.execute("""
        CREATE VIEW text_embeddings AS
        SELECT m.scene_id, m.text, e.vector AS embedding, e.space AS embedding_model
        FROM embedding e JOIN moment m ON m.id = e.moment_id JOIN space s ON s.key = e.space
        WHERE s.modality = 'text'""")


def downgrade() -> None:
    op.execute("DROP VIEW text_embeddings, visual_embeddings")
    op.execute("DROP TABLE embedding, space, moment, scene, file, video")
    op.execute("DROP TYPE video_status, file_status, moment_kind")
    op.execute("DROP FUNCTION text_config(text)")
