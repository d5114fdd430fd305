"""The strip under the player: every moment of the search over the whole length of the video."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.browser import PHONE, NewPage
from tests.helpers.http import Serving
from tests.helpers.playing import playing_at

MOMENT = "/watch/1?t=1.5&end=4.6&q=drilling"


def open_strip(page: Page, address: str = MOMENT) -> Locator:
    """The strip of a page whose video can be sought."""
    page.goto(address)
    expect(page.locator("heat-strip.playing")).to_be_visible()
    return page.locator("heat-strip")


def test_every_moment_of_the_search_is_a_mark_where_it_lies(page: Page, sample: Serving) -> None:
    moments = sample.client.get("/videos/1/moments", params={"q": "drilling", "mode": "auto"})
    marks = open_strip(page).get_by_role("link")
    expect(marks).to_have_count(len(moments.json()["moments"]))
    strip = page.locator("heat-strip svg").bounding_box()
    assert strip is not None
    for number, moment in enumerate(moments.json()["moments"]):
        mark = marks.nth(number)
        name = mark.get_attribute("aria-label") or ""
        assert re.match(
            r"0:\d\d to 0:\d\d, (said|shown|on screen|done)(: .*)?(, weak match)?$", name
        )
        assert (mark.get_attribute("class") == "weak") == moment["weak"]
        box = mark.locator("rect").bounding_box()
        assert box is not None
        start_s = (box["x"] - strip["x"]) / strip["width"] * 42
        assert start_s == pytest.approx(moment["start_s"], abs=0.2)
        assert box["height"] / strip["height"] == pytest.approx(
            0.15 + 0.85 * moment["score"], abs=0.1
        )
    strong = page.get_by_role("link", name="said: The crew is drilling").first
    expect(strong).to_have_attribute("aria-current", "true")


def test_the_marks_are_one_stop_of_tab_and_enter_plays(page: Page) -> None:
    strip = open_strip(page)
    marks = strip.get_by_role("link")
    expect(strip.locator("a[tabindex='0']")).to_have_count(1)
    expect(strip.locator("a[tabindex='0'][aria-current]")).to_have_count(1)
    strip.locator("a[tabindex='0']").focus()
    before = page.evaluate("document.querySelector('video').currentTime")
    page.keyboard.press("End")
    expect(marks.last).to_be_focused()
    page.keyboard.press("ArrowLeft")
    chosen = marks.nth(marks.count() - 2)
    expect(chosen).to_be_focused()
    expect(strip.locator("a[tabindex='0']")).to_have_count(1)
    assert page.evaluate("document.querySelector('video').currentTime") == before
    glimpse = page.locator(".glimpse")
    expect(glimpse).to_contain_text(chosen.get_attribute("aria-label") or "?")
    page.keyboard.press("Enter")
    playing_at(page, float(chosen.get_attribute("data-start") or "nan"), within=1.5)
    expect(chosen).to_have_attribute("aria-current", "true")
    assert page.url.endswith(MOMENT), "it plays in place"
    page.keyboard.press("Tab")
    expect(strip.locator(":focus")).to_have_count(0)
    expect(glimpse).to_have_count(0)


@pytest.mark.usefixtures("sheets")
def test_a_pointer_over_the_strip_shows_what_lies_there_and_a_click_plays_it(page: Page) -> None:
    strip = open_strip(page)
    svg = strip.locator("svg")
    box = svg.bounding_box()
    assert box is not None
    svg.hover(position={"x": box["width"] * 30 / 42, "y": 4})
    expect(page.locator(".glimpse b")).to_have_text(re.compile("0:(29|30)"))
    expect(page.locator(".glimpse canvas")).to_be_visible()
    assert drawn(page, ".glimpse canvas") > 10, "a still is no single colour"
    svg.click(position={"x": box["width"] * 30 / 42, "y": 4})
    playing_at(page, 30, within=1.5)
    page.keyboard.press("k")
    page.wait_for_function(
        """() => {
          const at = parseFloat(document.querySelector(".playhead").getAttribute("x1"));
          const { currentTime, paused } = document.querySelector("video");
          return paused && Math.abs((at / 100) * 42 - currentTime) < 0.5;
        }"""
    )
    page.mouse.move(0, 0)
    expect(page.locator(".glimpse")).to_have_count(0)


def drawn(page: Page, canvas: str) -> float:
    """How different the pixels of a canvas are, as a standard deviation of 255."""
    spread: float = page.locator(canvas).evaluate(
        """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const values = data.filter((_, at) => at % 4 === 0);
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          const squares = [...values].reduce((sum, value) => sum + (value - mean) ** 2, 0);
          return Math.sqrt(squares / values.length);
        }"""
    )
    return spread


def test_without_a_search_the_strip_is_a_bar_to_seek_in(page: Page) -> None:
    strip = open_strip(page, "/watch/1?t=3")
    expect(strip.get_by_role("link")).to_have_count(0)
    box = strip.locator("svg").bounding_box()
    assert box is not None
    strip.locator("svg").click(position={"x": box["width"] / 2, "y": 10})
    playing_at(page, 21, within=1.5)


def test_a_query_that_cannot_be_asked_is_told_and_the_video_plays(page: Page) -> None:
    strip = open_strip(page, "/watch/1?q=-drilling")
    expect(strip).to_contain_text("No moments are marked: the query only excludes")


def test_on_a_phone_a_tap_plays_and_nothing_is_in_its_way(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    strip = open_strip(page)
    mark = strip.get_by_role("link").nth(2)
    start_s = float(mark.get_attribute("data-start") or "nan")
    box = strip.locator("svg").bounding_box()
    assert box is not None
    assert box["height"] >= 24
    page.touchscreen.tap(box["x"] + box["width"] * start_s / 42 + 1, box["y"] + 5)
    playing_at(page, start_s, within=1.5)
    expect(page.locator(".glimpse")).to_have_count(0)


def test_without_scripts_the_marks_are_links(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(MOMENT)
    page.locator("heat-strip a").last.click()
    expect(page).not_to_have_url(re.compile(f"{re.escape(MOMENT)}$"))
    expect(page).to_have_url(re.compile(r"/watch/1\?t=\d+(\.\d+)?&end=\d+(\.\d+)?&q=drilling$"))
