"""Logging in with a key in a browser: by keyboard alone, without scripts, at any width."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, Page, expect

from api.doors.keys import KEPT_S
from database.api_keys import ApiKeys
from database.models import ApiScope
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import PHONE, watched_page
from tests.helpers.fixtures import Ingested
from tests.helpers.guarded import make_key
from tests.helpers.http import Serving, serving

REFUSED = ("401",)
"""What the console says of a page that wants a login."""
NewLogin = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def key(ingested: Ingested) -> Iterator[str]:
    """Of the sample library, which is otherwise as it was."""
    name = uuid.uuid4().hex
    yield make_key(ingested.database, name, ApiScope.READ)
    ApiKeys(ingested.database).remove(name)


@pytest.fixture(scope="module")
def guarded(ingested: Ingested, key: str) -> Iterator[Serving]:
    """The sample, for who has a key."""
    with serving(ingested.settings, API_REQUIRE_KEYS="true") as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, guarded: Serving) -> NewLogin:
    """A browser that has not logged in."""
    origin = str(guarded.client.base_url).rstrip("/")
    return lambda **options: watched_page(browser, origin, REFUSED, **options)


def log_in(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")


def test_a_person_with_a_key_comes_to_the_page_that_was_wanted_and_sees_its_pictures_and_film(
    open_page: NewLogin, key: str
) -> None:
    with open_page() as page:
        page.goto("/?q=drilling")
        expect(page).to_have_title("Log in · sceneseek")
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        page.keyboard.insert_text(key)  # where a person pastes it
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{page.url.split('/?')[0]}/?q=drilling")
        picture = page.locator(".hit img").first
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
        page.goto("/watch/1")
        page.wait_for_function("document.querySelector('video').readyState >= 1")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.goto("/library")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_the_login_works_without_scripts(open_page: NewLogin, key: str) -> None:
    with open_page(java_script_enabled=False) as page:
        page.goto("/library")
        log_in(page, key)
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, {"width": 320, "height": 500}])
def test_a_wrong_key_is_told_to_everyone(
    open_page: NewLogin, key: str, viewport: dict[str, int]
) -> None:
    with open_page(viewport=viewport) as page:
        page.goto("/library")
        assert_accessible(page)
        log_in(page, key[:-1])
        expect(page.get_by_role("alert")).to_contain_text("this key is not known here")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        log_in(page, key)
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_is_logged_out_while_a_page_is_open_is_told_by_the_next_search(
    open_page: NewLogin, ingested: Ingested
) -> None:
    key = make_key(ingested.database, "for a while", ApiScope.READ)
    with open_page() as page:
        page.goto("/?q=drilling")
        log_in(page, key)
        expect(page.locator(".hit").first).to_be_visible()
        ApiKeys(ingested.database).remove("for a while")
        time.sleep(KEPT_S + 0.5)
        page.get_by_role("searchbox").fill("coffee")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Log in")


def test_who_follows_a_link_of_another_site_goes_on_without_logging_in_again(
    browser: Browser, guarded: Serving, key: str
) -> None:
    origin = str(guarded.client.base_url).rstrip("/")
    elsewhere = origin.replace("127.0.0.1", "localhost")  # which is another site
    with watched_page(browser, origin, (*REFUSED, "asked another server")) as page:
        page.goto("/library")
        log_in(page, key)
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        page.goto(f"{elsewhere}/login")
        page.evaluate(
            "address => { document.body.innerHTML = `<a href='${address}'>a link</a>`; }",
            f"{origin}/watch/1?t=3",
        )
        page.get_by_role("link", name="a link").click()
        page.get_by_role("link", name="go on").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        expect(page).to_have_url(f"{origin}/watch/1?t=3")
