"""Scenes that are like a hit: by its tools, by a key, by a link."""

import re

from playwright.sync_api import Page, expect

from tests.helpers.browser import PHONE, NewPage
from tests.helpers.holding import Held

FIRST = ".hit >> nth=0"
DRILLING = "/?q=drilling"


def test_s_finds_what_looks_like_the_hit_and_back_leads_to_it(page: Page) -> None:
    page.goto(DRILLING)
    hit = page.locator(FIRST)
    name = hit.get_attribute("aria-label")
    hit.focus()
    page.keyboard.press("s")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Scenes that look like tour, 0:00")
    expect(heading).to_be_focused()
    expect(page.get_by_role("img", name="Watch tour, 0:00")).to_be_visible()
    assert "/?similar=" in page.url
    assert "by=look" in page.url
    address = page.url
    page.go_back()
    expect(page.locator(FIRST)).to_be_focused()
    assert page.locator(FIRST).get_attribute("aria-label") == name
    page.goto(address)
    expect(heading).to_have_text("Scenes that look like tour, 0:00")
    page.get_by_role("link", name="Leave").click()
    expect(heading).not_to_contain_text("Scenes that look")
    assert page.url.endswith("/")


def test_who_types_while_similar_scenes_are_awaited_goes_on_typing(page: Page) -> None:
    page.goto(DRILLING)
    page.locator(FIRST).focus()
    answer = Held(page, "**/?similar=*")
    with page.expect_request("**/?similar=*"):
        page.keyboard.press("s")
    page.keyboard.press("/")
    answer.release()
    expect(page.get_by_role("heading", level=1)).to_have_text("Scenes that look like tour, 0:00")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_the_nearest_are_shown_at_once_though_none_is_surely_alike(page: Page) -> None:
    page.goto("/?similar=1&by=look")
    expect(page.get_by_role("heading", name="The most alike first")).to_be_visible()
    expect(page.locator(FIRST)).to_be_visible()
    expect(page.locator(".count")).to_have_text(re.compile(r"^5 scenes in \d+ ms$"))
    expect(page.get_by_text("No confident match")).to_have_count(0)
    expect(page.get_by_text("other words")).to_have_count(0)
    expect(page.get_by_role("radio", name="Automatic")).to_be_hidden()  # it looks at one thing
    expect(page.get_by_role("slider")).to_be_hidden()


def test_filters_narrow_what_is_alike(page: Page) -> None:
    page.goto("/?similar=1&by=look&from_s=30")
    expect(page.get_by_role("link", name="Remove: After 0:30 in the video")).to_be_visible()
    expect(page.locator(".hit")).to_have_count(2)
    page.get_by_role("link", name="Remove: After 0:30 in the video").click()
    expect(page.locator(".hit")).to_have_count(5)


def test_the_tools_come_to_the_hit_that_is_pointed_at_and_offer_what_the_library_can(
    page: Page,
) -> None:
    page.goto(DRILLING)
    tools = page.locator("#answer .tools")
    page.locator(".hit").nth(1).hover()
    expect(tools).to_have_count(1)
    expect(tools).to_have_attribute("aria-label", "Tools for " + name_of(page, 1))
    page.locator(FIRST).hover()
    expect(tools).to_have_count(1)
    expect(tools).to_have_attribute("aria-label", "Tools for " + name_of(page, 0))
    tools.locator("summary").click()
    expect(tools.get_by_role("link")).to_have_text(["Looks like this", "Has words like this"])
    tools.get_by_role("link", name="Has words like this").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Scenes that have words like tour, 0:00")
    page.get_by_role("link", name="Look", exact=True).click()
    expect(heading).to_have_text("Scenes that look like tour, 0:00")
    expect(page.get_by_role("button", name="Right")).to_have_count(0)


def name_of(page: Page, place: int) -> str:
    return page.locator(".hit").nth(place).get_attribute("aria-label") or ""


def test_the_keyboard_reaches_the_tools_right_after_their_hit(page: Page) -> None:
    page.goto(DRILLING)
    page.get_by_role("searchbox").focus()
    first = page.locator(FIRST)
    while not first.evaluate("hit => hit === document.activeElement"):
        page.keyboard.press("Tab")
    names = []
    for _ in range(4):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert names == ["Right", "Wrong", "Similar", "Search a part of it"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    menu = page.locator("#answer .tools details")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".pick").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".hit").nth(1)).to_be_focused()


def test_on_a_phone_the_tools_of_the_hit_that_plays_stand_in_the_player(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(DRILLING)
    page.locator(FIRST).tap()
    tools = page.get_by_role("region", name="Player").locator(".tools")
    expect(tools).to_have_attribute("aria-label", "Tools for " + name_of(page, 0))
    expect(page.locator("#answer .tools")).to_have_count(0)
    for button in tools.get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
    tools.locator("summary").tap()
    tools.get_by_role("link", name="Looks like this").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Scenes that look like tour, 0:00")


def test_a_likeness_that_cannot_be_had_is_told(new_page: NewPage) -> None:
    page = new_page(expected_faults=("422", "404"))
    page.goto("/?similar=1&by=action")
    expect(page.get_by_role("alert")).to_contain_text("no space to compare by action")
    page.get_by_role("link", name="Look", exact=True).click()
    expect(page.locator(".about h1")).to_contain_text("Scenes that look like")
    page.goto("/?similar=999999&by=look")
    expect(page.get_by_role("alert")).to_contain_text("no longer there")
    page.get_by_role("link", name="Leave this scene").click()
    expect(page).to_have_url(re.compile("/$"))


def test_what_is_gone_is_left_out_and_told(new_page: NewPage) -> None:
    page = new_page(expected_faults=("404",))
    page.goto("/?q=drilling&like=999999&unlike=2&video_ids=1&video_ids=999999")
    expect(page.get_by_role("status").filter(has_text="no longer there")).to_contain_text(
        ["A scene that was marked as right or wrong is no longer there."]
    )
    expect(page.locator(".banner")).to_contain_text("A video that this search is narrowed to")
    expect(page.locator(".hit").first).to_contain_text("drilling")
    page.get_by_role("link", name="Remove: In: tour").click()
    expect(page).to_have_url(re.compile(r"/\?q=drilling&unlike=2$"))
    expect(page.locator(".banner")).to_have_count(0)
    page.goto("/?q=drilling&video_ids=999999")
    expect(page.get_by_role("alert")).to_contain_text("Remove that filter.")
    page.get_by_role("link", name="Remove: In: a video that is gone").click()
    expect(page.locator(".hit").first).to_contain_text("drilling")
