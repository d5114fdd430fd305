"""Playing a hit in place."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.helpers.browser import PHONE, NewPage
from tests.helpers.holding import Held
from tests.helpers.playing import paused_at, playing_at

DRILLING = "/?q=drilling&vision=0"
PATIENCE = 3
"""Times the targets: other tests run beside these."""
ENDED = (
    "() => document.querySelector('video').paused && document.querySelector('video').currentTime"
)
ROWS_OF_BUTTONS = """() => {
  const buttons = [...document.querySelectorAll(".bar :is(button, summary)")];
  const seen = buttons.filter((button) => button.checkVisibility());
  return new Set(seen.map((button) => Math.round(button.getBoundingClientRect().top))).size === 2;
}"""


def first_hit(page: Page) -> Locator:
    """The hit where the crew is drilling: 0:01.0 to 0:04.7 of the film."""
    page.goto(DRILLING)
    hit = page.locator(".hit").first
    expect(hit).to_contain_text("The crew is drilling")
    return hit


def ends_of(hit: Locator) -> tuple[float, float]:
    """Where the moment of a hit begins and ends."""
    return float(hit.get_attribute("data-start") or ""), float(hit.get_attribute("data-end") or "")


def stopped_at(page: Page, end_s: float) -> None:
    """Waits until the video has come to a stop, at the end of its moment."""
    stopped = page.wait_for_function(ENDED).json_value()
    assert end_s - 0.15 <= stopped <= end_s + PATIENCE * 0.15


def expect_scrolled(page: Page, top: float) -> None:
    page.wait_for_function("top => Math.abs(scrollY - top) <= 2", arg=top)


def test_enter_plays_a_hit_at_its_moment_within_half_a_second(page: Page) -> None:
    page.goto("/?q=photographer+with+a+tripod&vision=1")
    hit = page.locator(".hit").first
    start, _end = ends_of(hit)
    assert start > 10
    hit.focus()
    page.keyboard.press("Enter")
    took_ms = playing_at(page, start, within=PATIENCE * 0.3)
    assert took_ms < PATIENCE * 500
    assert page.url.endswith(f"#{hit.get_attribute('id')}")
    expect(hit).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("region", name="Player")).to_contain_text("Why this hit")
    assert page.locator("video").count() == 1


def test_a_moment_stops_at_its_end_and_a_loop_begins_it_anew(page: Page) -> None:
    hit = first_hit(page)
    start, end = ends_of(hit)
    hit.click()
    playing_at(page, start)
    page.evaluate("end => document.querySelector('video').currentTime = end - 1", end)
    stopped_at(page, end)
    expect(page.get_by_role("button", name="Only this moment")).to_have_attribute(
        "aria-pressed", "true"
    )

    page.keyboard.press("k")  # once more, from its beginning
    playing_at(page, start)
    loop = page.get_by_role("button", name="Loop")
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "true")
    page.evaluate("end => document.querySelector('video').currentTime = end - 0.5", end)
    playing_at(page, start)

    loop.click()
    page.get_by_role("button", name="Only this moment").click()
    page.evaluate("end => document.querySelector('video').currentTime = end - 0.3", end)
    page.wait_for_function(
        "end => document.querySelector('video').currentTime > end + 0.3", arg=end
    )


def test_a_moment_of_an_instant_plays_two_seconds(page: Page) -> None:
    page.goto("/watch/1?t=23&end=23.4")
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("() => document.querySelector('video').currentTime > 23.6")
    stopped_at(page, 25)


def test_back_closes_the_player_and_brings_back_scroll_and_focus(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 1280, "height": 500})
    page.goto(DRILLING)
    hit = page.locator(".hit").nth(4)
    hit.scroll_into_view_if_needed()
    hit.focus()
    before = page.evaluate("scrollY")
    assert before > 0
    name = hit.get_attribute("id")
    hit.press("Enter")
    expect(page).to_have_url(re.compile(f"#{name}$"))
    playing_at(page, ends_of(hit)[0])

    page.reload()
    hit = page.locator(f"#{name}")
    expect(hit).to_have_attribute("aria-current", "true")
    playing_at(page, ends_of(hit)[0])

    for leave in (page.go_back, lambda: page.keyboard.press("Escape")):
        leave()
        expect(page.locator("moment-player")).to_be_hidden()
        expect(hit).to_be_focused()
        expect(page.locator("video")).not_to_have_attribute("src", re.compile(".*"))
        expect_scrolled(page, before)
        assert "#" not in page.url
        hit.press("Enter")
        playing_at(page, ends_of(hit)[0])
    page.get_by_role("button", name="Close the player").click()
    expect(page.locator("moment-player")).to_be_hidden()
    expect(hit).to_be_focused()


def test_the_player_closes_also_where_nothing_was_before_it(page: Page) -> None:
    name = first_hit(page).get_attribute("id")
    page.goto("about:blank")
    page.goto(f"{DRILLING}#{name}")
    playing_at(page, 0.2)
    page.keyboard.press("Escape")
    expect(page.locator("moment-player")).to_be_hidden()
    expect(page.locator(f"#{name}")).to_be_focused()
    assert page.url.endswith(DRILLING)


def test_who_types_after_escape_types_into_the_box(page: Page) -> None:
    hit = first_hit(page)
    hit.press("Enter")
    playing_at(page, 0.2)
    box = page.get_by_role("searchbox", name="Describe the moment")
    page.evaluate(  # history.back() takes its time; a quick hand is in the box before
        """box => {
          addEventListener("popstate", () => box.focus(), { capture: true, once: true });
        }""",
        box.element_handle(),
    )
    page.keyboard.press("Escape")
    expect(page.locator("moment-player")).to_be_hidden()
    expect(box).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("sliced")
    expect(box).to_have_value("sliced")


def test_another_search_closes_the_player(page: Page) -> None:
    first_hit(page).press("Enter")
    playing_at(page, 0.2)
    page.get_by_role("searchbox", name="Describe the moment").fill("potatoes")
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first).to_contain_text("potatoes")
    expect(page.locator("moment-player")).to_be_hidden()
    page.go_back()  # to the player, which is open again
    expect(page.locator(".hit[aria-current]")).to_contain_text("drilling")
    playing_at(page, 0.2, within=5)


def test_captions_are_kept_from_hit_to_hit(page: Page) -> None:
    hit = first_hit(page)
    hit.press("Enter")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("n")
    expect(page.locator(".hit").nth(1)).to_have_attribute("aria-current", "true")
    page.wait_for_function(
        """() => {
          const tracks = [...document.querySelector("video").textTracks];
          return tracks.length === 1 && tracks[0].mode === "showing" && tracks[0].cues?.length;
        }"""
    )


def test_n_and_p_play_the_hits_around(page: Page) -> None:
    hit = first_hit(page)
    hit.press("Enter")
    playing_at(page, ends_of(hit)[0])
    depth = page.evaluate("history.length")
    second, third = page.locator(".hit").nth(1), page.locator(".hit").nth(2)
    page.keyboard.press("n")
    playing_at(page, ends_of(second)[0])
    expect(second).to_have_attribute("aria-current", "true")
    expect(second).to_be_focused()
    place = page.locator(".place")
    expect(place).to_have_text("Hit 2 of 6")
    page.get_by_text("Next hit", exact=True).click()
    playing_at(page, ends_of(third)[0])
    expect(place).to_have_text("Hit 3 of 6")
    expect(third).to_be_in_viewport()
    assert page.url.endswith(f"#{third.get_attribute('id')}")
    page.keyboard.press("p")
    page.get_by_role("button", name="Previous hit").click()
    playing_at(page, ends_of(hit)[0])
    page.keyboard.press("p")
    expect(page.get_by_role("status").filter(has_text="The first hit")).to_be_visible()
    assert page.evaluate("history.length") == depth
    assert page.locator(".hit[aria-current]").count() == 1


def test_another_hit_of_the_same_video_leaves_what_stands_around_it(page: Page) -> None:
    first_hit(page).press("Enter")
    search = page.get_by_role("searchbox", name="Search the transcript")
    search.fill("the")
    page.get_by_text("About the file").click()
    page.locator("h3", has_text="Transcript").click()
    why = page.get_by_role("region", name="Why this hit")
    expect(why).to_contain_text("The crew is drilling")
    marks = page.locator("heat-strip a")
    expect(marks.and_(page.locator("[aria-current]"))).to_have_count(1)
    num_marks = marks.count()
    with page.expect_response(re.compile("/watch/1")) as asked:
        page.keyboard.press("n")
    assert asked.value.request.headers["x-fragment"] == "moment"
    assert "Transcript" not in asked.value.text()
    expect(why).not_to_contain_text("The crew is drilling")
    expect(search).to_have_value("the")
    expect(page.get_by_text("Size", exact=True)).to_be_visible()
    expect(marks).to_have_count(num_marks)
    expect(page.locator("heat-strip")).to_have_count(1)


def test_what_the_server_cannot_tell_is_said_and_the_video_plays(new_page: NewPage) -> None:
    page = new_page(expected_faults=("503",))
    page.route("**/watch/*", lambda route: route.fulfill(status=503, body="busy"))
    hit = first_hit(page)
    hit.press("Enter")
    playing_at(page, ends_of(hit)[0])
    expect(page.get_by_text("could not be loaded")).to_be_visible()
    page.unroute("**/watch/*")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()
    expect(page.get_by_text("could not be loaded")).to_have_count(0)


def test_the_transcript_follows_is_searched_and_leads_to_its_moments(page: Page) -> None:
    page.goto("/watch/1?t=22")
    lines = page.locator("video-transcript a")
    current = page.locator("video-transcript a[aria-current]")
    expect(current).to_contain_text("orchestra")
    found = page.get_by_role("searchbox", name="Search the transcript")
    found.fill("POTATOES")
    expect(lines.locator("visible=true")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 line")).to_be_visible()
    found.press("Enter")
    playing_at(page, 34.5, within=1.5)
    expect(current).to_contain_text("potatoes")
    found.fill("nothing of the kind")
    expect(page.get_by_role("status").filter(has_text="No lines")).to_be_visible()
    found.fill("")
    lines.first.click()
    playing_at(page, 0.2)
    expect(current).to_contain_text("drilling")
    lines.first.press("ArrowDown")
    expect(lines.nth(1)).to_be_focused()
    lines.nth(1).press("Enter")
    expect(current).to_contain_text("Stock")


def test_a_place_that_is_chosen_before_the_film_has_come_is_the_one_that_plays(page: Page) -> None:
    stream = Held(page, "**/stream")
    with page.expect_request("**/stream"):
        page.goto("/watch/1?t=22", wait_until="domcontentloaded")
    page.locator("scene-list a").first.click()
    stream.release()
    playing_at(page, 0)


def test_captions_that_are_still_to_come_are_not_said_to_be_missing(page: Page) -> None:
    around = Held(page, "**/watch/*")
    with page.expect_request("**/watch/*"):
        first_hit(page).press("Enter")
    page.keyboard.press("c")
    said = page.locator(".toast")
    expect(said).to_have_text("Captions are not there yet")
    around.release()
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()
    page.keyboard.press("c")
    expect(said).to_have_text("Captions on")


def test_what_is_said_now_and_next_stands_right_under_the_player(page: Page) -> None:
    page.goto("/?q=orchestra&vision=0")
    page.locator(".hit").first.click()
    now, then = page.locator(".saying p").first, page.locator(".saying p").last
    expect(now).to_contain_text("orchestra")
    expect(now.locator("small")).to_have_text("0:21")
    expect(then).to_contain_text("Put the potatoes")
    expect(page.locator("moment-player").locator("h2, h3")).to_have_text(
        ["tour", "Why this hit", "Transcript", "6 scenes"]
    )
    page.wait_for_function(
        """() => {
          const top = (part) => document.querySelector(part).getBoundingClientRect().top;
          const tops = ["div.bar", ".saying", ".details", "video-transcript"].map(top);
          return tops.every((top, at) => at === 0 || top > tops[at - 1]);
        }"""
    )
    page.evaluate(
        """() => {
          document.querySelector("video-transcript ol").style.maxBlockSize = "5rem";
          document.querySelector("video").currentTime = 15;
        }"""
    )
    expect(now).to_contain_text("two hours late")
    page.wait_for_function(  # and in the transcript it is the first that is seen whole
        """() => {
          const top = (part) => document.querySelector(part).getBoundingClientRect().top;
          return top("video-transcript a[aria-current]") - top("video-transcript ol") < 60;
        }"""
    )


def test_a_link_is_copied_or_shown(new_page: NewPage) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    hit = first_hit(page)
    start, end = ends_of(hit)
    hit.click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="Link copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address.endswith(f"/watch/1?t={start:g}&end={end:g}")

    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_role("textbox", name="Link to this moment")
    expect(field).to_have_value(address)
    expect(field).to_be_focused()
    page.goto(address)
    paused_at(page, start)


def test_a_link_is_of_the_moment_while_it_stands_in_it_and_else_of_the_place(
    new_page: NewPage,
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    hit = first_hit(page)
    start, end = ends_of(hit)
    hit.click()
    playing_at(page, start)
    seek = (
        "async at => { const v = document.querySelector('video'); v.pause(); v.currentTime = at; }"
    )
    for at, wanted in ((end + 8, f"t={end + 8:g}"), (start + 1, f"t={start:g}&end={end:g}")):
        page.evaluate(seek, at)
        page.wait_for_function(
            "at => !document.querySelector('video').seeking"
            " && Math.abs(document.querySelector('video').currentTime - at) < 0.01",
            arg=at,
        )
        page.get_by_role("button", name="Copy link").click()
        address = page.evaluate("navigator.clipboard.readText()")
        assert address.endswith(f"/watch/1?{wanted}")


def test_on_a_phone_the_picture_stays_at_the_top(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE, has_touch=True)
    page.goto(DRILLING)
    hit = page.locator(".hit").nth(3)
    hit.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    hit.click()
    playing_at(page, ends_of(hit)[0])
    page.wait_for_function(ROWS_OF_BUTTONS)
    page.get_by_text("About the file").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    box = page.locator("video").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, 375)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.keyboard.press("n")
    expect(page.locator(".hit").nth(4)).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(hit).to_be_focused()
    expect_scrolled(page, before)
