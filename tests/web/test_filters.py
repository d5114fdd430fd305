"""What narrows, weighs and orders a search on the page."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.helpers.browser import NewPage
from tests.helpers.holding import Held
from tests.helpers.http import Serving

ALIKE = re.compile(r"^\d+ alike$")


def asked(page: Page) -> dict[str, list[str]]:
    """The fields of the address."""
    return parse_qs(urlsplit(page.url).query)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Filters").get_by_role("link")


def titles(page: Page) -> list[str]:
    return page.locator(".hit b").all_text_contents()


def num_in(alike: Locator) -> int:
    """Of "3 alike". A card has no `inner_text` before it has been laid out, which browsers put off
    to the next frame."""
    return int((alike.text_content() or "").split()[0])


def expect_answered(page: Page) -> None:
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")


def test_the_slider_changes_order_and_address_by_arrow_keys(page: Page) -> None:
    page.goto("/?q=a+cup+of+coffee")
    slider = page.get_by_role("slider", name="Weight of what is shown")
    automatic = page.locator(".count").get_attribute("data-vision")
    spoken = f"{automatic} % shown, {100 - int(automatic or 0)} % said and written"
    expect(slider).to_have_attribute("aria-valuetext", spoken)
    page.get_by_role("radio", name="Shown").check()
    expect(slider).to_have_js_property("value", "0.7")
    page.wait_for_url("**/?q=a+cup+of+coffee&mode=vision_heavy")
    expect(page.locator(".count")).to_have_attribute("data-vision", "70")
    shown_first = page.locator(".hit").first.get_attribute("id")

    filters, box = page.locator(".filters").bounding_box(), slider.bounding_box()
    assert filters
    assert box
    assert abs(filters["y"] - box["y"]) < 10  # all of it in one row
    steps = page.get_by_role("button", name="then")
    before = steps.bounding_box()
    slider.focus()
    for _ in range(14):
        slider.press("ArrowLeft")
    page.wait_for_url("**/?q=a+cup+of+coffee&vision=0")
    expect(slider).to_have_attribute("aria-valuetext", "0 % shown, 100 % said and written")
    expect(page.locator(".count")).to_have_attribute("data-vision", "0")
    expect(slider).to_be_focused()
    assert page.locator(".hit").first.get_attribute("id") != shown_first
    expect(page.get_by_role("radio", name="Shown")).not_to_be_checked()
    assert steps.bounding_box() == before  # the row stands still

    page.go_back()  # all steps of the slider were one
    page.wait_for_url("**/?q=a+cup+of+coffee&mode=vision_heavy")
    expect(page.get_by_role("radio", name="Shown")).to_be_checked()
    expect(page.locator(".hit").first).to_have_attribute("id", shown_first or "")
    expect(slider).to_have_js_property("value", "0.7")
    page.get_by_role("radio", name="Automatic").check()
    page.wait_for_url("**/?q=a+cup+of+coffee")


def test_a_move_of_the_slider_goes_with_the_question_that_is_asked_at_once(page: Page) -> None:
    page.goto("/?q=a+cup+of+coffee")
    page.clock.install(time=0)
    page.clock.pause_at(1)
    depth = page.evaluate("history.length")
    page.get_by_role("slider", name="Weight of what is shown").press("Home")
    page.get_by_role("searchbox").fill("drilling")
    page.keyboard.press("Enter")
    expect(page).to_have_title("drilling · sceneseek")
    page.clock.run_for(1000)
    expect_answered(page)
    assert asked(page) == {"q": ["drilling"], "vision": ["0"]}
    assert page.evaluate("history.length") == depth + 1, "one question is one place to go back to"


def test_who_goes_to_the_box_while_a_chip_goes_stays_there(page: Page) -> None:
    page.goto("/?q=drilling&kinds=speech&kinds=ocr")
    answer = Held(page, "**/?q=drilling*")
    with page.expect_request("**/?q=drilling*"):
        chips(page).first.press("Backspace")
    summary = page.locator(".filters summary")
    summary.focus()
    answer.release()
    expect(chips(page)).to_have_count(1)
    expect(summary).to_be_focused()


def test_filters_are_chips_that_go_by_click_and_by_key(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling")
    page.locator(".filters summary").click()
    page.get_by_role("combobox", name="Language").select_option("English")
    expect(chips(page)).to_have_count(1)
    expect(chips(page)).to_have_accessible_name("Remove: Language: English")
    page.get_by_role("checkbox", name="field (2)").check()
    expect(chips(page)).to_have_count(3)  # and one that clears all
    page.get_by_label("before").first.fill("2024-05-18")
    expect(chips(page)).to_have_count(4)
    expect(chips(page).nth(1)).to_contain_text("Recorded before 18 May 2024")
    assert asked(page) == {
        "q": ["drilling"], "language": ["en"], "recorded_to": ["2024-05-18"], "tags": ["field"],
    }  # fmt: skip
    assert set(titles(page)) == {"morning"}
    expect(page.locator(".filters summary")).to_have_text("Filters 3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Language")).to_be_hidden()
    expect(page.locator(".filters summary")).to_be_focused()

    chips(page).nth(1).click()
    expect(chips(page)).to_have_count(3)
    assert "recorded_to" not in asked(page)
    assert set(titles(page)) == {"morning", "evening"}
    chips(page).first.press("Backspace")
    expect(chips(page)).to_have_count(1)
    assert set(asked(page)) == {"q", "tags"}
    expect(chips(page).first).to_be_focused()


def test_backspace_in_an_empty_box_removes_the_last_chip(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling&language=de&kinds=speech&kinds=ocr")
    box = page.get_by_role("searchbox")
    box.fill("")
    box.press("Backspace")
    expect(chips(page)).to_have_count(3)
    assert asked(page)["kinds"] == ["speech"]
    expect(box).to_have_value("drilling")
    expect(box).to_be_focused()
    page.get_by_role("link", name="Clear all").click()
    expect(chips(page)).to_have_count(0)
    assert asked(page) == {"q": ["drilling"]}
    page.locator(".filters summary").click()
    expect(page.get_by_role("checkbox", name="Said")).not_to_be_checked()


def folded(page: Page) -> tuple[int, Locator]:
    """Folds look-alikes: how many hits there were before, and the first link to some of them."""
    page.goto("/?q=drilling&kinds=keyframe")
    num = page.locator(".hit").count()
    page.locator(".filters summary").click()
    page.get_by_role("checkbox", name="Hide near-duplicates").check()
    page.keyboard.press("Escape")
    # The answer takes the place of the one before, with what was opened there.
    expect(page.get_by_role("link", name="Near-duplicates hidden")).to_be_visible()
    page.get_by_text("Show the nearest").click()
    alike = page.get_by_role("link", name=ALIKE).first
    expect(alike).to_be_visible()
    return num, alike


def test_what_looks_alike_opens_right_after_its_hit_and_folds_again(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many)
    num_all, alike = folded(page)
    hits = page.locator(".hit")
    num = hits.count()
    num_alike = num_in(alike)
    assert num + num_alike <= num_all
    card = alike.locator("xpath=..")
    alike.focus()
    expect(alike).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(hits).to_have_count(num + num_alike)
    expect(alike).to_have_attribute("aria-expanded", "true")
    expect(alike).to_be_focused()
    expect(page.locator(".alike .hit small").first).to_contain_text("%")
    assert card.evaluate("card => card.nextElementSibling.matches('.alike')")
    ids = hits.evaluate_all("hits => hits.map(hit => hit.id)")
    assert len(set(ids)) == len(ids)
    page.keyboard.press("Enter")
    expect(hits).to_have_count(num)

    page.keyboard.press("Enter")
    expect(hits).to_have_count(num + num_alike)
    page.evaluate("document.querySelector('nav a').click()")
    expect(page).to_have_title("Library · sceneseek")
    page.go_back()
    expect(hits).to_have_count(num + num_alike)
    assert hits.evaluate_all("hits => hits.map(hit => hit.id)") == ids


def test_without_scripts_what_looks_alike_has_a_page(new_page: NewPage, many: Serving) -> None:
    _num_all, alike = folded(new_page(over=many))
    num_alike, address = num_in(alike), alike.get_attribute("href")
    page = new_page(over=many, java_script_enabled=False)
    page.goto(address or "")
    expect(page.locator(".hit")).to_have_count(num_alike)
    page.get_by_role("link", name="All hits").click()
    expect(page.get_by_role("link", name="All hits")).to_have_count(0)
    page.get_by_text("Show the nearest").click()
    expect(page.get_by_role("link", name=ALIKE).first).to_be_visible()


def test_what_is_grouped_by_video_can_be_opened(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling&by_video=true")
    expect(page.locator(".hit", has_text="morning")).to_have_count(1)
    page.locator("li", has_text="morning").get_by_role(
        "link", name="All hits in this video"
    ).click()
    expect(page.locator(".hit")).to_have_count(6)
    assert set(titles(page)) == {"morning"}
    expect(chips(page).first).to_contain_text("In: morning")
    page.get_by_role("searchbox").fill("granite")
    page.keyboard.press("Enter")
    expect(page).to_have_title("granite · sceneseek")
    expect(chips(page).first).to_contain_text("In: morning")  # it narrows the next question, too


def test_hits_come_in_the_order_of_relevance_date_or_time(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling&tags=field")
    page.get_by_label("Order").select_option("Newest first")
    page.wait_for_url("**sort=date**")
    expect_answered(page)
    assert titles(page) == ["evening"] * 4 + ["morning"] * 6
    expect(page.locator(".hit small").first).to_contain_text("18 May 2024 · 0:0")
    page.get_by_label("Order").select_option("By video and time")
    page.wait_for_url("**sort=time**")
    expect_answered(page)
    assert titles(page) == ["morning"] * 6 + ["evening"] * 4
    page.get_by_label("Order").select_option("Best first")
    page.wait_for_url("**/?q=drilling&tags=field")


def test_a_phone_has_one_control_for_all_of_it(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 375, "height": 740})
    page.goto("/?q=drilling")
    header = page.locator("header").bounding_box()
    assert header
    assert header["height"] < 150
    expect(page.get_by_role("radio", name="Shown")).to_be_hidden()
    page.locator(".filters summary").click()
    page.get_by_role("radio", name="Shown").check()
    page.wait_for_url("**mode=vision_heavy")
    expect(page.get_by_role("slider")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
