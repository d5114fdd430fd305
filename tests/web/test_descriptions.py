"""What a model wrote of pictures, on the page: marked as its words, and as data."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from embeddings.loaded import Encoders
from tests.helpers.browser import watched_page
from tests.helpers.described import MADE_BY, MARKUP, fill_settings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving

WRITTEN = f"Written by the model {MADE_BY} of a picture of this scene; it may be wrong"


@pytest.fixture(scope="module")
def described(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[str]:
    """The origin of a server of tests/helpers/described.py."""
    with new_settings(tmp_path_factory.mktemp("described") / "home") as settings:
        fill_settings(settings, encoders)
        with serving(settings) as server:
            yield str(server.client.base_url).rstrip("/")


@pytest.fixture
def opened(browser: Browser, described: str) -> Iterator[Page]:
    """A page of it, whose films have no file."""
    with watched_page(browser, described, expected_faults=("404",)) as page:
        yield page


def test_a_hit_says_that_a_model_described_it(opened: Page) -> None:
    opened.goto("/?q=tugboats")
    reason = opened.locator(".hit").first.locator(".described")
    expect(reason).to_have_text(
        "described by llava:7b: “Two tugboats pull a ferry past a lighthouse in the fog.”"
    )
    expect(reason).to_have_attribute("title", WRITTEN)
    expect(reason).to_have_css("font-style", "italic")
    expect(reason.locator("mark")).to_have_text("tugboats")


def test_what_a_model_wrote_is_no_markup(opened: Page) -> None:
    opened.goto("/?q=a sign above a stove")
    hit = opened.locator(".hit").first
    expect(hit).to_contain_text(MARKUP)
    assert hit.locator("script").count() == 0
    opened.goto("/watch/2?t=10&end=20&q=a sign above a stove")
    expect(opened.locator(".why")).to_contain_text(MARKUP)
    expect(opened.locator(".scenes")).to_contain_text(MARKUP)


def test_the_page_of_a_video_shows_what_each_scene_is_described_as(opened: Page) -> None:
    opened.goto("/watch/1?t=10&end=20&q=tugboats")
    expect(opened.locator(".why .described")).to_contain_text("described by llava:7b: “Two")
    expect(opened.locator(".why .described").first).to_have_attribute("title", WRITTEN)
    scene = opened.get_by_role(
        "link", name="Scene 1, 0:00, described by llava:7b: A red crane lifts"
    )
    expect(scene.locator(".described")).to_have_text("A red crane lifts a container onto a ship.")
    expect(opened.get_by_text("In italics: what a model wrote")).to_be_visible()


def test_a_filter_leaves_scenes_that_are_described(opened: Page) -> None:
    opened.goto("/?q=lighthouse")
    opened.locator(".filters summary").click()
    opened.get_by_label("Described", exact=True).check()
    expect(opened.locator(".narrowing")).to_contain_text("With something described")
    expect(opened.locator(".hit")).to_have_count(6)


def test_scenes_that_are_described_alike_are_offered(opened: Page) -> None:
    opened.goto("/?similar=1&by=description")
    expect(opened.get_by_text("Scenes that are described like")).to_be_visible()
    expect(opened.locator(".hit").first).to_contain_text("Two tugboats pull a ferry")
