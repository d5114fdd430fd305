"""The library's page: which videos there are, in which order, and how one comes back to them."""

import re

from playwright.sync_api import expect

from database.settings import DatabaseSettings
from tests.helpers.browser import PHONE, NewPage
from tests.helpers.holding import Held
from tests.helpers.http import serving
from tests.helpers.shelf import CUT_OFF, LONG_PATH, Shelf, row, titles
from tests.helpers.strange import ARABIC


def test_a_video_is_shown_with_all_that_a_person_looks_for(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    expect(page.locator(".summary")).to_contain_text("102 videos · 1 h")
    expect(page.locator(".summary")).to_contain_text("104 scenes · 106 moments · last addition")
    assert titles(page)[:3] == [ARABIC, "crew", "talk 99"]
    crew = row(page, "crew")
    for fact in (LONG_PATH, "1:02:05", "17 May 2023", "2 scenes", "en", "done", "night shift"):
        expect(crew).to_contain_text(fact)
    expect(crew.get_by_role("link", name="crew")).to_have_attribute(
        "href", f"/watch/{shelf.ids['crew']}"
    )
    assert crew.locator("img").evaluate("still => still.decode().then(() => still.naturalWidth)")
    expect(row(page, ARABIC)).to_contain_text(f"partial: {CUT_OFF}")


def test_the_list_follows_the_form_and_its_address_opens_the_same_elsewhere(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    narrow = page.get_by_role("searchbox", name="Title, path or tag")
    narrow.press_sequentially("films")
    expect(page.get_by_role("status").filter(has_text="2 videos")).to_have_count(1)
    expect(page.locator(".title")).to_have_text([ARABIC, "crew"])
    expect(narrow).to_be_focused()
    page.get_by_label("Order").select_option("Longest first")
    expect(page.locator(".title").first).to_have_text("crew")
    page.get_by_label("State").select_option("Partial (1)")
    expect(page.locator(".title")).to_have_text([ARABIC])
    address = page.url
    assert address.endswith("/library?q=films&status=partial&sort=duration")

    page.go_back()
    expect(page.locator(".title")).to_have_text(["crew", ARABIC])
    expect(page.get_by_label("State")).to_have_value("")
    other = new_page(shelf.server)
    other.goto(address)
    expect(other.locator(".title")).to_have_text([ARABIC])
    expect(other.get_by_label("State")).to_have_value("partial")
    expect(other.get_by_label("Order")).to_have_value("duration")

    narrow.fill("nowhere")
    expect(page.get_by_text("Of 102 videos none has all of this.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".videos > li")).to_have_count(48)
    expect(narrow).to_have_value("")


def test_more_videos_come_below_without_a_gap_and_a_reload_brings_them_back(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library?sort=title")
    more = page.get_by_role("link", name="More videos")
    more.click()
    expect(page.locator(".videos > li")).to_have_count(96)
    expect(page.locator(".title").nth(48)).to_be_focused()
    more.press("Enter")
    expect(page.locator(".videos > li")).to_have_count(102)
    expect(more).to_have_count(0)
    shown = titles(page)
    assert len(set(shown)) == 102
    assert page.url.endswith("/library?sort=title"), "the address holds only what is asked"
    page.reload()
    expect(page.locator(".title")).to_have_text(shown)
    page.get_by_label("Order").select_option("Longest first")
    expect(page.locator(".title").first).to_have_text("crew")
    expect(page.locator(".videos > li")).to_have_count(48)
    page.go_back()
    expect(page.locator(".title")).to_have_text(shown)


def test_who_goes_to_the_box_while_more_videos_are_awaited_stays_there(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library?sort=title")
    later = Held(page, re.compile("after="))
    with page.expect_request(re.compile("after=")):
        page.get_by_role("link", name="More videos").click()
    page.keyboard.press("/")
    later.release()
    expect(page.locator(".videos > li")).to_have_count(96)
    expect(page.get_by_role("searchbox", name="Describe the moment")).to_be_focused()


def test_a_list_that_grows_is_renewed_when_more_of_it_has_come(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    done = 'event: workers\ndata: {"workers": []}\n\nevent: job\ndata: '
    done += '{"id": 7, "files": {"done": 1, "partial": 0}}\n\n'
    page.route(
        "**/events", lambda route: route.fulfill(content_type="text/event-stream", body=done)
    )
    later = Held(page, re.compile("after="))
    renewals: list[str] = []
    page.on("request", lambda request: renewals.extend(re.findall("shown=[0-9]+", request.url)))
    page.goto("/library?sort=title")
    with page.expect_request(re.compile("after=")):
        page.get_by_role("link", name="More videos").click()
    page.evaluate("() => new Promise((done) => setTimeout(done, 3000))")  # for what should not come
    assert renewals == []
    with page.expect_response(re.compile("shown=96")):
        later.release()
    expect(page.locator(".videos > li")).to_have_count(96)
    assert len(set(titles(page))) == 96


def test_back_from_a_video_the_list_stands_where_it_was(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server, expected_faults=("404",))  # there are rows, but no films
    page.goto("/library?sort=title")
    page.get_by_role("link", name="More videos").click()
    link = page.get_by_role("link", name="talk 73", exact=True)
    link.focus()
    frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(frame)  # the rows around it have their height now
    before = link.bounding_box()
    link.press("Enter")
    expect(page.get_by_role("heading", name="talk 73")).to_be_visible()
    page.go_back()
    expect(link).to_be_focused()
    page.evaluate(frame)
    after = link.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 2


def test_a_server_that_does_not_answer_is_told_and_asked_again(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server, expected_faults=("ERR_FAILED", "503"))
    page.goto("/library")
    away = re.compile("after=")
    page.route(away, lambda route: route.abort())
    more = page.get_by_role("link", name="More videos")
    more.click()
    expect(page.get_by_role("alert")).to_have_text(
        "the server cannot be reached: is it still running?"
    )
    page.unroute(away)
    more.click()
    expect(page.locator(".videos > li")).to_have_count(96)
    expect(page.get_by_role("alert")).to_have_count(0)

    body = "<!doctype html><main><h1>No</h1><p>the database cannot answer now</p></main>"
    page.route(re.compile("q=crew"), lambda route: route.fulfill(status=503, body=body))
    page.get_by_role("searchbox", name="Title, path or tag").fill("crew")
    expect(page.get_by_role("alert")).to_have_text("the database cannot answer now")


def test_the_library_works_without_scripts(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server, java_script_enabled=False)
    page.goto("/library")
    page.get_by_role("link", name="More videos").click()
    page.get_by_role("link", name="More videos").click()
    expect(page.locator(".videos > li")).to_have_count(102 - 96)
    page.get_by_role("link", name="From the beginning").click()
    page.get_by_label("Title, path or tag").fill("crew")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".title")).to_have_text(["crew"])
    expect(page.get_by_role("link", name="night shift")).to_be_visible()
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Count how complete they are").click()
    expect(page.get_by_text("1 of 2 moments (stills)")).to_be_visible()


def test_a_phone_shows_the_library_without_sideways_scroll(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server, viewport=PHONE)
    for address in ("/library", "/library/spaces?counted=true", "/library/files"):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], address


def test_an_empty_library_says_how_to_begin(new_page: NewPage, settings: DatabaseSettings) -> None:
    with serving(settings) as server:
        page = new_page(server)
        page.goto("/library")
        expect(page.get_by_text("python -m ingest FOLDER")).to_be_visible()
        expect(page.locator(".summary")).to_contain_text("0 videos")
        page.get_by_role("link", name="Files with a fault").click()
        expect(page.get_by_role("heading", name="No file has a fault")).to_be_visible()
