"""Keys as a server knows them: by their hashes, kept for some seconds, so that no request waits for
the database."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Protocol

import structlog

from database.api_keys import ApiKeys, StoredKey
from database.errors import DatabaseError, TooSlow
from database.models import ApiScope

KEPT_S = 4.0
"""A key that is removed opens nothing after so long."""
_RENEW_S = 2.0
"""After which keys are read anew beside the requests that go on meanwhile."""
_READ_APART_S = 0.3
"""Between two readings for the sake of unknown keys: wrong ones are no load on the database."""
_PATIENCE_S = 3.0
"""As long as a request waits for the database to tell who asks."""
_NOTE_USE_S = 60.0
_KEY_BYTES = 32
_BUCKET_BYTES = 8


@dataclass(frozen=True)
class Holder:
    """Who holds a key."""

    id: int
    name: str
    scope: ApiScope


class Ring(Protocol):
    """The keys of a server."""

    async def find(self, key: str) -> Holder | None:
        """Who holds a key. Raises DatabaseError."""

    async def find_new(self, key: str) -> Holder | None:
        """Who holds a key that may be new. Raises DatabaseError."""

    async def find_session(self, token: str) -> Holder | None:
        """Whose session a browser's token belongs to. Raises DatabaseError."""


def new_key() -> str:
    """A key nobody can guess; it is shown once, and known by its hash from then on."""
    return f"ssk_{secrets.token_urlsafe(_KEY_BYTES)}"


def hash_of(key: str) -> bytes:
    """What is kept of a key. It is as long as its hash: nothing is gained by a slow one."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class Hashes:
    """Who holds what, by its hash: looked up by the first bytes of it, which tell nothing of a key,
    and compared as a whole in constant time."""

    def __init__(self, held: Mapping[bytes, Holder]) -> None:
        self._held = {hashed[:_BUCKET_BYTES]: (hashed, holder) for hashed, holder in held.items()}

    def find(self, key: str) -> Holder | None:
        """Who holds a key or token."""
        wanted = hash_of(key)
        hashed, holder = self._held.get(wanted[:_BUCKET_BYTES], (b"", None))
        return holder if compare_digest(hashed, wanted) else None


class FixedKeys:
    """The keys of a setting, for a server without a database: all may do all, and no browser logs
    in."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = Hashes(
            {
                hash_of(key): Holder(number, f"key {number}", ApiScope.ADMIN)
                for number, key in enumerate(keys, 1)
            }
        )

    async def find(self, key: str) -> Holder | None:
        """Who holds a key."""
        return self._keys.find(key)

    async def find_new(self, key: str) -> Holder | None:  # noqa: ARG002
        """Nobody: there are no new ones."""
        return None

    async def find_session(self, token: str) -> Holder | None:  # noqa: ARG002
        """Nobody: there are no sessions."""
        return None


class LibraryKeys:
    """The keys and sessions of a library, read again while they are used."""

    def __init__(self, stored: ApiKeys) -> None:
        self._stored = stored
        self._keys, self._sessions = Hashes({}), Hashes({})
        self._read_at_s = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._used_at_s: dict[int, float] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def find(self, key: str) -> Holder | None:
        """Who holds a key, of those that were read some seconds ago. Raises DatabaseError."""
        await self._renew()
        return self._noted(self._keys.find(key))

    async def find_new(self, key: str) -> Holder | None:
        """Who holds a key that may have been made since; many who ask wait for one look. Raises
        DatabaseError."""
        await asyncio.sleep(_READ_APART_S - self._age_s())
        await self._read()
        return self._noted(self._keys.find(key))

    async def find_session(self, token: str) -> Holder | None:
        """Whose session a browser's token belongs to. Raises DatabaseError."""
        await self._renew()
        found = self._sessions.find(token)
        if found is None and self._age_s() > _READ_APART_S:
            await self._read()  # it may have begun at another server
            found = self._sessions.find(token)
        return self._noted(found)

    async def begin_session(self, key: str) -> str:
        """The token of a new session of who holds a key. Raises DatabaseError."""
        token = secrets.token_urlsafe(_KEY_BYTES)
        await asyncio.to_thread(self._stored.begin_session, hash_of(key), hash_of(token))
        await self._read()
        return token

    async def log_out(self, token: str) -> None:
        """Ends a session at once. Raises DatabaseError."""
        await asyncio.to_thread(self._stored.end_session, hash_of(token))
        await self._read()

    def _age_s(self) -> float:
        return time.monotonic() - self._read_at_s

    async def _renew(self) -> None:
        """Keys that are not too old: read beside requests, or before one if they are."""
        age_s = self._age_s()
        if age_s > KEPT_S:
            async with _patience():
                await asyncio.shield(self._begin_reading())
        elif age_s > _RENEW_S:
            self._begin_reading()

    def _begin_reading(self) -> asyncio.Task[None]:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_now())
            self._reading.add_done_callback(_seen)
        return self._reading

    async def _read(self) -> None:
        """Reads what is there after this call, once for all who wait."""
        begun = self._reading
        async with _patience():
            if begun is not None and not begun.done():
                await asyncio.wait([begun])  # it may have looked before what is wanted was there
            await asyncio.shield(self._begin_reading())

    async def _read_now(self) -> None:
        at_s = time.monotonic()
        holders = await asyncio.to_thread(self._stored.holders)
        self._keys = Hashes(_held(holders.by_key))
        self._sessions = Hashes(_held(holders.by_session))
        self._read_at_s = at_s

    def _noted(self, holder: Holder | None) -> Holder | None:
        """Notes now and then, beside the request, that a key is used."""
        now_s = time.monotonic()
        if (
            holder is not None
            and now_s - self._used_at_s.get(holder.id, -_NOTE_USE_S) > _NOTE_USE_S
        ):
            self._used_at_s[holder.id] = now_s
            noting = asyncio.create_task(self._note_use(holder.id))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
        return holder

    async def _note_use(self, key_id: int) -> None:
        try:
            await asyncio.to_thread(self._stored.note_use, key_id)
        except DatabaseError as error:
            structlog.get_logger().warning("the use of a key was not noted", reason=str(error))


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Raises TooSlow when the database takes longer than a request waits."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            yield
    except TimeoutError:
        raise TooSlow("the database does not tell which keys there are") from None


def _held(stored: Mapping[bytes, StoredKey]) -> dict[bytes, Holder]:
    return {hashed: Holder(key.id, key.name, key.scope) for hashed, key in stored.items()}


def _seen(reading: "asyncio.Task[None]") -> None:
    """What went wrong is told to who waits; where nobody does, the next one reads again."""
    if not reading.cancelled():
        reading.exception()
