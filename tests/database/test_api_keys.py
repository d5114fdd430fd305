"""Keys and sessions as the database keeps them: by their hashes, each with a name of its own."""

import hashlib

import pytest

from database import api_keys
from database.api_keys import ApiKeys
from database.errors import KeyNameTaken, NotFound
from database.models import ApiScope
from database.server.connection import Database
from tests.helpers.sql import execute


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database)


def hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def test_a_name_is_given_once_and_free_again_when_its_key_is_removed(keys: ApiKeys) -> None:
    keys.add("anna", ApiScope.READ, hashed("a"))
    with pytest.raises(KeyNameTaken, match="remove that one first"):
        keys.add("anna", ApiScope.ADMIN, hashed("b"))
    keys.remove("anna")
    with pytest.raises(NotFound, match="no key 'anna'"):
        keys.remove("anna")
    keys.add("anna", ApiScope.WRITE, hashed("b"))
    assert [(key.name, key.scope) for key in keys.all()] == [("anna", ApiScope.WRITE)]


def test_a_session_belongs_to_its_key_and_ends_with_it(keys: ApiKeys) -> None:
    keys.add("anna", ApiScope.READ, hashed("a"))
    keys.add("bert", ApiScope.READ, hashed("b"))
    keys.begin_session(hashed("a"), hashed("of anna"))
    keys.begin_session(hashed("b"), hashed("of bert"))
    keys.begin_session(hashed("nobody's"), hashed("of nobody"))
    found = keys.holders()
    assert {key.name for key in found.by_key.values()} == {"anna", "bert"}
    assert {token: key.name for token, key in found.by_session.items()} == {
        hashed("of anna"): "anna",
        hashed("of bert"): "bert",
    }
    keys.remove("anna")
    assert list(keys.holders().by_session) == [hashed("of bert")]
    keys.end_session(hashed("of bert"))
    assert keys.holders().by_session == {}


def test_a_session_that_is_too_old_opens_nothing_and_the_oldest_of_many_end(
    keys: ApiKeys, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.add("anna", ApiScope.READ, hashed("a"))
    keys.begin_session(hashed("a"), hashed("old"))
    execute(database, "UPDATE api_session SET expires_at = now() - interval '1 second'")
    assert keys.holders().by_session == {}
    for number in range(api_keys.MAX_SESSIONS + 2):
        keys.begin_session(hashed("a"), hashed(str(number)))
    kept = keys.holders().by_session
    assert len(kept) == api_keys.MAX_SESSIONS
    assert hashed("1") not in kept
    assert hashed("2") in kept


def test_the_last_use_of_a_key_is_kept(keys: ApiKeys) -> None:
    keys.add("anna", ApiScope.READ, hashed("a"))
    (key,) = keys.all()
    assert key.used_at is None
    keys.note_use(key.id)
    (key,) = keys.all()
    assert key.used_at is not None
    assert key.used_at >= key.created_at
