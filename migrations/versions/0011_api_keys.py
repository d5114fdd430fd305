"""API keys, by their hashes, and the sessions of browsers that have logged in by one."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TYPE api_scope AS ENUM ('read', 'write', 'admin');
        CREATE TABLE api_key (
            id bigserial PRIMARY KEY,
            name text NOT NULL UNIQUE,
            key_hash bytea NOT NULL UNIQUE,
            scope api_scope NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            used_at timestamptz
        );
        CREATE TABLE api_session (
            token_hash bytea PRIMARY KEY,
            key_id bigint NOT NULL REFERENCES api_key ON DELETE CASCADE,
            expires_at timestamptz NOT NULL
        );
        CREATE INDEX api_session_key_id_idx ON api_session (key_id)""")


def downgrade() -> None:
    op.execute("DROP TABLE api_session; DROP TABLE api_key; DROP TYPE api_scope")
