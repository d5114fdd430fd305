"""A server that needs keys, over the made library of tests/helpers/drilling.py."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from api.doors.keys import hash_of, new_key
from database.api_keys import ApiKeys
from database.models import ApiScope
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from embeddings.loaded import Encoders
from tests.helpers.drilling import fill
from tests.helpers.http import Serving, serving


@dataclass(frozen=True)
class Guarded:
    """A served library with a key of each scope, named like it."""

    server: Serving
    settings: DatabaseSettings
    database: Database
    keys: dict[str, str]

    @property
    def client(self) -> httpx.Client:
        """One without a key."""
        return self.server.client

    @property
    def url(self) -> str:
        """As its pages call it in Origin."""
        return str(self.client.base_url).rstrip("/")

    def by(self, name: str) -> dict[str, str]:
        """The header that sends a key."""
        return bearer(self.keys[name])

    def add(self, name: str, scope: ApiScope = ApiScope.READ) -> str:
        """A further key."""
        return make_key(self.database, name, scope)


def bearer(key: str) -> dict[str, str]:
    """The header that sends a key."""
    return {"Authorization": f"Bearer {key}"}


def coming_from(address: str) -> dict[str, str]:
    """The header by which a proxy on the server's machine tells whose request it passes on."""
    return {"X-Forwarded-For": address}


def make_key(database: Database, name: str, scope: ApiScope) -> str:
    """A key of this name, known to the library."""
    key = new_key()
    ApiKeys(database).add(name, scope, hash_of(key))
    return key


@contextlib.contextmanager
def guarded_library(
    settings: DatabaseSettings, encoders: Encoders, **variables: str
) -> Iterator[Guarded]:
    """The library, served to who has a key."""
    with contextlib.closing(open_database(settings)) as database:
        fill(database, encoders)
        keys = {scope.value: make_key(database, scope.value, scope) for scope in ApiScope}
        with serving(settings, **({"API_REQUIRE_KEYS": "true"} | variables)) as server:
            yield Guarded(server, settings, database, keys)
