"""The doors of each server, by its settings and the address that it listens on."""

from api.doors.gate import Doors
from api.doors.hosts import Hosts, is_loopback
from api.doors.keys import FixedKeys, LibraryKeys, Ring
from api.doors.rates import Buckets
from api.settings import ApiSettings, DoorSettings, EmbeddingServerSettings
from database.api_keys import ApiKeys
from database.server.connection import Database
from embeddings.errors import SceneseekError

_WRONG_KEYS_PER_MINUTE = 10


class NoKeys(SceneseekError):
    """A server that needs keys, and would have none."""


def doors_of_library(settings: ApiSettings, database: Database, host: str) -> Doors:
    """Those of a server over a library. Raises NoKeys."""
    if not _needs_keys(settings, host):
        return _doors(settings, host, None)
    stored = ApiKeys(database)
    if not stored.all():
        raise NoKeys(
            f"{_why_keys(host)}, and there is none: python -m api.keys add NAME --scope admin "
            "makes one"
        )
    return _doors(settings, host, LibraryKeys(stored))


def doors_of_embeddings(settings: EmbeddingServerSettings, host: str) -> Doors:
    """Those of a server that gives embeddings alone: keys that are set are needed. Raises
    NoKeys."""
    if not settings.api_keys and _needs_keys(settings, host):
        raise NoKeys(
            f"{_why_keys(host)}: set EMBEDDING_API_KEYS to one or several, after commas; "
            'python -c "import secrets; print(secrets.token_urlsafe(32))" makes one'
        )
    ring = FixedKeys(settings.api_keys) if settings.api_keys else None
    return _doors(settings, host, ring)


def _needs_keys(settings: DoorSettings, host: str) -> bool:
    return settings.api_require_keys or not is_loopback(host)


def _why_keys(host: str) -> str:
    if is_loopback(host):
        return "API_REQUIRE_KEYS asks for keys"
    return f"other machines reach {host}, where a server needs keys"


def _doors(settings: DoorSettings, host: str, ring: Ring | None) -> Doors:
    per_minute = settings.api_requests_per_minute
    return Doors(
        hosts=Hosts(host, settings.allowed_hosts),
        ring=ring,
        rates=None if ring is None else Buckets(per_minute, burst=per_minute),
        wrong_keys=Buckets(_WRONG_KEYS_PER_MINUTE, burst=_WRONG_KEYS_PER_MINUTE),
    )
