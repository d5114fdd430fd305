"""Files that belong to the host which sees them, that may be missing, and that keep the tags of
their place; videos in every key; how complete a video is in each space."""

from alembic import context, op

revision = "0009"
down_revision = "0008"

VIEWS = {"visual_embeddings": ("vision", "m.image_path AS keyframe_path"), "text_embeddings": ("text", "m.text")}
INPUTS = {"text": "('speech', 'ocr', 'subtitle', 'chapter')", "image": "('keyframe')", "clip": "('span')"}
HNSW = "m = 16, ef_construction = 200"


def upgrade() -> None:
    _own_files()
    op.execute("DROP VIEW visual_embeddings, text_embeddings")
    _key_scenes_and_moments()
    _name_videos()
    _key_embeddings()
    _count_coverage()
    _show("")
    # By these words are weighed, and searches planned.
    op.execute("ANALYZE moment, embedding, coverage")


def downgrade() -> None:
    op.execute("DROP TABLE coverage")
    op.execute("DROP VIEW visual_embeddings, text_embeddings")
    op.execute("""
        ALTER TABLE embedding DROP CONSTRAINT embedding_video_id_fkey;
        ALTER TABLE embedding DROP CONSTRAINT embedding_pkey;
        ALTER TABLE embedding DROP COLUMN video_id;
        ALTER TABLE moment DROP CONSTRAINT moment_video_id_fkey, DROP CONSTRAINT moment_pkey;
        ALTER TABLE moment DROP COLUMN video_id, ADD PRIMARY KEY (id);
        DROP INDEX IF EXISTS moment_id_idx;
        ALTER TABLE scene DROP CONSTRAINT scene_pkey, ADD PRIMARY KEY (id);
        DROP INDEX scene_id_idx;
        ALTER TABLE moment ADD FOREIGN KEY (scene_id) REFERENCES scene ON DELETE CASCADE;
        ALTER TABLE embedding ADD PRIMARY KEY (moment_id, space);
        ALTER TABLE embedding ADD FOREIGN KEY (moment_id) REFERENCES moment ON DELETE CASCADE""")
    for key, dim, _state in _spaces():
        table = _table(key)  # one that fills has no index since
        op.execute(
            f"CREATE INDEX IF NOT EXISTS {table}_hnsw ON {table} "
            f"USING hnsw ((vector::halfvec({dim})) halfvec_ip_ops) WITH ({HNSW})"
        )
    _show("JOIN scene ON scene.id = m.scene_id", "scene")
    # Of a path that two hosts have, one can stay.
    op.execute("""
        DELETE FROM file USING file AS other
        WHERE file.path = other.path AND file.origin > other.origin;
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE file DROP CONSTRAINT file_pkey, ADD PRIMARY KEY (path);
        ALTER TABLE subtitle_track DROP COLUMN origin;
        ALTER TABLE file DROP COLUMN origin, DROP COLUMN missing_since, DROP COLUMN mount, DROP COLUMN tags;
        DROP INDEX video_missing_idx;
        ALTER TABLE video DROP COLUMN missing_since, DROP COLUMN again, DROP COLUMN file_name""")


def _own_files() -> None:
    # Whoever changes the schema is the one host that the library has known.
    origin = context.config.attributes["origin"].replace("'", "''")
    op.get_bind().exec_driver_sql(f"""
        ALTER TABLE file
            ADD COLUMN origin text NOT NULL DEFAULT '{origin}',
            ADD COLUMN missing_since timestamptz,
            ADD COLUMN mount text,
            ADD COLUMN tags jsonb NOT NULL DEFAULT '[]';
        ALTER TABLE subtitle_track ADD COLUMN origin text;
        UPDATE subtitle_track SET origin = '{origin}' WHERE path IS NOT NULL""")
    op.execute("""
        ALTER TABLE file ALTER COLUMN origin DROP DEFAULT, DROP CONSTRAINT file_pkey, ADD PRIMARY KEY (origin, path);
        ALTER TABLE video ADD COLUMN missing_since timestamptz, ADD COLUMN again boolean NOT NULL DEFAULT false;
        CREATE INDEX video_missing_idx ON video (id) WHERE missing_since IS NOT NULL""")


def _key_scenes_and_moments() -> None:
    op.execute("""
        ALTER TABLE embedding DROP CONSTRAINT embedding_moment_id_fkey;
        ALTER TABLE moment DROP CONSTRAINT moment_scene_id_fkey, DROP CONSTRAINT moment_pkey;
        ALTER TABLE scene DROP CONSTRAINT scene_pkey, ADD PRIMARY KEY (video_id, id);
        CREATE INDEX scene_id_idx ON scene (id)""")
    # Without its indexes, each of which would hold every row twice.
    op.execute("""
        DROP INDEX moment_scene_id_idx, moment_tsv_idx;
        DROP INDEX IF EXISTS moment_text_trgm_idx;
        ALTER TABLE moment ADD COLUMN video_id bigint;
        UPDATE moment SET video_id = scene.video_id FROM scene WHERE scene.id = scene_id;
        ALTER TABLE moment ALTER COLUMN video_id SET NOT NULL, ADD PRIMARY KEY (video_id, id);
        CREATE INDEX moment_id_idx ON moment (id);
        CREATE INDEX moment_scene_id_idx ON moment (scene_id);
        CREATE INDEX moment_tsv_idx ON moment USING gin (tsv);
        ALTER TABLE moment ADD CONSTRAINT moment_video_id_fkey
            FOREIGN KEY (video_id, scene_id) REFERENCES scene (video_id, id) ON DELETE CASCADE;
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
                CREATE INDEX moment_text_trgm_idx ON moment USING gin (text gin_trgm_ops);
            END IF;
        END $$""")


def _name_videos() -> None:
    """By the names that they are found by: those of their files may be others since."""
    op.execute("""
        ALTER TABLE video ADD COLUMN file_name text NOT NULL DEFAULT '';
        UPDATE video SET file_name = coalesce(
            called.name,
            (SELECT regexp_replace(path, '^.*/', '') FROM file
                WHERE video_id = video.id ORDER BY seen_at, path LIMIT 1),
            '')
        FROM video AS own LEFT JOIN (
            SELECT video_id, min(regexp_replace(text, '^.* · ', '')) AS name FROM moment
            WHERE kind = 'title' GROUP BY video_id
        ) AS called ON called.video_id = own.id AND called.name <> own.title
        WHERE own.id = video.id""")


def _key_embeddings() -> None:
    """Tables made anew: to change every row of one that has an HNSW index would take hours."""
    spaces = _spaces()
    for key, _dim, _state in spaces:
        op.execute(f"""
            CREATE TABLE new_{_table(key)} AS
            SELECT moment.video_id, moment_id, space, vector
            FROM {_table(key)} AS own JOIN moment ON moment.id = moment_id
            ORDER BY moment.video_id, moment_id""")
    op.execute("DROP TABLE embedding")
    op.execute("""
        CREATE TABLE embedding (
            video_id bigint NOT NULL,
            moment_id bigint NOT NULL,
            space text NOT NULL REFERENCES space,
            vector halfvec NOT NULL,
            PRIMARY KEY (video_id, moment_id, space),
            CONSTRAINT embedding_video_id_fkey FOREIGN KEY (video_id, moment_id)
                REFERENCES moment (video_id, id) ON DELETE CASCADE
        ) PARTITION BY LIST (space)""")
    for key, dim, state in spaces:
        table = _table(key)
        op.execute(f"""
            ALTER TABLE new_{table} RENAME TO {table};
            ALTER TABLE {table} ADD CHECK (vector_dims(vector) = {dim}),
                ALTER COLUMN video_id SET NOT NULL, ALTER COLUMN moment_id SET NOT NULL,
                ALTER COLUMN space SET NOT NULL, ALTER COLUMN vector SET NOT NULL;
            ALTER TABLE embedding ATTACH PARTITION {table} FOR VALUES IN ('{key}')""")
        if state != "filling":
            op.get_bind().exec_driver_sql(
                f"CREATE INDEX {table}_hnsw ON {table} "
                f"USING hnsw ((vector::halfvec({dim})) halfvec_ip_ops) WITH ({HNSW})"
            )


def _count_coverage() -> None:
    op.execute("""
        CREATE TABLE coverage (
            video_id bigint NOT NULL REFERENCES video ON DELETE CASCADE,
            space text NOT NULL REFERENCES space ON DELETE CASCADE,
            wanted integer NOT NULL,
            embedded integer NOT NULL,
            PRIMARY KEY (space, video_id)
        )""")
    for takes, kinds in INPUTS.items():
        op.execute(f"""
            INSERT INTO coverage (video_id, space, wanted, embedded)
            SELECT video.id, key, coalesce(wanted, 0), coalesce(embedded, 0)
            FROM video CROSS JOIN space
            LEFT JOIN (SELECT video_id, count(*) AS wanted FROM moment WHERE kind IN {kinds}
                GROUP BY video_id) AS made ON made.video_id = video.id
            LEFT JOIN (SELECT video_id, space, count(*) AS embedded FROM embedding
                GROUP BY video_id, space) AS own ON own.video_id = video.id AND own.space = key
            WHERE input = '{takes}'""")
    op.execute("CREATE INDEX coverage_lacking_idx ON coverage (space) WHERE embedded < wanted")


def _show(join: str, owner: str = "m") -> None:
    for view, (modality, shown) in VIEWS.items():
        op.execute(f"""
            CREATE VIEW {view} AS
            SELECT m.scene_id, {shown}, e.vector AS embedding, e.space AS embedding_model,
                m.id AS moment_id, {owner}.video_id, m.kind, m.start_s, m.end_s
            FROM embedding e JOIN moment m ON m.id = e.moment_id {join}
                JOIN space s ON s.key = e.space
            WHERE s.modality = '{modality}'""")


def _spaces() -> list[tuple[str, int, str]]:
    rows = op.get_bind().exec_driver_sql(
        "SELECT key, dim, state::text FROM space "
        "WHERE to_regclass('embedding_' || replace(key, '-', '_')) IS NOT NULL ORDER BY key"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _table(key: str) -> str:
    return "embedding_" + key.replace("-", "_")
