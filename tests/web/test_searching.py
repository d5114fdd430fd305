"""Searching on the page, as its user does."""

import contextlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.helpers.browser import NewPage
from tests.helpers.http import Serving


def asked(page: Page) -> dict[str, list[str]]:
    """The fields of the address."""
    return parse_qs(urlsplit(page.url).query)


def test_enter_searches_and_the_focus_stays_in_the_box(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused()
    page.keyboard.type("drilling")
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first).to_contain_text("The crew is drilling")
    expect(box).to_be_focused()
    assert page.url.endswith("/?q=drilling")
    assert page.title() == "drilling · sceneseek"
    page.keyboard.type(" / water")
    expect(box).to_have_value("drilling / water")
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    expect(box).to_have_value("drilling / water")


def test_the_address_opens_the_same_search_elsewhere(page: Page, new_page: NewPage) -> None:
    page.goto(
        "/?q=drilling&sort=time&mode=balanced&fold=true&kinds=speech&recorded_from=2001-01-01"
    )
    other = new_page()
    other.goto("/?q=nothing+of+it")
    other.goto(page.url)
    for each in (page, other):
        expect(each.locator(".hit")).to_have_count(1)
        expect(each.get_by_role("radio", name="Both")).to_be_checked()
        each.locator(".filters summary").click()
        expect(each.get_by_label("Order")).to_have_value("time")
        expect(each.get_by_role("checkbox", name="Said")).to_be_checked()
        expect(each.get_by_label("Hide near-duplicates")).to_be_checked()
    page.get_by_role("searchbox").first.fill("orchestra")
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first).to_contain_text("orchestra")
    assert asked(page) == {
        "q": ["orchestra"], "sort": ["time"], "mode": ["balanced"], "fold": ["true"],
        "kinds": ["speech"], "recorded_from": ["2001-01-01"],
    }  # fmt: skip


def test_a_late_answer_to_an_older_query_never_shows(page: Page) -> None:
    page.goto("/")
    held: list[Route] = []
    page.route("**/?q=orchestra", lambda route: held.append(route))  # noqa: PLW0108
    box = page.get_by_role("searchbox")
    box.fill("orchestra")
    with page.expect_request("**/?q=orchestra"):  # one that is given up at once is never held
        box.press("Enter")
    with page.expect_event("requestfailed") as given_up:
        box.fill("drilling")
        box.press("Enter")
    assert given_up.value.url.endswith("q=orchestra")
    first = page.locator(".hit").first
    expect(first).to_contain_text("The crew is drilling")
    with contextlib.suppress(Error):  # the page may not be there for it any more
        held[0].fulfill(body="<p>late</p>", content_type="text/html")
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    expect(first).to_contain_text("The crew is drilling")
    expect(page.get_by_text("late", exact=True)).to_have_count(0)
    assert page.url.endswith("q=drilling")


def test_errors_are_told_in_place_of_the_old_hits(new_page: NewPage, sample: Serving) -> None:
    page = new_page(expected_faults=("Failed to load resource",))
    page.goto("/?q=drilling")
    expect(page.locator(".hit").first).to_be_visible()
    box = page.get_by_role("searchbox")

    box.fill("-drilling")
    box.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("the query only excludes: say what to find, too")
    expect(page.locator(".hit")).to_have_count(0)

    error = sample.client.get("/watch/999").text
    page.route("**/?q=busy", lambda route: route.fulfill(status=503, body=error))
    box.fill("busy")
    box.press("Enter")
    expect(alert).to_contain_text("there is no video 999")
    expect(box).to_be_focused()

    page.route("**/?q=gone", lambda route: route.abort())
    box.fill("gone")
    box.press("Enter")
    expect(alert).to_contain_text("cannot be reached")
    page.unroute("**/?q=gone")
    alert.get_by_role("link", name="Try again").click()
    expect(page.locator(".count")).to_contain_text("in")


def test_a_hit_tells_where_when_how_sure_and_why(page: Page) -> None:
    page.goto("/?q=drilling")
    hit = page.locator(".hit").first
    expect(hit).to_have_accessible_name(
        re.compile("^tour, 0:0[01], said: The crew is drilling through solid granite .* water.$")
    )
    expect(hit.locator("b")).to_have_text("tour")
    expect(hit.locator("small")).to_contain_text(re.compile("0:0[01]–0:04"))
    expect(hit.locator("small")).to_contain_text("% sure")
    expect(hit.locator("mark")).to_have_text("drilling")
    expect(hit.locator("p").first).to_contain_text("said: “")
    expect(page.get_by_role("heading", name="Weak matches")).to_have_count(1)
    expect(page.locator("li.line + li")).to_have_class("weak")
    expect(page.locator(".count")).to_contain_text("1 hit, and 5 weak ones in")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#said[role=status]")).to_have_text(
        re.compile(r"^1 hit, and 5 weak ones in \d+ ms$")
    )


@pytest.mark.parametrize("width", [375, 1280])
def test_boxes_lie_on_the_words_in_stills_of_any_shape(
    new_page: NewPage, many: Serving, width: int
) -> None:
    page = new_page(over=many, viewport={"width": width, "height": 800})
    page.goto("/?q=assembly+point&kinds=ocr")
    hit = page.locator(".hit", has_text="tall").first
    expect(hit).to_contain_text("on screen: “")
    page.wait_for_function("() => document.querySelector('.hit img').naturalWidth > 0")
    hit.scroll_into_view_if_needed()  # and stands still
    still, box = hit.locator("img").bounding_box(), hit.locator("path").bounding_box()
    assert still
    assert box  # with its outline
    shown_width = still["height"] * 180 / 320  # as the still lies in its frame
    left = still["x"] + (still["width"] - shown_width) / 2
    assert box["x"] == pytest.approx(left + 0.25 * shown_width, abs=8)
    assert box["width"] == pytest.approx(0.5 * shown_width, abs=14)
    assert box["y"] == pytest.approx(still["y"] + 0.5 * still["height"], abs=8)


def test_only_lines_that_have_the_words_are_boxed(page: Page) -> None:
    page.goto("/?q=checklist+torque")
    slide = page.locator(".hit", has_text="Torque limit").first
    assert (slide.locator("path").get_attribute("d") or "").count("M") == 2  # of six lines


def test_the_page_before_a_search_shows_videos_and_what_to_ask(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Find the moment")).to_be_visible()
    video = page.locator(".newest .hit")
    expect(video).to_contain_text("tour")
    expect(video).to_contain_text("0:42")
    page.wait_for_function("() => document.querySelector('.newest img').naturalWidth > 0")
    page.get_by_role("list", name="For instance").get_by_role("link").first.click()
    expect(page.locator(".hit mark").first).to_be_visible()
    expect(page.get_by_role("searchbox")).not_to_have_value("")
