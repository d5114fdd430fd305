"""Adding videos from a browser: sent in pieces, gone on with after whatever cuts them off."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from database.models import ApiScope
from database.opening import open_database
from ingest.settings import IngestSettings
from tests.helpers.adding import (
    ADDING,
    Network,
    Restarted,
    choose,
    drop,
    job,
    sending,
    write_silence,
)
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import PHONE, NewPage
from tests.helpers.commands import TOUR
from tests.helpers.fixtures import NewSettings
from tests.helpers.guarded import make_key
from tests.helpers.holding import Held
from tests.helpers.http import Serving, serving

CUT_OFF = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_CONNECTION",
    "ERR_SOCKET_NOT_CONNECTED",
    "ERR_NETWORK",
    "ERR_EMPTY_RESPONSE",
    "ERR_INCOMPLETE",
)


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestSettings]:
    """An empty library of these tests."""
    with new_settings(tmp_path_factory.mktemp("adding") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def bare(library: IngestSettings) -> Iterator[Serving]:
    """A server of it, without a worker."""
    with serving(library) as running:
        yield running


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored(settings: IngestSettings, name: str) -> Path:
    return settings.home / "uploads" / name


def note_writes(page: Page) -> list[str]:
    """Fills with what the page sends of files."""
    noted: list[str] = []

    def note(request: Request) -> None:
        if request.method in ("POST", "PATCH") and not request.url.endswith("/known"):
            noted.append(request.method)

    page.on("request", note)
    return noted


def test_a_large_file_that_is_cut_off_and_reloaded_goes_on_and_is_the_same(
    new_page: NewPage, bare: Serving, library: IngestSettings, tmp_path: Path
) -> None:
    large = write_silence(tmp_path / "long talk.wav", 200_000_000)
    with large.open("r+b") as file:
        file.seek(150_000_000)
        file.write(b"somebody speaks")
    page = new_page(bare, expected_faults=CUT_OFF)
    network = Network(page)
    page.goto(ADDING)
    network.limit(60e6)
    choose(page, large)
    row = sending(page, "long talk.wav").get_by_role("paragraph")
    expect(row).to_contain_text(re.compile(r"[2-9]\d % sent"))
    network.cut()
    expect(row).to_contain_text("waits: the server cannot be reached")
    expect(page.get_by_role("status").filter(has_text="goes on by itself")).to_have_count(1)
    network.limit(60e6)
    expect(row).to_contain_text(re.compile(r"[4-9]\d % sent$"))
    page.once("dialog", lambda dialog: dialog.accept())  # whether one means to leave
    page.reload()
    expect(row).to_contain_text(re.compile(r"[4-9]\d % sent: choose the same file again to go on"))
    network.limit(-1)
    written = note_writes(page)
    choose(page, large)
    expect(job(page, "long talk.wav")).to_be_visible()
    expect(row).to_have_count(0)
    expect(page.locator(".sum")).to_have_text("1 file sent.")
    assert 0 < written.count("PATCH") < 200_000_000 / 2**24 * 0.7
    assert "POST" not in written
    assert digest(stored(library, "long talk.wav")) == digest(large)


def test_an_upload_that_was_removed_meanwhile_begins_anew(
    new_page: NewPage, bare: Serving, library: IngestSettings, tmp_path: Path
) -> None:
    film = write_silence(tmp_path / "removed.wav", 40_000_000)
    page = new_page(bare, expected_faults=("404",))
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))

    def remove_before_the_second_piece(route: Route) -> None:
        request = route.request
        if request.method == "PATCH" and request.headers["upload-offset"] != "0" and not removed:
            removed.append(request.url)
            gone = bare.client.delete(request.url, headers={"Tus-Resumable": "1.0.0"})
            assert gone.status_code == 204
        route.continue_()

    removed: list[str] = []
    page.route(re.compile("/uploads/.{32}$"), remove_before_the_second_piece)
    page.goto(ADDING)
    choose(page, film)
    expect(job(page, "removed.wav")).to_be_visible()
    assert digest(stored(library, "removed.wav")) == digest(film)
    assert len({each for each in addresses if re.search("/uploads/.{32}$", each)}) == 2


def test_a_server_that_is_killed_and_comes_again_gets_the_rest(
    new_page: NewPage, settings: IngestSettings, tmp_path: Path
) -> None:
    film = write_silence(tmp_path / "talk.wav", 60_000_000)
    with Restarted.serving(settings) as restarted:
        page = new_page(restarted.server, expected_faults=CUT_OFF)
        network = Network(page)
        page.goto(ADDING)
        network.limit(20e6)
        choose(page, film)
        row = sending(page, "talk.wav")
        expect(row).to_contain_text(re.compile(r"[2-9]\d % sent"))
        restarted.end()
        expect(row).to_contain_text("waits: the server cannot be reached")
        restarted.start()
        network.limit(-1)
        expect(job(page, "talk.wav")).to_be_visible()
        assert digest(stored(settings, "talk.wav")) == digest(film)


def test_a_file_that_is_here_already_and_one_that_is_empty_are_told_before_their_bytes(
    page: Page, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.mp4"
    nothing.touch()
    sent = note_writes(page)
    page.goto(ADDING)
    choose(page, TOUR)
    expect(sending(page, "tour.mp4")).to_contain_text("already here: tour")
    choose(page, nothing)
    expect(sending(page, "nothing.mp4")).to_contain_text("the file is empty")
    assert sent == []
    page.get_by_role("button", name="Remove nothing.mp4").press("Enter")
    expect(sending(page, "nothing.mp4")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove tour.mp4")).to_be_focused()
    sending(page, "tour.mp4").get_by_role("link", name="tour").click()
    expect(page).to_have_url(re.compile("/watch/1$"))


def test_what_is_refused_has_its_reason_and_a_full_disk_is_tried_again(
    new_page: NewPage, bare: Serving, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.pdf"
    notes.write_bytes(b"%PDF-1.7")
    film = write_silence(tmp_path / "full.wav", 10_000)
    page = new_page(bare, expected_faults=("415", "507"))
    page.goto(ADDING)
    choose(page, notes)
    expect(sending(page, "notes.pdf")).to_contain_text(".pdf is not the suffix of a video")
    expect(sending(page, "notes.pdf").get_by_role("button", name="Try again")).to_be_hidden()

    def full(route: Route) -> None:
        body = '{"detail": "the disk has no room for it"}'
        route.fulfill(status=507, content_type="application/problem+json", body=body)

    page.route("**/uploads", full)
    choose(page, film)
    expect(sending(page, "full.wav")).to_contain_text("the disk has no room for it")
    expect(page.locator(".sum")).to_have_text("1 not taken.")
    assert_accessible(page)
    page.unroute("**/uploads")
    page.get_by_role("button", name="Try again full.wav").press("Enter")
    expect(job(page, "full.wav")).to_be_visible()


def test_many_files_go_two_at_a_time_and_one_can_be_stopped_and_go_on(
    new_page: NewPage, bare: Serving, tmp_path: Path
) -> None:
    names = [f"part {number}.wav" for number in range(5)]
    films = [write_silence(tmp_path / name, 400_000 + 8 * i) for i, name in enumerate(names)]
    page = new_page(bare)
    pieces = Held(page, re.compile("/uploads/.{32}$"))
    page.goto(ADDING)
    drop(page, *films, kind="audio/wav")
    expect(page.locator(".sum")).to_contain_text("0 of 5 files sent, 0 % of 2.0 MB")
    page.wait_for_function("document.querySelectorAll('[data-state=working]').length === 2")
    page.get_by_role("button", name="Stop part 1.wav").press("Enter")
    expect(sending(page, "part 1.wav")).to_contain_text("stopped at 0 %")
    expect(page.get_by_role("button", name="Go on part 1.wav")).to_be_focused()
    expect(page.locator("[data-state=working]")).to_have_count(2)
    pieces.release()
    for name in names:
        if name != "part 1.wav":
            expect(job(page, name)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="4 files sent")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(job(page, "part 1.wav")).to_be_visible()
    expect(page.locator(".sending > li")).to_have_count(0)


def test_the_file_that_is_being_sent_stands_above_those_that_were_not_taken(
    new_page: NewPage, bare: Serving, tmp_path: Path
) -> None:
    empty = [tmp_path / f"empty {number}.wav" for number in range(9)]
    for each in empty:
        each.touch()
    film = write_silence(tmp_path / "film.wav", 400_000)
    page = new_page(bare)
    page.route(re.compile("/uploads/.{32}$"), lambda _route: None)  # none is answered
    page.goto(ADDING)
    drop(page, *empty, film, kind="audio/wav")
    expect(sending(page, "film.wav")).to_contain_text("0 % sent")
    names = page.locator(".sending b")
    expect(names).to_have_text([film.name, *(each.name for each in empty)])


def test_a_video_dropped_on_a_search_is_offered_to_be_added_and_is_sent_from_there(
    new_page: NewPage, bare: Serving, tmp_path: Path
) -> None:
    film = write_silence(tmp_path / "found.wav", 50_000)
    page = new_page(bare)
    page.goto("/")
    drop(page, film, kind="audio/wav", over=True)
    expect(page.get_by_text("Drop videos to add them to the library")).to_be_visible()
    drop(page, film, kind="audio/wav")
    expect(page.get_by_text("“found.wav”: add it to the library?")).to_be_visible()
    page.get_by_role("button", name="Add to the library").click()
    dock = page.get_by_role("complementary", name="Adding")
    expect(dock).to_contain_text("1 file sent.")
    assert_accessible(page)
    dock.get_by_role("link", name="What becomes of them").click()
    expect(job(page, "found.wav")).to_be_visible()


def test_an_upload_of_another_tab_is_told_and_not_sent_twice(
    new_page: NewPage, bare: Serving, tmp_path: Path
) -> None:
    film = write_silence(tmp_path / "twice.wav", 44_000_000)
    page = new_page(bare, expected_faults=CUT_OFF)
    network = Network(page)
    page.goto(ADDING)
    network.limit(2e6)
    choose(page, film)
    expect(sending(page, "twice.wav")).to_contain_text(re.compile(r"\d % sent"))
    other = page.context.new_page()
    other.goto(ADDING)
    expect(sending(other, "twice.wav")).to_contain_text("another tab sends it")
    choose(other, film)
    expect(sending(other, "twice.wav")).to_contain_text("another tab sends it")
    network.limit(-1)
    expect(sending(other, "twice.wav")).to_have_count(0)
    expect(job(other, "twice.wav")).to_have_count(1)


def test_a_tab_looks_after_what_another_sends_once_at_a_time_however_often_it_is_told(
    new_page: NewPage, bare: Serving
) -> None:
    page = new_page(bare)
    page.clock.install(time=0)
    page.add_init_script("""
      const of = { name: "elsewhere.wav", size: 8, lastModified: 1, sent: 4 };
      const kept = JSON.stringify({ ...of, isGoingOn: true, at: 9e9 });
      localStorage.setItem("upload 8 1 elsewhere.wav", kept);
      window.numLooks = 0;
      const { getItem } = Storage.prototype;
      Storage.prototype.getItem = function (name) {
        window.numLooks += name.startsWith("upload");
        return getItem.call(this, name);
      };
    """)
    page.goto(ADDING)
    expect(sending(page, "elsewhere.wav")).to_contain_text("another tab sends it: 50 %")
    page.evaluate("""() => {
      const told = { key: "upload 8 1 elsewhere.wav" };
      for (let num = 0; num < 20; num++) dispatchEvent(new StorageEvent("storage", told));
      window.numLooks = 0;
    }""")
    page.clock.run_for(2100)
    assert page.evaluate("window.numLooks") == 1


def test_who_may_only_read_is_offered_no_upload(new_page: NewPage, library: IngestSettings) -> None:
    database = open_database(library)
    key = make_key(database, "reader", ApiScope.READ)
    database.close()
    with serving(library, API_REQUIRE_KEYS="true") as guarded:
        page = new_page(guarded, viewport=PHONE, expected_faults=("401", *CUT_OFF))
        for address in (ADDING, "/library", "/"):
            page.goto(address)
            if page.get_by_label("Key", exact=True).count():
                page.get_by_label("Key", exact=True).fill(key)
                page.keyboard.press("Enter")
            expect(page.get_by_role("button", name="Log out")).to_be_visible()
            expect(page.locator("#uploads, #adding")).to_have_count(0)
