"""The page "Adding": how far jobs are, without a reload, and what one does about them."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.jobs.workers import Workers
from database.models import JobFileState
from database.opening import open_database
from database.server.connection import Database
from database.videos.stored import Store
from ingest.settings import IngestSettings
from tests.helpers.adding import ADDING, Crew, Restarted, choose, job
from tests.helpers.browser import PATIENCE_MS, NewPage
from tests.helpers.fixtures import NewSettings
from tests.helpers.holding import Held
from tests.helpers.http import Serving, search, serving
from tests.helpers.media import drawn, make_video
from tests.helpers.records import file, talk, unit_vector
from tests.helpers.shelf import row

TELL = """
  window.told = [];
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(address) {
      super(address);
      this.addEventListener("workers", () => window.told.push("workers"));
      this.addEventListener("job", ({ data }) => {
        const { id, state } = JSON.parse(data);
        window.told.push(`${id} ${state}`);
      });
    }
  };
"""
"""A script for every page: what it was told of jobs."""
AWAY = ("ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED", "ERR_INCOMPLETE", "ERR_EMPTY")


@pytest.fixture(scope="module")
def own(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Serving, Database]]:
    """A library that these tests share, with its database; no worker is there."""
    with (
        new_settings(tmp_path_factory.mktemp("jobs") / "home") as settings,
        closing(open_database(settings)) as opened,
        serving(settings) as running,
    ):
        yield running, opened


def listeners(server: Serving) -> float:
    """Pages that are told what becomes of jobs."""
    (found,) = re.findall(r"^event_listeners (\S+)$", server.client.get("/metrics").text, re.M)
    return float(found)


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Waits for something that the page has no sign of."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def test_progress_moves_by_itself_and_goes_on_after_the_server_was_killed(
    new_page: NewPage, settings: IngestSettings, database: Database
) -> None:
    crew = Crew(database)
    with Restarted.serving(settings) as restarted:
        page = new_page(restarted.server, expected_faults=AWAY)
        page.goto(ADDING)
        expect(page.get_by_text("Nothing has been added here yet")).to_be_visible()
        number = crew.begin("/films", "a.mp4", "b.mp4", "c.mp4")
        films = job(page, "films")
        expect(films).to_contain_text("0 of 3 files")
        expect(page.get_by_text("Nothing has been added here yet")).to_have_count(0)
        begun = crew.work(number, "/films/a.mp4", "speech", 0.41)
        expect(films).to_contain_text("a.mp4: listening, 41 %")
        crew.log.end_file(begun, JobFileState.DONE, None)
        expect(films).to_contain_text("1 of 3 files")
        restarted.end()
        crew.end(number, "/films/b.mp4")
        expect(
            page.get_by_role("status").filter(has_text="The server does not answer")
        ).to_have_count(1)
        restarted.start()
        expect(films).to_contain_text("2 of 3 files")
        expect(page.get_by_text("The server does not answer")).to_have_count(0)
        crew.end(number, "/films/c.mp4")
        crew.log.done(number)
        ended = page.get_by_role("region", name="Ended")
        expect(ended.locator(".job")).to_contain_text("Done: 3 added")
        expect(page.get_by_role("region", name="Under way")).to_have_count(0)
        expect(page.get_by_role("status").filter(has_text="films: Done: 3 added")).to_have_count(1)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_failed_file_has_its_reason_and_is_tried_again(
    new_page: NewPage, own: tuple[Serving, Database], *, scripts: bool
) -> None:
    server, database = own
    crew, folder = Crew(database), f"faults {scripts}"
    number = crew.begin(f"/{folder}", "good.mp4", "cut.mp4")
    crew.end(number, f"/{folder}/good.mp4")
    crew.end(number, f"/{folder}/cut.mp4", "only 2.4 s of 5.0 s could be decoded")
    crew.log.done(number)
    page = new_page(server, java_script_enabled=scripts)
    page.goto(ADDING)
    told = job(page, folder)
    expect(told).to_contain_text("Done: 1 added, 1 failed")
    expect(told).to_contain_text("cut.mp4: failed, only 2.4 s of 5.0 s could be decoded")
    told.get_by_role("button", name="Try 1 file again").press("Enter")
    expect(
        page.get_by_role("region", name="Under way").locator(".job", has_text=folder)
    ).to_be_visible()
    expect(told).not_to_contain_text("failed")
    told.get_by_role("link", name=folder).click()
    row = page.get_by_role("row").filter(has_text="cut.mp4")
    expect(row).to_contain_text("waiting")
    expect(page.get_by_role("row").filter(has_text="good.mp4")).to_contain_text("added")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_job_is_paused_goes_on_and_is_cancelled_by_keyboard(
    new_page: NewPage, own: tuple[Serving, Database], *, scripts: bool
) -> None:
    server, database = own
    folder = f"steered {scripts}"
    number = Crew(database).begin(f"/{folder}", "a.mp4", "b.mp4")
    page = new_page(server, java_script_enabled=scripts, expected_faults=("409",))
    page.goto(ADDING)
    told = job(page, folder)
    told.get_by_role("button", name="Pause").press("Enter")
    expect(told).to_contain_text("Paused, 0 of 2 files")
    told.get_by_role("button", name="Go on").press("Enter")
    expect(told.get_by_role("button", name="Pause")).to_be_visible()
    if scripts:
        page.route("**/events", lambda route: route.abort())
        Jobs(database).pause(number)
        told.get_by_role("button", name="Pause").press("Enter")
        expect(told).to_contain_text("Paused")  # by whoever was first
    told.get_by_role("button", name="Cancel").press("Enter")
    expect(told).to_contain_text("Cancelled: 2 left out")
    if scripts:
        expect(told.get_by_role("link", name=folder)).to_be_focused()


def test_what_was_asked_for_before_a_button_was_pressed_does_not_undo_it(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, database = own
    crew = Crew(database)
    number = crew.begin("/late", "a.mp4", "b.mp4")
    page = new_page(server)
    page.add_init_script(TELL)
    page.goto(ADDING)
    told = job(page, "late")
    held: list[tuple[Route, APIResponse]] = []
    address = f"**/library/jobs/{number}"
    page.route(address, lambda route: held.append((route, route.fetch())))
    crew.end(number, "/late/a.mp4")
    until(page, lambda: len(held) == 1)
    told.get_by_role("button", name="Pause").press("Enter")
    expect(told).to_contain_text("Paused, 1 of 2 files")
    page.wait_for_function(f"() => window.told.includes('{number} paused')")
    [(route, answer)] = held
    with page.expect_response(address):
        route.fulfill(response=answer)
    page.unroute(address)
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # for what should not come
    expect(told).to_contain_text("Paused, 1 of 2 files")


def test_why_a_button_did_nothing_stays_while_the_job_goes_on(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, database = own
    crew = Crew(database)
    number = crew.begin("/refused", "a.mp4", "b.mp4")
    page = new_page(server, expected_faults=("503",))
    page.goto(ADDING)
    told = job(page, "refused")
    away = '<p class="problem">The database is away.</p>'
    page.route("**/pause", lambda route: route.fulfill(status=503, body=away))
    told.get_by_role("button", name="Pause").press("Enter")
    expect(told.get_by_role("alert")).to_have_text("The database is away.")
    crew.end(number, "/refused/a.mp4")
    expect(told).to_contain_text("1 of 2 files")
    expect(told.get_by_role("alert")).to_have_text("The database is away.")


def test_a_job_that_nobody_is_there_to_do_says_so_until_a_worker_comes(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, database = own
    Crew(database).begin("/alone", "a.mp4")
    page = new_page(server)
    page.goto(ADDING)
    idle = job(page, "alone").get_by_text("python -m ingest.worker")
    expect(idle).to_be_visible()
    workers = Workers(database)
    number = workers.enter()
    expect(idle).to_be_hidden()
    workers.leave(number)
    expect(idle).to_be_visible()


def test_of_a_thousand_jobs_that_wait_the_newest_are_shown_and_those_that_are_begun(
    new_page: NewPage, settings: IngestSettings, database: Database
) -> None:
    jobs, crew = Jobs(database), Crew(database)
    first = crew.begin("/oldest", "a.mp4")
    jobs.pause(first)
    for number in range(150):
        jobs.submit(IngestRequest((f"/films/{number}.mp4",)))
    with serving(settings) as server:
        page = new_page(server, expected_faults=AWAY)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(ADDING)
        expect(page.locator(".beyond")).to_have_text("And 50 more jobs that wait.")
        until(page, lambda: listeners(server) == 1)
        expect(job(page, "oldest")).to_contain_text("Paused")
        jobs.resume(first)
        expect(job(page, "oldest")).to_contain_text("Waits")
        assert len([url for url in asked if "/library/jobs/" in url]) < 5
        expect(page.locator(".beyond")).to_have_text("And 50 more jobs that wait.")
        expect(page.locator(".job")).to_have_count(101)


def test_a_page_listens_once_and_only_while_it_is_seen(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, _ = own
    page = new_page(server)
    page.goto(ADDING)
    until(page, lambda: listeners(server) == 1)
    page.evaluate("""() => {
      const hidden = { get: () => "hidden", configurable: true };
      Object.defineProperty(document, "visibilityState", hidden);
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    until(page, lambda: listeners(server) == 0)
    page.evaluate("""() => {
      delete document.visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    until(page, lambda: listeners(server) == 1)
    page.goto("/")
    until(page, lambda: listeners(server) == 0)


def test_the_library_shows_what_a_job_has_added_by_itself(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, database = own
    store, crew = Store(database), Crew(database)
    store.save_video(talk("first", ["Granite."], [unit_vector(1)]), file("/talks/first.m4a"))
    number = crew.begin("/talks", "second.m4a", "third.m4a")
    page = new_page(server)
    page.add_init_script(TELL)
    page.goto("/library")
    expect(page.locator(".videos .title")).to_have_text(["first"])
    page.wait_for_function("() => window.told.includes('workers')")  # which come after the jobs
    store.save_video(talk("second", ["Water."], [unit_vector(2)]), file("/talks/second.m4a"))
    crew.end(number, "/talks/second.m4a")
    expect(page.locator(".videos .title")).to_have_text(["second", "first"])
    expect(page.get_by_role("status").filter(has_text="2 videos")).to_have_count(1)


def test_who_edits_tags_while_the_list_is_renewed_goes_on_editing(
    new_page: NewPage, own: tuple[Serving, Database]
) -> None:
    server, database = own
    store, crew = Store(database), Crew(database)
    store.save_video(talk("basalt", ["Rock."], [unit_vector(3)]), file("/talks/basalt.m4a"))
    number = crew.begin("/talks", "chalk.m4a", "clay.m4a")
    page = new_page(server)
    page.add_init_script(TELL)
    page.goto("/library?q=talks&sort=title")
    page.wait_for_function("() => window.told.includes('workers')")
    store.save_video(talk("chalk", ["Sea."], [unit_vector(4)]), file("/talks/chalk.m4a"))
    lists = Held(page, "**/library?q=talks*")
    with page.expect_request("**/library?q=talks*"):
        crew.end(number, "/talks/chalk.m4a")
    basalt = row(page, "basalt")
    basalt.get_by_role("button", name="Add tags").click()
    page.keyboard.type("dark")
    with page.expect_response("**/library?q=talks*"):
        lists.release()
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # for what should not come
    expect(basalt.get_by_role("combobox")).to_have_value("dark")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(row(page, "chalk")).to_be_visible()
    expect(basalt.get_by_role("link", name="dark")).to_be_visible()


@pytest.mark.parametrize("address", ["/library", ADDING])
def test_what_stands_above_the_library_follows_its_jobs(
    new_page: NewPage, own: tuple[Serving, Database], address: str
) -> None:
    server, database = own
    store, crew, name = Store(database), Crew(database), f"above{address.replace('/', ' ')}"
    store.save_video(talk("before", ["Granite."], [unit_vector(1)]), file("/talks/before.m4a"))
    number = crew.begin(f"/{name}", "new.m4a", "cut.m4a")
    page = new_page(server)
    page.add_init_script(TELL)
    page.goto(address)
    before = int(page.locator(".summary").inner_text().split()[0])
    page.wait_for_function("() => window.told.includes('workers')")
    page.get_by_role("link", name="Models").focus()
    store.save_video(talk(name, ["Water."], [unit_vector(2)]), file(f"/{name}/new.m4a"))
    crew.end(number, f"/{name}/new.m4a")
    expect(page.locator(".summary")).to_contain_text(f"{before + 1} video")
    expect(page.get_by_role("link", name="Models")).to_be_focused()


def test_a_film_dropped_into_an_empty_library_is_found_within_5_s_of_its_end(
    new_page: NewPage, settings: IngestSettings, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "harvest.mp4", [drawn(1), drawn(2)])
    with serving(settings, API_WORKER="true") as server:
        page = new_page(server, expected_faults=AWAY)
        page.goto("/library")
        expect(page.get_by_role("heading", name="No videos yet")).to_be_visible()
        choose(page, film)
        expect(page.locator(".videos .title")).to_have_text(["harvest"], timeout=90_000)
        hits = search(server.client, "harvest")["results"]
        assert hits[0]["video"]["title"] == "harvest"
