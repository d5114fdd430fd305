"""The version of pgvector that a database needs."""

import sqlalchemy as sa

from database.errors import DatabaseUnsuitable

OLDEST_PGVECTOR = (0, 8, 4)
"""Those before may corrupt HNSW indexes: 0.8.2 and 0.8.3 mended some of it, 0.8.4 the last."""
NEEDED = ".".join(map(str, OLDEST_PGVECTOR))
INSTALL = f"install pgvector {NEEDED} or newer on the server"


def require_pgvector(connection: sa.Connection) -> None:
    """Raises DatabaseUnsuitable, with what to do, where HNSW indexes may be corrupted, or there is
    no pgvector at all."""
    found = connection.execute(
        sa.text(
            "SELECT installed_version, default_version FROM pg_available_extensions "
            "WHERE name = 'vector'"
        )
    ).first()
    if found is None:
        raise DatabaseUnsuitable(f"the server has no pgvector: {INSTALL}")
    installed, newest = found
    if remedy := find_remedy(installed, newest):
        raise DatabaseUnsuitable(
            f"pgvector {installed or newest} may corrupt HNSW indexes: {remedy}"
        )


def find_remedy(installed: str | None, newest: str) -> str | None:
    """What to do about a database with this version (None: not yet in it), on a server with that
    one; None where both are new enough."""
    remedies = []
    if _is_old(newest):
        remedies.append(INSTALL)
    if installed is not None and (_is_old(newest) or _is_old(installed)):
        remedies.append("in psql: ALTER EXTENSION vector UPDATE; REINDEX TABLE embedding")
    return ", then ".join(remedies) or None


def _is_old(version: str) -> bool:
    return tuple(int(part) for part in version.split(".") if part.isdecimal()) < OLDEST_PGVECTOR
