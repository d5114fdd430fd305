"""Back and reload on the page: the same hits, at the same place, with the same focus."""

import re

from playwright.sync_api import Page, Route, expect

from tests.helpers.browser import NewPage
from tests.helpers.http import Serving

PAGE_HITS = 24
SETTLED = """async () => {
  const next = () => document.querySelector(".next");
  for (let top = -1, still = 0; still < 20 || next()?.dataset.asked; top = scrollY) {
    await new Promise(requestAnimationFrame);
    still = scrollY === top ? still + 1 : 0;
  }
  return document.querySelectorAll(".hit").length;
}"""
"""How many hits there are once the page has stood still for 20 frames and awaits no more."""


def scroll_to_more(page: Page) -> int:
    """Scrolls until more hits have come; how many there are then."""
    hits = page.locator(".hit")
    expect(hits.nth(PAGE_HITS - 1)).to_be_attached()
    page.mouse.move(600, 500)
    page.mouse.wheel(0, 5_000)
    expect(hits.nth(PAGE_HITS + 40)).to_be_attached()
    page.mouse.wheel(0, 1_500)
    return int(page.evaluate(SETTLED))


def focus_one_in_view(page: Page) -> str:
    """Gives the focus to a hit that can be seen, and returns its id."""
    found: str = page.evaluate("""() => {
      const seen = [...document.querySelectorAll(".hit")].find((hit) => {
        const { top, bottom } = hit.getBoundingClientRect();
        return top > 200 && bottom < innerHeight;
      });
      seen.focus({ preventScroll: true });
      return seen.id;
    }""")
    return found


def expect_as_before(page: Page, num: int, top: float, focused: str) -> None:
    expect(page.locator(".hit")).to_have_count(num)
    expect(page.locator(f"#{focused}")).to_be_focused()
    page.wait_for_function("top => Math.abs(scrollY - top) <= 2", arg=top)
    box = page.locator(f"#{focused}").bounding_box()
    assert box
    assert 200 < box["y"] < 800  # it is the same hit that can be seen


def test_back_and_reload_bring_back_hits_place_and_focus(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling")
    num, focused = scroll_to_more(page), focus_one_in_view(page)
    assert num > PAGE_HITS + 40
    top = page.evaluate("scrollY")
    assert top > 2_000

    page.get_by_role("searchbox").evaluate(
        "(box) => { box.value = 'granite'; box.form.requestSubmit(); }"
    )
    expect(page).to_have_title("granite · sceneseek")
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    page.go_back()
    expect_as_before(page, num, top, focused)
    expect(page.get_by_role("searchbox")).to_have_value("drilling")

    page.reload()
    expect_as_before(page, num, top, focused)

    page.evaluate("document.querySelector('nav a').click()")
    expect(page).to_have_url(re.compile("/library$"))
    page.go_back()
    expect_as_before(page, num, top, focused)


def test_back_from_the_page_of_a_moment_brings_back_the_hits(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many, expected_faults=("stream",))  # its files are not there
    page.goto("/?q=drilling")
    num, focused = scroll_to_more(page), focus_one_in_view(page)
    top = page.evaluate("scrollY")
    page.evaluate("id => { location.href = document.getElementById(id).href; }", focused)
    page.wait_for_url("**/watch/**")
    page.go_back()
    expect_as_before(page, num, top, focused)


def test_a_question_asked_while_back_still_loads_is_the_one_that_counts(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many)
    page.goto("/?q=drilling")
    scroll_to_more(page)
    box = page.get_by_role("searchbox")
    box.evaluate("(box) => { box.value = 'granite'; box.form.requestSubmit(); }")
    expect(page).to_have_title("granite · sceneseek")
    held: list[Route] = []
    page.route("**/?q=drilling&shown=*", lambda route: held.append(route))  # noqa: PLW0108
    page.go_back(wait_until="commit")
    expect(box).to_have_value("drilling")
    with page.expect_event("requestfailed", lambda request: "shown=" in request.url):
        box.fill("tunnel")
        box.press("Enter")
    expect(page).to_have_title("tunnel · sceneseek")
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    expect(box).to_be_focused()
    assert page.evaluate("scrollY") == 0, "the place of the answer that was given up"


def test_back_during_an_outage_and_a_new_try_lead_to_the_same_place(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many, expected_faults=("ERR_FAILED", "404", "stream"))
    page.goto("/?q=drilling")
    num, focused = scroll_to_more(page), focus_one_in_view(page)
    top = page.evaluate("scrollY")
    page.locator(f"#{focused}").press("Enter")
    expect(page).to_have_url(re.compile(f"#{focused}$"))
    page.get_by_role("searchbox").evaluate(
        "(box) => { box.value = 'granite'; box.form.requestSubmit(); }"
    )
    expect(page).to_have_title("granite · sceneseek")
    page.route("**/?q=drilling*", lambda route: route.abort())
    for _ in range(2):
        with page.expect_event("requestfailed", lambda request: "shown=" in request.url):
            page.go_back(wait_until="commit")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/?q=drilling*")
    page.get_by_role("link", name="Try again").click()
    expect_as_before(page, num, top, focused)
    page.go_forward()
    expect(page.get_by_role("region", name="Player")).to_be_visible()


def test_a_hit_clicked_while_another_answer_loads_does_not_outlive_its_list(
    new_page: NewPage, many: Serving
) -> None:
    page = new_page(over=many, expected_faults=("404", "stream"))
    page.goto("/?q=drilling")
    held: list[Route] = []
    page.route("**/?q=granite*", lambda route: held.append(route))  # noqa: PLW0108
    page.get_by_role("searchbox").fill("granite")
    with page.expect_request("**/?q=granite*"):
        page.keyboard.press("Enter")
    page.evaluate("document.querySelector('.hit').id = 's999999'")
    page.locator("#s999999").click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_be_visible()
    held[0].continue_()
    expect(page).to_have_title("granite · sceneseek")
    expect(player).to_be_hidden()
    expect(page).to_have_url(re.compile("q=granite$"))


def test_skipping_to_the_content_and_closing_the_player_leave_typed_words_alone(
    page: Page,
) -> None:
    page.goto("/?q=drilling")
    page.locator(".hit").first.click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_be_visible()
    address = page.url
    box = page.get_by_role("searchbox")
    box.fill("drilling in the rain")
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(player).to_be_visible()
    assert page.url == address
    page.keyboard.press("Escape")
    expect(player).to_be_hidden()
    expect(box).to_have_value("drilling in the rain")
