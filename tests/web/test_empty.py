"""Where the page has no hits, or none that are sure: why, and what to do."""

import contextlib
from dataclasses import replace

from playwright.sync_api import Page, expect

from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.jobs.workers import Workers
from database.opening import open_database
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import NewPage
from tests.helpers.http import serving
from tests.helpers.records import file, talk, unit_vector


def test_a_library_without_videos_says_how_to_add_some_and_one_that_fills_how_far_it_is(
    new_page: NewPage, settings: IngestSettings
) -> None:
    with serving(settings) as server:
        page = new_page(over=server)
        for address in ("/", "/?q=drilling"):
            page.goto(address)
            expect(page.get_by_role("heading", name="No videos yet")).to_be_visible()
            expect(page.get_by_text("python -m ingest FOLDER")).to_have_count(1)
        assert_accessible(page)

        with contextlib.closing(open_database(settings)) as database:
            number = Jobs(database).submit(IngestRequest(("/films",)))
            for address in ("/", "/?q=drilling"):
                page.goto(address)
                waits = page.get_by_role("heading", name="The first videos wait to be made")
                expect(waits).to_be_visible()
                expect(page.get_by_text("python -m ingest.worker")).to_be_visible()
            page.goto("/library")
            expect(page.get_by_text("no worker runs on")).to_be_visible()
            Workers(database).enter()
            for address in ("/", "/?q=drilling"):
                page.goto(address)
                first = page.get_by_role("heading", name="The first videos are being made")
                expect(first).to_be_visible()
                expect(page.get_by_role("link", name="How far they are")).to_be_visible()
            page.goto("/library")
            expect(page.get_by_text("Some are being made searchable")).to_be_visible()
            Jobs(database).cancel(number)

        made = talk("early", ["Granite.", "Water.", "Sand."], [unit_vector(1)] * 3)
        bare = tuple(replace(moment, vectors={}) for moment in made.moments)
        with contextlib.closing(open_database(settings)) as database:
            Store(database).save_video(replace(made, moments=bare), file("/library/early.mp4"))
        page.goto("/?q=drilling")
        expect(page.get_by_role("heading", name="Still indexing: 0 of 3 moments")).to_be_visible()
        expect(page.get_by_text("python -m ingest.backfill", exact=True)).to_be_visible()
        banner = page.get_by_role("status").filter(has_text="Not everything was searched")
        expect(banner).to_contain_text("run python -m ingest.backfill --spaces")
        assert_accessible(page)


def test_no_match_says_which_filter_to_drop(page: Page) -> None:
    page.goto("/?q=drilling&language=de")
    expect(page.get_by_role("heading", name="No match")).to_be_visible()
    page.get_by_role("link", name="Without “Language: German”: 6 hits").click()
    expect(page.locator(".hit")).to_have_count(6)
    page.goto("/?q=drilling&language=de&tags=unknown")
    page.get_by_role("link", name="Without any filter: 6 hits").press("Enter")
    expect(page.locator(".hit")).to_have_count(6)
    expect(page.locator(".hit").first).to_be_focused()  # the link went with the old answer
    page.goto('/?q=drilling+"never+said"')
    expect(page.get_by_text("Try without the quotes")).to_be_visible()


def test_an_order_that_leaves_out_weak_hits_says_so_and_is_no_filter(page: Page) -> None:
    page.goto("/?q=zebra+quartet+xylophone")
    page.get_by_label("Order").select_option("By video and time")
    expect(page.get_by_role("heading", name="No confident match")).to_be_visible()
    expect(page.get_by_text("In this order only sure hits are listed")).to_be_visible()
    expect(page.locator("#answer").get_by_text("filter")).to_have_count(0)
    page.get_by_role("link", name="Best first, with weak matches: 6 hits").click()
    expect(page.get_by_text("Show the nearest")).to_be_visible()


def test_no_confident_match_is_said_and_the_nearest_are_folded_away(page: Page) -> None:
    stills: list[str] = []
    page.on("request", lambda request: stills.append(request.url))
    page.goto("/?q=zebra+quartet+xylophone")
    expect(page.get_by_role("heading", name="No confident match")).to_be_visible()
    expect(page.get_by_text("Searched 1 video, 0 min 42 s.")).to_be_visible()
    hits = page.locator(".hit")
    expect(hits).to_have_count(6)
    expect(hits.first).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert not [url for url in stills if "keyframe" in url]
    page.get_by_text("Show the nearest").focus()
    page.keyboard.press("Enter")
    expect(hits.first).to_be_visible()
    hits.first.focus()
    expect(hits.first).to_be_focused()
    page.reload()
    expect(hits.first).to_be_visible()
