"""Logging in with a key, what the cookie then opens, and how it ends."""

import time
from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest

from api.doors.keys import KEPT_S
from api.web.rendering import own_address
from database.api_keys import ApiKeys
from database.models import ApiScope
from ingest.settings import IngestSettings
from tests.helpers.guarded import Guarded, coming_from
from tests.helpers.http import assert_problem, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
COOKIE = "sceneseek_session"
_ELSEWHERE = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil",
    "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "/ /evil.example", "/a\\b",
    "/\x00", "/\xa0/evil.example", "/login", "/logout?x", "http:evil.example", "///evil.example",
)  # fmt: skip


@pytest.fixture
def browser(guarded: Guarded) -> Iterator[httpx.Client]:
    """A client that keeps cookies, and sends what a browser does with a form."""
    headers = BROWSER | {"Origin": guarded.url}
    with httpx.Client(base_url=guarded.url, headers=headers, timeout=60) as client:
        yield client


def log_in(browser: httpx.Client, key: str, then: str = "/library") -> httpx.Response:
    return browser.post("/login", data={"key": key, "then": then})


def test_a_browser_is_shown_the_login_and_then_what_it_wanted(
    guarded: Guarded, browser: httpx.Client
) -> None:
    wanted = "/watch/1?t=3&q=drilling%20%26%20more"
    shown = browser.get(wanted)
    assert shown.status_code == 401
    assert shown.headers["www-authenticate"] == 'Bearer realm="sceneseek"'
    assert '<form class="login" action="/login" method="post">' in shown.text
    assert 'value="/watch/1?t=3&amp;q=drilling%20%26%20more"' in shown.text
    assert "morning" not in shown.text
    entered = log_in(browser, guarded.keys["read"], wanted)
    assert (entered.status_code, entered.headers["location"]) == (303, wanted)
    page = browser.get(wanted)
    assert page.status_code == 200
    assert "Log out" in page.text
    for path in ("/scenes/14/keyframe.jpg", "/videos/1/stream"):  # there are no files of them
        assert_problem(browser.get(path, headers={"Accept": "image/*"}), 404)


def test_the_cookie_is_for_this_server_alone_and_for_no_script(
    guarded: Guarded, browser: httpx.Client
) -> None:
    (cookie,) = SimpleCookie(log_in(browser, guarded.keys["read"]).headers["set-cookie"]).values()
    assert cookie.key == COOKIE
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"]
    assert guarded.keys["read"] not in cookie.value
    proxied = {"X-Forwarded-Proto": "https", "Origin": guarded.url.replace("http", "https")}
    data = {"key": guarded.keys["read"]}
    answer = browser.post("/login", data=data, headers=proxied)
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie["secure"]


def test_a_wrong_key_is_told_with_one_sentence_and_opens_nothing(
    guarded: Guarded, browser: httpx.Client
) -> None:
    browser.headers.update(coming_from("192.0.2.3"))
    said = set()
    for wrong in ("wrong", "ssk_" + "A" * 43, "", guarded.keys["read"][:-1], "<script>", "\ud7ff"):
        answer = log_in(browser, wrong, "/library?q=a")
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert 'value="/library?q=a"' in answer.text
        said.add(answer.text)
    assert len(said) == 1
    assert "this key is not known here" in said.pop()
    for _ in range(10):
        answer = log_in(browser, "wrong")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert log_in(browser, guarded.keys["read"]).status_code == 303


@pytest.mark.parametrize("then", _ELSEWHERE)
def test_the_login_never_leads_to_another_site(
    guarded: Guarded, browser: httpx.Client, then: str
) -> None:
    assert own_address(then) == "/"
    answer = log_in(browser, guarded.keys["read"], then)
    assert answer.headers["location"] == "/"
    assert "evil" not in browser.get("/login", params={"then": then}).text


@pytest.mark.parametrize("then", ["/", "/?q=a&then=b", "/watch/1?t=3", "/library/files", "/?q=é"])
def test_the_login_leads_to_any_page_of_its_own(then: str) -> None:
    assert own_address(then) == then


def test_who_follows_a_link_of_another_site_can_go_on_without_logging_in_again(
    browser: httpx.Client,
) -> None:
    linked = {"Sec-Fetch-Site": "cross-site"}  # with which no browser sends the cookie
    link = '<a href="/watch/1?t=3&amp;q=x">go on</a>'
    assert link in browser.get("/watch/1?t=3&q=x", headers=linked).text
    assert "go on" not in browser.get("/watch/1?t=3&q=x").text


def test_who_is_logged_in_and_comes_to_the_login_again_may_log_in_again(
    guarded: Guarded, browser: httpx.Client
) -> None:
    log_in(browser, guarded.keys["read"])
    del browser.headers["origin"]  # which no browser sends with a page that it opens
    assert browser.get("/login").status_code == 200
    browser.headers["origin"] = guarded.url
    assert log_in(browser, guarded.keys["write"]).status_code == 303
    assert browser.put("/videos/1/tags", json={"tags": []}).status_code == 200


def test_the_password_of_a_proxy_before_the_server_does_not_stand_in_the_way_of_the_cookie(
    guarded: Guarded, browser: httpx.Client
) -> None:
    log_in(browser, guarded.keys["write"])
    headers = {"Authorization": "Basic cHJveHk6cHJveHk="}
    assert browser.get("/library", headers=headers).status_code == 200
    other = headers | {"Origin": "https://evil.example"}
    answer = browser.put("/videos/1/tags", json={"tags": []}, headers=other)
    assert answer.status_code == 403


def test_who_logs_out_is_out_at_once(guarded: Guarded, browser: httpx.Client) -> None:
    log_in(browser, guarded.keys["read"])
    stolen = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    assert guarded.client.get("/videos", headers=stolen).status_code == 200
    out = browser.post("/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert COOKIE not in browser.cookies
    assert guarded.client.get("/videos", headers=stolen).status_code == 401


def test_a_login_ends_with_its_key(guarded: Guarded, browser: httpx.Client) -> None:
    log_in(browser, guarded.add("for a day", ApiScope.WRITE))
    assert browser.get("/library").status_code == 200
    ApiKeys(guarded.database).remove("for a day")
    time.sleep(KEPT_S + 0.5)
    assert browser.get("/library").status_code == 401


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://", "", None],
)
def test_with_a_cookie_only_a_page_of_this_server_writes(
    guarded: Guarded, browser: httpx.Client, origin: str | None
) -> None:
    log_in(browser, guarded.keys["write"])
    del browser.headers["origin"]
    headers = {} if origin is None else {"Origin": origin}
    for method, path, body in (
        ("PUT", "/videos/1/tags", {"json": {"tags": ["taken"]}}),
        ("POST", "/watch/1/forget", {}),
        ("POST", "/logout", {}),
    ):
        answer = browser.request(method, path, headers=headers, **body)  # type: ignore[arg-type]
        assert answer.status_code == 403, path
    assert browser.get("/library").status_code == 200
    own = {"Origin": guarded.url}
    assert browser.put("/videos/1/tags", json={"tags": []}, headers=own).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_logs_nobody_in(guarded: Guarded, browser: httpx.Client, origin: str) -> None:
    data = {"key": guarded.keys["read"]}
    answer = browser.post("/login", data=data, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_behind_a_proxy_with_https_its_own_page_writes_and_the_one_of_http_does_not(
    guarded: Guarded, browser: httpx.Client
) -> None:
    log_in(browser, guarded.keys["write"])
    host = guarded.url.removeprefix("http://")
    told = {"X-Forwarded-Proto": "https"}
    for headers, status in (
        (told | {"Origin": f"https://{host}"}, 200),
        ({"Origin": f"https://{host}"}, 200),  # a proxy that does not tell of https
        (told | {"Origin": f"http://{host}"}, 403),
    ):
        answer = browser.put("/videos/1/tags", json={"tags": []}, headers=headers)
        assert answer.status_code == status
    named = {"Host": "localhost", "Origin": "https://localhost"} | told
    assert browser.put("/videos/1/tags", json={"tags": []}, headers=named).status_code == 200
    named["Origin"] = "https://localhost:443"
    assert browser.put("/videos/1/tags", json={"tags": []}, headers=named).status_code == 200


def test_the_parts_of_a_page_are_refused_as_a_page_that_its_script_can_tell(
    guarded: Guarded,
) -> None:
    answer = guarded.client.get("/?q=drilling", headers={"X-Fragment": "1"})
    assert answer.status_code == 401
    assert answer.text.lower().startswith("<!doctype html>")


def test_a_key_that_may_only_read_is_told_so_in_a_page(
    guarded: Guarded, browser: httpx.Client
) -> None:
    log_in(browser, guarded.keys["read"])
    answer = browser.post("/watch/1/forget")
    assert answer.status_code == 403
    assert "this needs one of scope write" in answer.text
    assert browser.get("/watch/1").status_code == 200


def test_where_no_key_is_needed_there_is_nothing_to_log_in_to(settings: IngestSettings) -> None:
    with serving(settings) as server:
        answer = server.client.get("/login?then=/library", headers=BROWSER)
        assert (answer.status_code, answer.headers["location"]) == (303, "/library")
        assert "Log out" not in server.client.get("/library", headers=BROWSER).text
        for path in ("/login", "/logout"):
            assert server.client.post(path).status_code == 303
