"""The page for everyone: by keyboard, with a screen reader, on a phone, in any script."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.helpers.axe import assert_accessible
from tests.helpers.browser import PHONE, NewPage
from tests.helpers.http import Serving
from tests.helpers.pictures import encoded
from tests.helpers.strange import ARABIC, CHINESE, ENDLESS, HEBREW, Strange

ERROR = ("Failed to load resource",)
"""A page that is an error is one in the console, too."""


def _stay(_page: Page) -> None:
    """Nothing is done on the page before it is looked at."""


def _play(page: Page) -> None:
    page.locator(".hit").first.click()
    expect(page.locator("moment-player").get_by_role("heading").first).to_be_visible()


def _open_filters(page: Page) -> None:
    page.locator(".filters summary").click()
    expect(page.locator(".panel")).to_be_visible()


def _open_similar(page: Page) -> None:
    page.locator(".hit").first.focus()
    page.locator("#hits .similar summary").click()


def _cut_out(page: Page) -> None:
    page.locator(".hit").first.focus()
    page.locator("#hits").get_by_role("button", name="Search a part of it").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def _select(page: Page) -> None:
    page.get_by_role("checkbox", name="Select tour").nth(1).check()
    expect(page.get_by_text("1 selected")).to_be_visible()


def _export(page: Page) -> None:
    _select(page)
    page.get_by_role("button", name="Export …").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _open_clip(page: Page) -> None:
    _play(page)
    page.locator(".clip summary").click()
    expect(page.get_by_role("link", name="Fast copy")).to_be_visible()


def _show_nearest(page: Page) -> None:
    page.get_by_text("Show the nearest").click()
    expect(page.locator(".hit").first).to_be_visible()


def _mark(page: Page) -> None:
    """Without keeping it: others look at this library, too."""
    page.route("**/search/feedback?**", lambda route: route.fulfill(status=204))
    page.locator(".hit").first.focus()
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def _search_with_a_picture(page: Page) -> None:
    page.goto(page.request.post("/search/pictures", data=encoded()).json()["url"])
    expect(page.locator(".query-picture")).to_be_visible()


def _edit_tags(page: Page) -> None:
    page.get_by_role("button", name="Edit tags: crew").click()
    expect(page.get_by_role("combobox", name="Add a tag to crew")).to_be_focused()


def _open_first(page: Page) -> None:
    page.locator(".videos .title").first.click()
    expect(page.get_by_role("alert")).to_contain_text("has been missing since")
    page.wait_for_load_state()  # with its styles


def _open_shrinking(page: Page) -> None:
    page.get_by_text("Make anew, or forget").click()
    page.get_by_text("Forget this video").click()
    expect(page.get_by_role("button", name="Forget “tour”")).to_be_visible()


def _add_an_empty_file(page: Page) -> None:
    empty: FilePayload = {"name": f"{ENDLESS}.mp4", "mimeType": "video/mp4", "buffer": b""}
    page.get_by_label("Drop films").set_input_files([empty])
    expect(page.get_by_text("the file is empty")).to_be_visible()


@dataclass(frozen=True)
class Sight:
    """What people see: an address, and what they do there."""

    address: str
    act: Callable[[Page], None] = _stay
    over: str = "sample"
    """The fixture of the library."""
    server: Serving | None = None


SIGHTS = {
    "beginning": Sight("/"),
    "hits": Sight("/?q=drilling"),
    "hits and player": Sight("/?q=drilling", _play),
    "filters": Sight("/?q=drilling&kinds=speech&min_duration_s=1&sort=date", _open_filters),
    "similar": Sight("/?q=drilling", _open_similar),
    "part of a picture": Sight("/?q=drilling", _cut_out),
    "a picture": Sight("/", _search_with_a_picture),
    "hits like a scene": Sight("/?similar=1&by=look"),
    "marked": Sight("/?q=drilling&unlike=2", _mark),
    "selected": Sight("/?q=drilling", _select),
    "export": Sight("/?q=drilling", _export),
    "clip": Sight("/?q=drilling", _open_clip),
    "no confident match": Sight("/?q=an+elephant"),
    "the nearest": Sight("/?q=an+elephant", _show_nearest),
    "sequence": Sight("/?q=drilling&then=a+cup+of+coffee"),
    "no match": Sight("/?q=drilling&tags=nothing"),
    "not understood": Sight("/?q=drilling&limit=-1"),
    "error": Sight("/watch/99999"),
    "nowhere": Sight("/nowhere"),
    "watch": Sight("/watch/1?t=7&q=drilling"),
    "a file that is gone": Sight("/watch/1", over="many"),
    "every script": Sight("/?q=drilling", over="strange"),
    "right to left": Sight(f"/?q={ARABIC}", _play, over="strange"),
    "library": Sight("/library", over="shelf"),
    "tags": Sight("/library?q=crew", _edit_tags, over="shelf"),
    "models": Sight("/library/spaces?counted=true", over="shelf"),
    "files with a fault": Sight("/library/files", over="shelf"),
    "files": Sight("/library/files?status=failed", over="shelf"),
    "adding": Sight("/library/jobs", over="adding"),
    "adding, and a file that is not taken": Sight(
        "/library/jobs", _add_an_empty_file, over="adding"
    ),
    "a job": Sight("/library/jobs/1", over="adding"),
    "make anew, or forget": Sight("/watch/1", _open_shrinking),
    "videos of which some are missing": Sight("/library", over="shrinking"),
    "missing files": Sight("/library/missing", over="shrinking"),
    "a file that is missing": Sight("/library?q=gone", _open_first, over="shrinking"),
    "keys": Sight("/?q=drilling", _keys),
}


@pytest.fixture(params=SIGHTS)
def sight(request: pytest.FixtureRequest) -> Sight:
    """Each of them, with the server that it is over."""
    chosen: Sight = SIGHTS[request.param]
    server = request.getfixturevalue(chosen.over)
    return replace(chosen, server=getattr(server, "server", server))


def test_axe_finds_nothing(new_page: NewPage, sight: Sight) -> None:
    page = new_page(sight.server, expected_faults=ERROR)
    page.goto(sight.address)
    sight.act(page)
    assert_accessible(page)


_WIDE = """() => Math.max(
  ...[document.scrollingElement, ...document.querySelectorAll("dialog[open]")]
    .map(element => element.scrollWidth - element.clientWidth))"""
"""By how much the page, or a dialog over it, is wider than what is seen of it."""
_SMALL = """() => {
  const targets = document.querySelectorAll("a, button, input, select, textarea, summary");
  const small = [];
  for (const target of targets) {
    const area = target.closest("label") ?? target;
    const { width, height } = area.getBoundingClientRect();
    const inText = getComputedStyle(target).display === "inline" && target.closest("p, li, td, dd");
    if (target.closest("heat-strip")) continue; // the strip itself is the target, all of it
    const seen = target.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
      && width > 1 && !target.matches(".skip");
    if (seen && !inText && (width < 24 || height < 24))
      small.push(`${Math.round(width)}×${Math.round(height)} ${target.outerHTML.slice(0, 150)}`);
  }
  return small;
}"""


def test_a_phone_shows_all_without_sideways_scroll(new_page: NewPage, sight: Sight) -> None:
    page = new_page(sight.server, expected_faults=ERROR, viewport=PHONE)
    page.goto(sight.address)
    sight.act(page)
    assert page.evaluate(_WIDE) <= 0
    assert not page.evaluate(_SMALL)
    page.set_viewport_size({"width": 320, "height": 640})  # 1280 px at 400 %
    assert page.evaluate(_WIDE) <= 0


@pytest.mark.parametrize("sort", ["relevance", "time", "date"])
def test_the_order_is_read_whole_in_a_narrow_window(new_page: NewPage, sort: str) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"/?q=drilling&sort={sort}")
    order = page.get_by_label("Order")
    assert order.evaluate("select => select.scrollWidth - select.clientWidth") <= 0
    assert page.evaluate(_WIDE) <= 0


def _focus_is_seen(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => {
              const focused = document.activeElement;
              if (!focused.matches(":focus")) return true; // the browser's own part of a date
              const { outlineStyle, outlineWidth } = getComputedStyle(focused);
              return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
            }"""
        )
    )


def _tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Goes there by the keyboard; the focus is seen at every step."""
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert _focus_is_seen(page), focused
    raise AssertionError(f"{key} does not lead there")


def test_a_whole_story_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    _tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type("drilling")
    page.keyboard.press("Enter")
    hits = page.locator(".hit")
    expect(hits.nth(2)).to_be_visible()
    _tab_to(page, hits.nth(2))
    page.keyboard.press("Enter")
    expect(page.locator("moment-player").get_by_role("heading").first).to_be_visible()
    expect(hits.nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("moment-player")).to_be_hidden()
    expect(hits.nth(2)).to_be_focused()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(hits.nth(2)).to_be_focused()

    filters = page.locator(".filters summary")
    _tab_to(page, filters, "Shift+Tab")
    page.keyboard.press("Enter")
    _tab_to(page, page.get_by_role("checkbox", name="Said"))
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="With something said")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Said")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    expect(filters).to_be_focused()

    library = page.get_by_role("link", name="Library")
    _tab_to(page, library)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Library · sceneseek")


def test_nothing_moves_for_who_wants_no_motion(new_page: NewPage) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto("/?q=drilling")
    _play(page)
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter(element =>
      ["", "::before", "::after"].some(part => {
        const style = getComputedStyle(element, part || null);
        const times = `${style.transitionDuration},${style.animationDuration}`.split(",");
        return times.some(time => parseFloat(time) > 0.01) || style.scrollBehavior === "smooth";
      })).map(element => element.outerHTML.slice(0, 100))""")
    assert moving == []


def test_words_run_in_the_direction_of_their_script(new_page: NewPage, strange: Strange) -> None:
    page = new_page(over=strange.server, viewport=PHONE)
    page.goto(f"/?q={ARABIC} drilling")
    expect(page.get_by_role("searchbox")).to_have_css("direction", "rtl")
    for title, direction in ((ARABIC, "rtl"), (HEBREW, "rtl"), (CHINESE, "ltr"), (ENDLESS, "ltr")):
        shown = page.locator(f".hit[data-video='{strange.ids[title]}']").first
        name = shown.get_by_text(title, exact=True)
        name.scroll_into_view_if_needed()
        expect(name).to_have_css("direction", direction)
        quoted = "ltr" if title == ENDLESS else direction
        expect(shown.locator("bdi").first).to_have_css("direction", quoted)
    assert page.evaluate(_WIDE) <= 0
    assert page.evaluate(_OVERFLOWING) == []
    for path in (f"/watch/{strange.ids[ENDLESS]}", f"/watch/{strange.ids[ARABIC]}", "/library"):
        page.goto(path)
        assert page.evaluate(_WIDE) <= 0
        assert page.evaluate(_OVERFLOWING) == []
    heading = page.get_by_text(ARABIC, exact=True).first
    expect(heading).to_have_css("direction", "rtl")


_OVERFLOWING = """() => [...document.querySelectorAll("main *")].filter(element => {
  const style = getComputedStyle(element);
  return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1
    && style.overflowX === "hidden" && style.textOverflow !== "ellipsis";
}).map(element => element.outerHTML.slice(0, 150))"""
