"""What is asked with a key, without one, and with one that allows too little."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.app import create_embedding_app
from api.doors import keys as doors_keys
from api.doors.gate import Gate
from api.doors.keys import LibraryKeys
from api.doors.scopes import is_open, scope_of
from database.api_keys import ApiKeys
from database.models import ApiScope
from database.server.connection import Database
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command, start_command
from tests.helpers.guarded import Guarded, bearer, coming_from, make_key
from tests.helpers.http import Log, Serving, assert_problem, free_port, wait_until_ready
from tests.helpers.openai import refusal, serving_embeddings
from tests.helpers.services import embedding_settings
from tests.helpers.statements import sent_statements

READ = [
    ("GET", "/videos"), ("GET", "/videos/1"), ("HEAD", "/videos/1/stream"), ("GET", "/files"),
    ("GET", "/videos/1/sprites.vtt"), ("GET", "/scenes/1/keyframe.jpg"), ("GET", "/spaces"),
    ("GET", "/videos/1/transcript.vtt"), ("GET", "/videos/1/subtitles"), ("GET", "/metrics"),
    ("GET", "/search/quick?q=drilling"), ("GET", "/scenes/1/similar"), ("GET", "/openapi.json"),
    ("GET", f"/search/pictures/{'0' * 32}.jpg"), ("GET", "/"), ("GET", "/watch/1"),
    ("GET", "/library"), ("GET", "/library/spaces"), ("GET", "/v1/models"),
    ("POST", "/search/multimodal"), ("POST", "/search/sequence"), ("POST", "/search/image"),
    ("POST", "/v1/embeddings"), ("POST", "/v1/embeddings/multimodal"), ("POST", "/v1/rerank"),
    ("POST", "/search/pictures"), ("GET", "/nowhere"), ("GET", "/workers"),
    ("GET", "/jobs"), ("GET", "/jobs/9999"), ("GET", "/jobs/9999/files"),
    ("GET", "/uploads/x"), ("HEAD", "/uploads/x"), ("OPTIONS", "/uploads"), ("POST", "/exports"),
]  # fmt: skip
WRITE = [
    ("POST", "/search/feedback"), ("PUT", "/search/feedback"), ("DELETE", "/search/feedback"),
    ("PUT", "/videos/9999/tags"), ("DELETE", "/videos/9999"),
    ("POST", "/videos/9999/again"), ("DELETE", "/videos/9999/again"),
    ("POST", "/watch/9999/forget"), ("POST", "/watch/9999/again"),
    ("POST", "/jobs/9999/pause"), ("POST", "/jobs/9999/resume"), ("POST", "/jobs/9999/cancel"),
    ("POST", "/jobs/9999/retry"), ("PUT", "/jobs/9999/priority"),
    ("POST", "/library/jobs/9999/pause"), ("POST", "/videos"), ("POST", "/uploads"),
    ("POST", "/uploads/known"), ("PATCH", "/uploads/9999"), ("DELETE", "/uploads/9999"),
    ("POST", "/uploads"), ("POST", "/uploads/known"), ("PATCH", "/uploads/x"),
    ("DELETE", "/uploads/x"), ("POST", "/videos"),
]  # fmt: skip
ADMIN = [
    ("POST", "/library/forget-missing"), ("POST", "/library/missing"), ("POST", "/nowhere"),
    ("POST", "/jobs"),
]  # fmt: skip
OPEN = ["/health", "/ready", "/login"]
REFUSED = (401, 403)


def test_all_that_a_server_answers_needs_a_key_but_whether_it_lives_and_the_login(
    guarded: Guarded,
) -> None:
    for path in OPEN:
        assert guarded.client.get(path).status_code == 200
    for method, path in READ + WRITE + ADMIN:
        answer = guarded.client.request(method, path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == 'Bearer realm="sceneseek"'
        assert "drilling" not in answer.text
    assert "Authorization: Bearer" in assert_problem(guarded.client.get("/videos"), 401)
    assert refusal(guarded.client.get("/v1/models"), 401)["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [("read", READ, WRITE + ADMIN), ("write", READ + WRITE, ADMIN), ("admin", READ + WRITE, [])],
)
def test_a_key_allows_what_its_scope_says(
    guarded: Guarded,
    name: str,
    allowed: list[tuple[str, str]],
    refused: list[tuple[str, str]],
) -> None:
    for method, path in allowed:
        answer = guarded.client.request(method, path, headers=guarded.by(name))
        assert answer.status_code not in REFUSED, (method, path)
    for method, path in refused:
        answer = guarded.client.request(method, path, headers=guarded.by(name))
        assert answer.status_code == 403, (method, path)
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert guarded.client.get("/videos", headers=guarded.by("read")).json()["videos"]


def test_an_admin_may_forget_all_that_is_missing(guarded: Guarded) -> None:
    answer = guarded.client.post("/library/forget-missing", headers=guarded.by("admin"))
    assert answer.json()["forgotten"] == []


def test_every_route_is_known_here(guarded: Guarded) -> None:
    """A new one has to be put into a list above, and so be thought of."""
    paths = guarded.client.get("/openapi.json", headers=guarded.by("read")).json()["paths"]
    for path, operations in paths.items():
        for method in map(str.upper, operations):
            scope = scope_of(method, path)
            if method == "GET":
                assert scope is ApiScope.READ
                assert is_open(path) == (path in OPEN)
                continue
            listed = {ApiScope.READ: READ, ApiScope.WRITE: WRITE, ApiScope.ADMIN: ADMIN}[scope]
            filled = re.sub(r"{(video|job|upload)_id}", "9999", path)
            filled = filled.replace("{upload_id}", "x")
            assert (method, filled) in listed, f"{method} {path}"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Bearer \xe9", "ssk_x", ""],
)
def test_what_is_no_key_opens_nothing(guarded: Guarded, header: str) -> None:
    sent = {b"Authorization": header.encode("latin-1"), b"X-Forwarded-For": b"192.0.2.1"}
    assert_problem(guarded.client.get("/videos", headers=sent), 401)


def test_a_key_that_is_nearly_right_opens_nothing(guarded: Guarded) -> None:
    cut = guarded.keys["admin"][:-1]
    for wrong in (cut, f"{cut}!", guarded.keys["admin"].swapcase()):
        headers = bearer(wrong) | coming_from("192.0.2.2")
        answer = guarded.client.get("/videos", headers=headers)
        assert "not known here" in assert_problem(answer, 401)
        assert answer.headers["www-authenticate"].endswith('error="invalid_token"')


def test_the_scheme_is_read_in_small_and_large_letters(guarded: Guarded) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme}  {guarded.keys['read']}"}
        assert guarded.client.get("/videos", headers=headers).status_code == 200


def test_a_path_that_only_looks_open_is_not(guarded: Guarded) -> None:
    for path in ("/health/../videos", "//health", "/health/", "/static/../videos", "/static/x/y",
                 "/login/../videos", "/%2e%2e/videos", "/health%2f..%2fvideos"):  # fmt: skip
        assert guarded.client.get(path).status_code == 401, path


def test_wrong_keys_of_an_address_are_limited_and_right_ones_are_not(guarded: Guarded) -> None:
    here = coming_from("2001:db8:1:2::1")
    for number in range(10):
        answer = guarded.client.get("/videos", headers=bearer(f"wrong{number}") | here)
        assert answer.status_code == 401
    beside = coming_from("2001:db8:1:2::2")
    late = guarded.client.get("/videos", headers=bearer("wrong") | beside)
    assert "too many" in assert_problem(late, 429)
    assert 1 <= int(late.headers["retry-after"]) <= 6
    assert guarded.client.get("/videos", headers=guarded.by("read") | here).status_code == 200
    assert guarded.client.get("/videos", headers=here).status_code == 401
    elsewhere = coming_from("2001:db8:1:3::1")
    assert guarded.client.get("/videos", headers=bearer("x") | elsewhere).status_code == 401


def test_a_new_key_opens_at_once_and_a_removed_one_nothing_after_5_seconds(
    guarded: Guarded,
) -> None:
    key = guarded.add("short")
    assert guarded.client.get("/videos", headers=bearer(key)).status_code == 200
    ApiKeys(guarded.database).remove("short")
    removed_s = time.monotonic()
    while guarded.client.get("/videos", headers=bearer(key)).status_code == 200:
        assert time.monotonic() < removed_s + 5
        time.sleep(0.05)
    assert_problem(guarded.client.get("/videos", headers=bearer(key)), 401)


def test_the_last_use_of_a_key_is_told(guarded: Guarded) -> None:
    key = guarded.add("seen")
    guarded.client.get("/videos", headers=bearer(key))
    deadline_s = time.monotonic() + 5
    while {k.name: k.used_at for k in ApiKeys(guarded.database).all()}["seen"] is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_keys_are_kept_by_their_hash_alone(guarded: Guarded) -> None:
    with guarded.database.session() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        found = driver.execute("SELECT api_key::text FROM api_key").fetchall()
    text = repr(found)
    assert "read" in text
    for key in guarded.keys.values():
        assert key not in text
        assert key[4:20] not in text
        assert len(key) >= 4 + 43


def test_keys_that_are_in_use_are_not_looked_up_in_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(database, "busy", ApiScope.READ)
    monkeypatch.setattr(doors_keys, "_NOTE_USE_S", 3600.0)

    async def ask() -> int:
        ring = LibraryKeys(ApiKeys(database))
        assert await ring.find(key) is not None
        await asyncio.sleep(0.2)  # its first use is noted beside it
        with sent_statements() as sent:
            for _ in range(1000):
                holder = await ring.find(key)
                assert holder is not None
                assert holder.name == "busy"
        return len(sent)

    assert asyncio.run(ask()) == 0


def test_keys_are_read_anew_beside_the_requests_that_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(database, "busy", ApiScope.READ)
    monkeypatch.setattr(doors_keys, "_RENEW_S", 0.0)

    async def ask() -> list[bool]:
        ring = LibraryKeys(ApiKeys(database))
        await ring.find(key)
        ApiKeys(database).remove("busy")
        found = []
        for _ in range(100):
            found.append(await ring.find(key) is not None)
            await asyncio.sleep(0.01)
        return found

    found = asyncio.run(ask())
    assert found[0]
    assert not found[-1]


def test_while_the_database_does_not_answer_no_key_is_believed(
    database: Database, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(database, "anna", ApiScope.READ)
    monkeypatch.setattr(doors_keys, "KEPT_S", 0.0)
    monkeypatch.setattr(doors_keys, "_PATIENCE_S", 0.3)

    async def ask() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        app = create_embedding_app(embedding_settings(models))
        ring = LibraryKeys(ApiKeys(database))
        doors = replace(app.state.doors, ring=ring)
        transport = httpx.ASGITransport(Gate(app, doors))
        url = "http://127.0.0.1"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            before = await client.get("/v1/models", headers=bearer(key))
            with database.connection() as held:
                held.execute("LOCK TABLE api_key, api_session IN ACCESS EXCLUSIVE MODE")
                meanwhile = await client.get("/v1/models", headers=bearer(key))
                held.rollback()
            after = await client.get("/v1/models", headers=bearer(key))
        await app.state.embeddings.cleanup()
        return before, meanwhile, after

    before, meanwhile, after = asyncio.run(ask())
    assert (before.status_code, after.status_code) == (200, 200)
    assert "try again" in refusal(meanwhile, 503)["message"]
    assert int(meanwhile.headers["retry-after"]) > 0


def test_a_server_of_embeddings_alone_takes_the_keys_of_its_setting(models: Path) -> None:
    first, second = "first-" * 4, "second" * 4
    keys = f"{first}, {second}"
    with serving_embeddings(models, EMBEDDING_API_KEYS=keys) as server:
        for key in (first, second):
            assert server.client.get("/v1/models", headers=bearer(key)).status_code == 200
        for headers in ({}, bearer(first[:-1]), {"Cookie": f"sceneseek_session={first}"}):
            answer = server.client.get("/v1/models", headers=headers)
            assert refusal(answer, 401)["code"] == "invalid_api_key"
            assert answer.headers["www-authenticate"].startswith("Bearer")
        browser = server.client.get("/metrics", headers={"Accept": "text/html"})
        assert "log in" not in assert_problem(browser, 401)
        assert server.client.get("/health").status_code == 200
        assert first not in server.stop()


@pytest.mark.parametrize(
    ("package", "command"),
    [("api", "python -m api.keys add NAME"), ("api.embeddings", "EMBEDDING_API_KEYS")],
)
@pytest.mark.parametrize(
    "arguments", [("--host", "0.0.0.0"), ("--host", "::"), ()], ids=["ipv4", "ipv6", "required"]
)
def test_a_server_that_needs_keys_and_has_none_does_not_start(
    settings: IngestSettings, package: str, command: str, arguments: tuple[str, ...]
) -> None:
    required = "false" if arguments else "true"
    done = run_command(
        package, "--port", 0, *arguments, settings=settings, API_REQUIRE_KEYS=required
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert command in line


def test_a_server_that_other_machines_reach_answers_who_has_a_key(
    settings: IngestSettings, database: Database
) -> None:
    key = make_key(database, "anna", ApiScope.READ)
    port = free_port()
    with start_command(
        "api", "--no-worker", "--host", "0.0.0.0", "--port", port, settings=settings
    ) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_ready(process, client)
            assert_problem(client.get("/videos"), 401)
            assert client.get("/videos", headers=bearer(key)).json() == {"videos": [], "next": None}
        said = Serving(process, client, Log(process)).stop()
        assert f"Open in a browser: http://127.0.0.1:{port}\n" in said
        assert key not in said


@pytest.mark.parametrize(
    "keys", ["short", f"{'a' * 24},short", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 30]
)
def test_a_weak_key_of_a_setting_is_refused_and_not_shown(
    settings: IngestSettings, keys: str
) -> None:
    done = run_command("api.embeddings", "--port", 0, settings=settings, EMBEDDING_API_KEYS=keys)
    assert done.returncode == 1
    assert "error: EMBEDDING_API_KEYS: " in done.stderr
    assert "at least 24 characters" in done.stderr
    assert keys not in done.stderr
    assert "short" not in done.stderr
