"""python -m api.keys as a person runs it, and a server by its keys."""

import json
import re
import stat

import pytest

from api.doors.keys import hash_of
from database.api_keys import ApiKeys
from database.models import ApiScope
from database.server.connection import Database
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command
from tests.helpers.guarded import bearer
from tests.helpers.http import serving


def test_a_key_is_shown_once_named_in_the_list_and_removed(
    settings: IngestSettings, database: Database
) -> None:
    made = run_command("api.keys", "add", "anna", "--scope", "write", settings=settings)
    key = made.stdout.strip()
    assert re.fullmatch(r"ssk_[A-Za-z0-9_-]{43}", key)
    assert "not shown again" in made.stderr
    (stored,) = ApiKeys(database).holders().by_key.items()
    assert stored[0] == hash_of(key)
    assert stored[1].scope is ApiScope.WRITE
    shown = run_command("api.keys", "list", settings=settings)
    assert re.match(r"anna  write  made \d{4}-\d\d-\d\d \d\d:\d\d UTC  never used\n", shown.stdout)
    for done in (shown, run_command("api.keys", "list", "--json", settings=settings)):
        assert key[4:16] not in done.stdout
    (row,) = json.loads(done.stdout)["keys"]
    assert (row["name"], row["scope"], row["used_at"]) == ("anna", "write", None)
    with serving(settings, API_REQUIRE_KEYS="true") as server:
        assert server.client.get("/videos", headers=bearer(key)).status_code == 200
    assert run_command("api.keys", "remove", "anna", settings=settings).stdout == "removed: anna\n"
    again = run_command("api.keys", "remove", "anna", settings=settings)
    assert (again.returncode, again.stderr) == (1, "error: there is no key 'anna'\n")
    assert "makes one" in run_command("api.keys", "list", settings=settings).stdout


def test_a_key_reads_unless_it_is_told_to_do_more(settings: IngestSettings) -> None:
    made = run_command("api.keys", "add", "tv", "--json", settings=settings)
    assert json.loads(made.stdout)["scope"] == "read"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "two words"), "letters, digits"),
        (("add", ""), "letters, digits"),
        (("add", "-x"), "No such option"),
        (("add", "a" * 61), "up to 60"),
        (("add", "anna", "--scope", "root"), "'read', 'write', 'admin'"),
    ],
)
def test_what_is_no_name_or_scope_is_told(
    settings: IngestSettings, arguments: tuple[str, ...], said: str
) -> None:
    done = run_command("api.keys", *arguments, settings=settings)
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout


def test_the_first_start_makes_a_key_that_only_its_user_can_read_and_later_ones_none(
    settings: IngestSettings, database: Database
) -> None:
    file = settings.home / "first-api-key"
    done = run_command("api.keys", "first", settings=settings)
    assert str(file) in done.stderr
    key = file.read_text().strip()
    assert key not in done.stdout + done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (holder,) = ApiKeys(database).holders().by_key.items()
    assert holder[0] == hash_of(key)
    assert holder[1].scope is ApiScope.ADMIN
    later = run_command("api.keys", "first", settings=settings)
    assert str(file) in later.stderr
    assert file.read_text().strip() == key
    assert len(ApiKeys(database).all()) == 1


def test_a_start_that_was_cut_off_leaves_no_key_that_nobody_has(
    settings: IngestSettings, database: Database
) -> None:
    file = settings.home / "first-api-key"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("written, but not known to the library yet\n")
    run_command("api.keys", "first", settings=settings)
    assert hash_of(file.read_text().strip()) in ApiKeys(database).holders().by_key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_file_of_a_first_key_that_was_removed_is_not_taken_for_one(
    settings: IngestSettings, database: Database
) -> None:
    run_command("api.keys", "first", settings=settings)
    ApiKeys(database).add("anna", ApiScope.ADMIN, hash_of("x"))
    ApiKeys(database).remove("first")
    done = run_command("api.keys", "first", settings=settings)
    assert "none of which lies here" in done.stderr


def test_a_library_with_keys_gets_no_first_one(
    settings: IngestSettings, database: Database
) -> None:
    ApiKeys(database).add("anna", ApiScope.READ, hash_of("x"))
    done = run_command("api.keys", "first", settings=settings)
    assert done.returncode == 0
    assert "python -m api.keys add NAME" in done.stderr
    assert not (settings.home / "first-api-key").exists()
    assert [key.name for key in ApiKeys(database).all()] == ["anna"]
