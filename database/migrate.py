"""The schema brought to this code's version: by alembic, but without its command or ini file."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database.errors import SchemaMismatch
from database.models import Base
from database.models.moments import PENDING_KB
from database.server.connection import Database
from database.server.pgvector import require_pgvector
from database.spaces.partitions import create_index, create_space, index_memory_kb
from embeddings.registry.spaces import PROFILES

if TYPE_CHECKING:  # alembic takes longer to import than a search takes
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7_305_808_869
"""Advisory lock: two commands that start at once do not migrate at once."""
_PENDING = f"WITH (gin_pending_list_limit = {PENDING_KB})"
_TRIGRAMS = {
    "tag_name_trgm_idx": "tag USING gin (lower(name) gin_trgm_ops)",
    "file_path_trgm_idx": "file USING gin (lower(path) gin_trgm_ops)",
    "video_title_trgm_idx": "video USING gin (lower(title) gin_trgm_ops)",
    "moment_text_trgm_idx": f"moment USING gin (text gin_trgm_ops) {_PENDING}",
}


def upgrade_schema(database: Database) -> None:
    """Runs the migrations that are missing, and gives a library without spaces the bundled ones,
    active, and one without trigrams those of its server. Raises SchemaMismatch if the database is
    newer than the code, and DatabaseUnsuitable where pgvector is too old; that of our own server is
    its programs'.
    """
    engine = database.engine
    if not database.embedded:
        with engine.connect() as connection:
            require_pgvector(connection)
    if current_revision(engine) != head_revision():
        _upgrade(database)
        # Pooled connections were set up before the extension, and so its types, existed.
        engine.dispose()
    _give_spaces(engine)
    _give_trigrams(database)


def _give_spaces(engine: sa.Engine) -> None:
    """Not by a migration: which spaces are bundled is this code's, whatever the schema's age."""
    with engine.begin() as connection:
        if connection.scalar(sa.text("SELECT EXISTS (SELECT FROM space)")):
            return
        connection.execute(sa.text("LOCK TABLE space IN EXCLUSIVE MODE"))
        if connection.scalar(sa.text("SELECT EXISTS (SELECT FROM space)")):
            return
        for space in PROFILES["bundled"].spaces:
            create_space(connection, space)
            create_index(connection, space.key, space.dim)
        connection.execute(sa.text("UPDATE space SET state = 'active', activated_at = now()"))


def _give_trigrams(database: Database) -> None:
    """Not by migrations alone: the server may have got them since."""
    with database.engine.begin() as connection:
        lacking = sa.text(
            "SELECT to_regclass('moment_text_trgm_idx') IS NULL "
            "AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')"
        )
        if not connection.scalar(lacking):
            return
        _take_time(connection, database)
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        for name, made in _TRIGRAMS.items():
            connection.execute(sa.text(f"CREATE INDEX IF NOT EXISTS {name} ON {made}"))


def require_current_schema(engine: sa.Engine, description: str) -> None:
    """Raises SchemaMismatch, with the command to run, unless the schema is this code's."""
    current, head = current_revision(engine), head_revision()
    if current == head:
        return
    _refuse_newer(current)
    raise SchemaMismatch(
        f"{description} has schema {current or 'none'}, this code needs {head}: "
        "run python -m database upgrade"
    )


def require_columns(database: Database) -> None:
    """Raises SchemaMismatch where the database lacks a column of this code although its revision is
    the same: a draft of that revision has made it."""
    statement = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = ANY (current_schemas(false))"
    )
    with database.home.reading() as connection:
        there = {(table, column) for table, column in connection.execute(statement)}
    wanted = {(c.table.name, c.name) for t in Base.metadata.tables.values() for c in t.columns}
    if lacking := sorted(f"{table}.{column}" for table, column in wanted - there):
        raise SchemaMismatch(
            f"{database.description} lacks {', '.join(lacking)}: a draft of sceneseek has made it. "
            "Open it with the program that made it, or ingest into another home"
        )


def downgrade_schema(database: Database) -> None:
    """Takes all migrations back, and with them all that the library holds."""
    from alembic import command

    with database.engine.connect() as connection:
        for table in connection.scalars(
            sa.text(
                "SELECT inhrelid::regclass::text FROM pg_inherits "
                "WHERE inhparent = to_regclass('embedding')"
            )
        ).all():
            connection.execute(sa.text(f"DROP TABLE {table}"))
        command.downgrade(_config(connection, database.origin), "base")
        connection.commit()


def current_revision(engine: sa.Engine) -> str | None:
    """The schema's revision; None for an empty database."""
    with engine.connect() as connection:
        if connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
            return None
        revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return revision


def head_revision() -> str:
    """The newest revision of this code: migrations are files named by their revision."""
    return _revisions()[-1]


def _revisions() -> list[str]:
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return sorted(path.stem.split("_")[0] for path in files)


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in _revisions():
        raise SchemaMismatch(
            f"the database has schema {revision}, which this version of sceneseek does not know: "
            "upgrade sceneseek, or set DATABASE_URL to another database"
        )


def _upgrade(database: Database) -> None:
    from alembic import command

    engine = database.engine
    _refuse_newer(current_revision(engine))
    with engine.connect() as connection:
        _take_time(connection, database)
        command.upgrade(_config(connection, database.origin), "head")
        connection.commit()


def _take_time(connection: sa.Connection, database: Database) -> None:
    """For this transaction, which is alone in changing the schema: a large library takes long."""
    connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    if database.embedded:
        connection.execute(sa.text(f"SET LOCAL maintenance_work_mem = {index_memory_kb()}"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _config(connection: sa.Connection, origin: str) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes |= {"connection": connection, "origin": origin}
    return config
