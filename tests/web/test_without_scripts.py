"""The page without JavaScript: a form and links."""

import re

from playwright.sync_api import expect

from tests.helpers.browser import NewPage


def test_search_filters_more_moments_and_library_work_without_scripts(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_role("searchbox").fill("drilling")
    page.keyboard.press("Enter")
    hits = page.locator(".hit")
    expect(hits.first).to_contain_text("The crew is drilling")

    page.goto("/?q=drilling&limit=2&kinds=keyframe&min_duration_s=1")
    expect(hits).to_have_count(2)
    page.get_by_role("link", name="More hits").click()
    expect(hits).to_have_count(4)
    chips = page.get_by_role("list", name="Filters").get_by_role("link")
    expect(chips).to_have_count(3)  # and one that clears all
    chips.first.click()
    expect(chips).to_have_count(1)

    page.goto("/?q=drilling")
    hits.first.click()
    expect(page).to_have_url(re.compile(r"/watch/1\?t="))
    expect(page.locator("video")).to_have_attribute(
        "src", re.compile(r"^/videos/1/stream#t=[01]\.\d+,4\.\d+$")
    )
    expect(page.get_by_role("heading", name="tour")).to_be_visible()
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_role("link", name="tour").first).to_be_visible()
