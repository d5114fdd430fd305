"""The library's page: which videos there are, how complete they are, what was not looked at."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from database.models import FileStatus, VideoStatus
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.tags import Tags
from database.videos.read import Library
from database.videos.records import FileRecord
from database.videos.stored import Store
from tests.helpers.browser import PHONE, NewPage
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.records import file, talk, unit_vector, video
from tests.helpers.sql import execute
from tests.helpers.strange import ARABIC, put_still

NUM_TALKS = 100
LONG_PATH = "/films/" + "a very long folder/" * 12 + "crew.mp4"
CUT_OFF = "only 2.4 s of 5.0 s could be decoded"


@dataclass(frozen=True)
class Shelf:
    """The library that is served; what a test writes, it takes back."""

    server: Serving
    database: Database
    ids: dict[str, int]
    """Of the video of a title."""


@pytest.fixture(scope="module")
def shelf(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A hundred talks; a film with pictures, tags and a long path; one that was cut off; files that
    were not looked at; and a space that lacks a moment."""
    folder = tmp_path_factory.mktemp("shelf")
    with (
        new_settings(folder / "home") as settings,
        contextlib.closing(open_database(settings)) as database,
    ):
        _fill(settings, database)
        ids = {each.title: each.id for each in Library(database).list_videos(limit=500)}
        Tags(database).put(ids["crew"], ["night shift", ARABIC])
        with serving(settings) as server:
            yield Shelf(server, database, ids)


def _fill(settings: DatabaseSettings, database: Database) -> None:
    store = Store(database)
    for number in range(NUM_TALKS):
        made = talk(f"talk {number}", [f"Words {number}."], [unit_vector(number)])
        store.save_video(made, file(f"/talks/talk {number}.m4a"))
    crew = replace(video("crew"), recorded_at=datetime(2023, 5, 17, tzinfo=UTC), duration_s=3725.0)
    put_still(settings.keyframes_dir, "crew")
    store.save_video(crew, file(LONG_PATH))
    cut = replace(video(ARABIC, language="ar"), status=VideoStatus.PARTIAL, reason=CUT_OFF)
    put_still(settings.keyframes_dir, ARABIC)
    store.save_video(cut, FileRecord("/films/cut.mp4", 1, 1, FileStatus.PARTIAL, CUT_OFF))
    for number in range(7):
        path = f"/films/it's empty {number}.mp4"
        store.save_file(FileRecord(path, 0, 1, FileStatus.FAILED, "the file is empty"))
    for number in range(120):
        path = f"/films/notes {number}.txt"
        store.save_file(FileRecord(path, 9, 1, FileStatus.SKIPPED, f"no recording: {number} lines"))
    execute(
        database,
        "DELETE FROM embedding WHERE space = 'imagenet-concepts' AND moment_id = "
        "(SELECT min(moment_id) FROM embedding WHERE space = 'imagenet-concepts')",
    )


def row(page: Page, title: str) -> Locator:
    named = page.locator(".title").and_(page.get_by_role("link", name=title, exact=True))
    return page.locator(".videos > li").filter(has=named)


def titles(page: Page) -> list[str]:
    return page.locator(".videos .title").all_text_contents()


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
    page.reload()
    assert titles(page) == shown


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
        "The server cannot be reached: is it still running?"
    )
    page.unroute(away)
    more.click()
    expect(page.locator(".videos > li")).to_have_count(96)
    expect(page.get_by_role("alert")).to_have_count(0)

    body = "<!doctype html><main><h1>No</h1><p>the database cannot answer now</p></main>"
    page.route(re.compile("q=crew"), lambda route: route.fulfill(status=503, body=body))
    page.get_by_role("searchbox", name="Title, path or tag").fill("crew")
    expect(page.get_by_role("alert")).to_have_text("the database cannot answer now")


def test_tags_are_added_and_removed_in_place_by_keyboard(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library?q=talk+7.m4a")
    talk_7 = row(page, "talk 7")
    add = talk_7.get_by_role("button", name="Add tags: talk 7")
    add.focus()
    page.keyboard.press("Enter")
    field = talk_7.get_by_role("combobox", name="Add a tag to talk 7")
    expect(field).to_be_focused()
    page.keyboard.type("  drill   site ")
    page.keyboard.press("Enter")
    page.keyboard.type(ARABIC)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=f"Added {ARABIC}")).to_have_count(1)
    expect(talk_7.get_by_role("listitem")).to_have_count(2)
    expect(field).to_be_focused()
    talk_7.get_by_role("button", name=f"Remove {ARABIC}").click()
    expect(talk_7.get_by_role("listitem")).to_have_count(1)
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(talk_7.get_by_role("button", name="Edit tags: talk 7")).to_be_focused()

    page.goto("/library?tags=drill+site")
    expect(page.locator(".title")).to_have_text(["talk 7"])
    talk_7.get_by_role("button", name="Edit tags").click()
    page.keyboard.press("Backspace")
    expect(talk_7.get_by_role("listitem")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("none has all of this")).to_be_visible()


def test_tags_that_are_refused_are_told_in_words_and_nothing_is_lost(
    new_page: NewPage, shelf: Shelf
) -> None:
    Tags(shelf.database).put(shelf.ids["talk 8"], [f"tag {number}" for number in range(16)])
    page = new_page(shelf.server, expected_faults=("422",))
    page.goto("/library?q=talk+8.m4a")
    talk_8 = row(page, "talk 8")
    talk_8.get_by_role("button", name="Edit tags").click()
    page.keyboard.type("one more")
    page.keyboard.press("Enter")
    expect(talk_8.get_by_role("alert")).to_contain_text("not saved: tags: ")
    expect(talk_8.get_by_role("combobox")).to_have_value("one more")
    expect(talk_8.get_by_role("listitem")).to_have_count(16)


def test_a_click_on_a_tag_shows_the_videos_that_have_it(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    row(page, "crew").get_by_role("link", name="night shift").click()
    expect(page.locator(".title")).to_have_text(["crew"])
    expect(page.get_by_role("combobox", name="Tag", exact=True)).to_have_value("night shift")
    assert page.url.endswith("/library?tags=night+shift")
    page.go_back()
    expect(page.locator(".videos > li")).to_have_count(48)


def test_spaces_are_shown_with_coverage_and_the_command_that_completes_them(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    page.get_by_role("link", name="Models").click()
    vision, text = (
        page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=key))
        for key in ("imagenet-concepts", "minilm-l6")
    )
    expect(vision).to_contain_text("1 of 2 moments (stills)")
    expect(vision.get_by_role("progressbar", name="imagenet-concepts")).to_have_attribute(
        "value", "1"
    )
    expect(vision).to_contain_text("python -m ingest.backfill --spaces imagenet-concepts")
    expect(text).to_contain_text("searched")
    expect(text).to_contain_text("What is said and written")
    expect(text).to_contain_text("104 of 104 moments")
    expect(text).to_contain_text("all-MiniLM-L6-v2")
    expect(text).not_to_contain_text("python -m")


def test_what_was_not_looked_at_stands_under_its_reason(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    page.get_by_role("link", name="Not looked at 8 failed or partial").click()
    empty = page.locator(".refusal").filter(has_text="the file is empty")
    expect(empty.get_by_role("heading")).to_have_text("failed: the file is empty 7 files")
    expect(empty.get_by_role("row")).to_have_count(1 + 5)
    expect(empty).to_contain_text("python -m ingest --retry /films")
    cut = page.locator(".refusal").filter(has_text=CUT_OFF)
    expect(cut.get_by_role("link", name="/films/cut.mp4")).to_have_attribute(
        "href", f"/watch/{shelf.ids[ARABIC]}"
    )
    notes = page.locator(".refusal").filter(has_text="no recording: … lines")
    notes.get_by_role("link", name="All 120 files").click()
    rows = page.get_by_role("row")
    expect(rows).to_have_count(1 + 100)
    expect(rows.nth(1)).to_contain_text("no recording: 119 lines")
    page.get_by_role("link", name="More files").click()
    expect(rows).to_have_count(1 + 20)
    page.get_by_role("link", name="All reasons").click()
    empty.get_by_role("link", name="All 7 files").click()
    expect(rows).to_have_count(1 + 7)


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
        page.get_by_role("link", name="Not looked at").click()
        expect(page.get_by_role("heading", name="Everything was looked at")).to_be_visible()
