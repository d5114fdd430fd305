"""Sequences on the page: one thing, then another."""

from playwright.sync_api import Page, expect

from tests.helpers.browser import NewPage
from tests.helpers.holding import Held
from tests.helpers.http import Serving
from tests.helpers.playing import playing_at


def test_a_second_box_finds_what_follows_and_shows_each_step(page: Page) -> None:
    page.goto("/?q=drilling")
    expect(page.get_by_role("searchbox", name="Then")).to_have_count(0)
    page.get_by_role("button", name="then").click()
    then = page.get_by_role("searchbox", name="Then")
    expect(then).to_be_focused()
    then.fill("the train to the coast")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=drilling&then=the+train+to+the+coast")
    expect(then).to_be_focused()
    hit = page.locator(".sequences .hit").first
    expect(hit).to_have_accessible_name("tour, 0:00, then 0:15")
    steps = hit.locator(".step")
    expect(steps).to_have_count(2)
    expect(steps.first).to_contain_text("1 · 0:00")
    expect(steps.first).to_contain_text("The crew is drilling")
    expect(steps.last).to_contain_text("2 · 0:15")
    expect(steps.last).to_contain_text("the train to the coast")
    expect(steps.locator("img")).to_have_count(2)
    expect(hit.locator("small").last).to_contain_text("0:00–0:18")  # all of it plays
    assert float(hit.get_attribute("data-start") or "nan") < 1
    assert 18 < float(hit.get_attribute("data-end") or "nan") < 19

    steps.last.locator("img").click()
    playing_at(page, 14.6)  # from there, not from the first step
    page.keyboard.press("Escape")
    expect(page.locator("moment-player")).to_be_hidden()

    page.get_by_label("each within").select_option("10 s")
    page.wait_for_url("**&within_s=10")
    page.get_by_label("each within").select_option("1 min")
    page.wait_for_url("**&within_s=60")
    expect(hit).to_be_visible()
    page.reload()
    expect(then).to_have_value("the train to the coast")
    expect(page.get_by_label("each within")).to_have_value("60")


def test_steps_are_removed_and_added_one_by_one(page: Page) -> None:
    page.goto("/?q=drilling&then=the+train+to+the+coast")
    then = page.get_by_role("searchbox", name="Then")
    hit = page.locator(".sequences .hit").first
    page.get_by_role("button", name="Remove this step").click()
    page.wait_for_url("**/?q=drilling")
    expect(page.locator(".sequences")).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.go_back()
    expect(then).to_have_value("the train to the coast")
    expect(hit).to_be_visible()
    for num in (2, 3, 4):
        page.get_by_role("button", name="then").click()
        expect(then).to_have_count(num)
    expect(page.get_by_role("button", name="then")).to_be_hidden()


def test_what_does_not_apply_to_a_sequence_is_neither_offered_nor_shown(page: Page) -> None:
    page.goto("/?q=drilling&by_video=true&fold=true&sort=date&min_score=0.4&tags=x")
    chips = page.get_by_role("list", name="Filters").get_by_role("listitem")
    expect(chips).to_contain_text(["Tag: x", "Without weak", "One hit"])
    page.goto("/?q=a+cup+of+coffee&then=a+checklist&by_video=true&fold=true&min_score=0.4")
    expect(chips).to_have_text(["Without weak matches ×"])
    expect(page.locator(".hits .weak")).to_have_count(0)
    expect(page.locator(".sequences .hit")).to_have_count(1)
    page.locator(".filters summary").click()
    expect(page.get_by_text("No weak matches")).to_be_visible()
    of_scenes = [page.get_by_label("Order"), page.get_by_role("checkbox", name="One hit per video")]
    for each in of_scenes:
        expect(each).to_be_hidden()
    page.get_by_role("button", name="Remove this step").click()
    page.locator(".filters:not([open]) summary").click()
    for each in of_scenes:
        expect(each).to_be_visible()


def test_more_sequences_come_below_up_to_the_hundredth(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling&then=drilling&within_s=3600")
    hits = page.locator(".sequences .hit")
    expect(hits).to_have_count(24)
    names = hits.evaluate_all("hits => hits.map(hit => hit.getAttribute('aria-label'))")
    more = page.get_by_role("link", name="More hits")
    more.press("Enter")
    expect(hits).to_have_count(48)
    expect(hits.nth(24)).to_be_focused()
    shown = hits.evaluate_all("hits => hits.map(hit => hit.getAttribute('aria-label'))")
    assert shown[:24] == names
    assert len(set(shown)) == 48
    address = page.url
    page.reload()
    expect(hits).to_have_count(48)
    assert page.url == address
    for num in (72, 96, 100):
        more.press("Enter")
        expect(hits).to_have_count(num)
    expect(more).to_have_count(0)
    expect(page.get_by_text("These are the first 100 of")).to_be_visible()


def test_who_goes_to_the_box_while_more_sequences_are_awaited_stays_there(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling&then=drilling&within_s=3600")
    later = Held(page, "**/?*shown=*")
    with page.expect_request("**/?*shown=*"):
        page.get_by_role("link", name="More hits").press("Enter")
    page.keyboard.press("/")
    later.release()
    expect(page.locator(".sequences .hit")).to_have_count(48)
    expect(page.get_by_role("searchbox", name="Describe the moment")).to_be_focused()


def test_without_scripts_one_box_stands_among_the_filters(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/?q=drilling")
    page.locator(".filters summary").click()
    page.get_by_role("searchbox", name="Then").fill("the train to the coast")
    page.keyboard.press("Enter")
    expect(page.locator(".sequences .hit").first).to_contain_text("2 · 0:15")
    expect(page.get_by_role("slider")).to_have_count(0)  # it would need a script
