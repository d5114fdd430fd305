"""Searching on the page, as its user does."""

from playwright.sync_api import Page, expect


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
