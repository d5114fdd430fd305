"""Migrations, run by alembic from code."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from database.errors import SchemaMismatch
from database.vectors import ensure_spaces

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7_305_808_869
"""Advisory lock: two commands that start at once do not migrate at once."""


def upgrade_schema(engine: sa.Engine) -> None:
    """Brings the schema to this code's version and makes a partition for every space.

    Raises SchemaMismatch if the database is newer than the code.
    """
    with engine.connect() as connection:
        config = _config(connection)
        head = ScriptDirectory.from_config(config).get_current_head()
        if _current(connection) != head:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            try:
                command.upgrade(config, "head")
            except CommandError:
                raise SchemaMismatch(_newer(_current(connection))) from None
            connection.commit()
    # A new engine-level connection: the extension, and so its types, may only exist now.
    engine.dispose()
    ensure_spaces(engine)


def require_current_schema(engine: sa.Engine, description: str) -> None:
    """Raises SchemaMismatch, with the command to run, unless the schema is this code's."""
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(_config(connection))
        current, head = _current(connection), script.get_current_head()
        known = current is None or current in {r.revision for r in script.walk_revisions()}
    if not known:
        raise SchemaMismatch(_newer(current))
    if current != head:
        raise SchemaMismatch(
            f"{description} has schema {current or 'none'}, this code needs {head}: "
            "run python -m database upgrade"
        )


def downgrade_schema(engine: sa.Engine) -> None:
    """Removes everything that the migrations made."""
    with engine.connect() as connection:
        command.downgrade(_config(connection), "base")
        connection.commit()


def current_revision(engine: sa.Engine) -> str | None:
    """The schema's revision; None for an empty database."""
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newer(revision: str | None) -> str:
    return (
        f"the database has schema {revision}, which this version of sceneseek does not know: "
        "upgrade sceneseek, or set DATABASE_URL to another database"
    )


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
