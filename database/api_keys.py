"""API keys, known by their hashes, and the sessions of browsers that have logged in by one."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from database.errors import KeyNameTaken, NotFound
from database.models import ApiKey, ApiScope
from database.server.connection import Database

SESSION_DAYS = 30
MAX_SESSIONS = 100
"""Of a key: another one ends the oldest."""
_READ_SESSIONS = """
    SELECT token_hash, key_id FROM api_session WHERE expires_at > now()"""
_BEGIN_SESSION = f"""
    INSERT INTO api_session (token_hash, key_id, expires_at)
    SELECT :token_hash, id, now() + interval '{SESSION_DAYS} days'
    FROM api_key WHERE key_hash = :key_hash"""
_END_OLD_SESSIONS = f"""
    DELETE FROM api_session WHERE expires_at <= now() OR token_hash IN (
        SELECT token_hash FROM api_session
        WHERE key_id = (SELECT id FROM api_key WHERE key_hash = :key_hash)
        ORDER BY expires_at DESC OFFSET {MAX_SESSIONS})"""


@dataclass(frozen=True)
class StoredKey:
    """A key, without what opens anything."""

    id: int
    name: str
    scope: ApiScope
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Holders:
    """Who holds a key, by the SHA-256 of it, and by that of the token of each session."""

    by_key: dict[bytes, StoredKey]
    by_session: dict[bytes, StoredKey]


class ApiKeys:
    """The tables `api_key` and `api_session`; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database.home

    def add(self, name: str, scope: ApiScope, key_hash: bytes) -> None:
        """Raises KeyNameTaken."""
        with self._database.session() as session:
            # One at a time: who comes second is told, and not by a breach of the constraint.
            session.execute(sa.text("LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE"))
            if session.scalar(sa.select(ApiKey.id).where(ApiKey.name == name)) is not None:
                raise KeyNameTaken(
                    f"there is a key {name!r}: name another one, or remove that one first"
                )
            session.add(ApiKey(name=name, scope=scope, key_hash=key_hash))

    def remove(self, name: str) -> None:
        """The key's sessions end with it. Raises NotFound."""
        with self._database.session() as session:
            removed = session.scalar(
                sa.delete(ApiKey).where(ApiKey.name == name).returning(ApiKey.id)
            )
            if removed is None:
                raise NotFound(f"there is no key {name!r}")

    def all(self) -> list[StoredKey]:
        """In the order of their names."""
        return sorted(self.holders().by_key.values(), key=lambda key: key.name)

    def holders(self) -> Holders:
        """All that opens something now."""
        with self._database.session() as session:
            stored = [
                (key.key_hash, StoredKey(key.id, key.name, key.scope, key.created_at, key.used_at))
                for key in session.scalars(sa.select(ApiKey))
            ]
            sessions = session.execute(sa.text(_READ_SESSIONS)).all()
        by_id = {key.id: key for _, key in stored}
        return Holders(
            dict(stored),
            {hashed: by_id[key_id] for hashed, key_id in sessions if key_id in by_id},
        )

    def note_use(self, key_id: int) -> None:
        """That a key was used now."""
        used = sa.update(ApiKey).where(ApiKey.id == key_id).values(used_at=sa.func.now())
        with self._database.session() as session:
            session.execute(used)

    def begin_session(self, key_hash: bytes, token_hash: bytes) -> None:
        """A session of a key, if that is still there."""
        with self._database.session() as session:
            session.execute(
                sa.text(_BEGIN_SESSION), {"key_hash": key_hash, "token_hash": token_hash}
            )
            session.execute(sa.text(_END_OLD_SESSIONS), {"key_hash": key_hash})

    def end_session(self, token_hash: bytes) -> None:
        """Ends a session, if there is one."""
        with self._database.session() as session:
            session.execute(
                sa.text("DELETE FROM api_session WHERE token_hash = :token_hash"),
                {"token_hash": token_hash},
            )
