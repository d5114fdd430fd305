"""Films whose files go by clocks of their own: the player shows the moment that was found."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from database.opening import open_database
from database.videos.stored import Store
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import watched_page
from tests.helpers.fixtures import NewSettings
from tests.helpers.holding import Held
from tests.helpers.http import Serving, search, serving
from tests.helpers.own_clocks import (
    BLUE,
    DAY_S,
    EPOCH_S,
    RED,
    begins_in_1970,
    jumps_a_day,
    put_row,
    starts_again,
)
from tests.helpers.playing import refuse_segments

EPOCH, JUMP, AGAIN = 1, 2, 3
_COLOUR = """wanted => {
  const video = document.querySelector("video");
  if (video.readyState < 2 || video.seeking) return false;
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").drawImage(video, 0, 0, 1, 1);
  const shown = canvas.getContext("2d").getImageData(0, 0, 1, 1).data;
  return wanted.every((value, at) => Math.abs(value - shown[at]) < 40);
}"""

SHOWN_CUE = (
    "() => [...(document.querySelector('video').textTracks[0]?.activeCues ?? [])][0]?.startTime"
)

CUE_AT = """at => [...(document.querySelector("video").textTracks[0]?.cues ?? [])]
  .some(({ startTime }) => Math.abs(startTime - at) < 0.01)"""


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A film that counts from 1970, one whose clock jumps, and one whose clock starts again."""
    with new_settings(tmp_path_factory.mktemp("clocks") / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            for make in (begins_in_1970, jumps_a_day, starts_again):
                path, row = make(settings.home)
                Store(database).save_video(row, put_row(settings, path, row))
        with serving(settings) as running:
            yield running


@pytest.fixture
def page(browser: Browser, films: Serving) -> Iterator[Page]:
    """A page of the library of films; their second scenes have no stills."""
    with watched_page(browser, origin_of(films), expected_faults=("404",)) as page:
        yield page


def origin_of(films: Serving) -> str:
    return str(films.client.base_url).rstrip("/")


def shows(page: Page, colour: tuple[int, int, int]) -> None:
    """Waits until the player shows a colour."""
    page.wait_for_function(_COLOUR, arg=list(colour))


def stamp(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def plays_until(page: Page, stamp_s: float) -> None:
    """Waits until the video has come to a stop there."""
    stands = """at => {
      const { paused, seeking, currentTime } = document.querySelector("video");
      return paused && !seeking && Math.abs(currentTime - at) < 0.15;
    }"""
    page.wait_for_function(stands, arg=stamp_s)


@pytest.mark.parametrize(("film", "begin_s"), [("epoch", EPOCH_S), ("jump", DAY_S)])
def test_a_hit_plays_its_moment_and_stops_at_its_end(film: str, begin_s: float, page: Page) -> None:
    page.goto("/?q=%22leaves%22")
    page.locator(".hit", has_text=film).click()
    shows(page, BLUE)
    plays_until(page, begin_s + 3.96)


@pytest.mark.parametrize(("film", "begin_s"), [(EPOCH, EPOCH_S), (JUMP, DAY_S)])
def test_all_on_the_page_goes_by_presented_time(film: int, begin_s: float, page: Page) -> None:
    page.goto(f"/watch/{film}?t=2.6&end=3.2")
    shows(page, BLUE)
    expect(page.locator(".playhead")).to_have_attribute("x1", re.compile("^6(4[.]9|5)"))
    expect(page.locator("video-transcript [aria-current]")).to_contain_text("A train leaves.")
    expect(page.locator("scene-list [aria-current]")).to_have_accessible_name("Scene 2, 0:02")
    page.keyboard.press("0")
    shows(page, RED)
    expect(page.locator(".playhead")).to_have_attribute("x1", re.compile("^0"))
    page.keyboard.press("9")
    shows(page, BLUE)
    assert stamp(page) == pytest.approx(begin_s + 3.6, abs=0.1)
    page.locator("scene-list a").first.click()
    shows(page, RED)


@pytest.mark.parametrize(("film", "begin_s"), [(EPOCH, EPOCH_S), (JUMP, DAY_S)])
def test_captions_stand_where_their_words_are_said(film: int, begin_s: float, page: Page) -> None:
    page.goto(f"/watch/{film}?t=2.6")
    shows(page, BLUE)
    page.keyboard.press("c")
    cue_s = page.wait_for_function(SHOWN_CUE).json_value()
    assert cue_s == pytest.approx(begin_s + 2.5)


def test_a_film_plays_on_where_its_clock_jumps(page: Page) -> None:
    page.goto(f"/watch/{JUMP}?t=1.2")
    shows(page, RED)
    page.keyboard.press("k")
    shows(page, BLUE)
    assert stamp(page) > DAY_S


def test_where_the_clock_starts_again_the_moment_plays_from_what_the_server_makes(
    page: Page,
) -> None:
    page.goto("/?q=%22leaves%22")
    page.locator(".hit", has_text="again").click()
    shows(page, BLUE)
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
    plays_until(page, 3.96)
    page.goto(f"/watch/{AGAIN}?t=0.5")
    shows(page, RED)
    page.keyboard.press("c")
    page.locator("video-transcript li a").click()
    shows(page, BLUE)
    expect(page.locator(".source")).to_have_text(re.compile("^converted"))
    page.wait_for_function(CUE_AT, arg=2.5)


def test_captions_come_with_their_moment_however_late_the_server_tells_what_plays(
    page: Page,
) -> None:
    facts, segments = Held(page, f"**/videos/{AGAIN}"), Held(page, "**/hls/**")
    page.goto(f"/watch/{AGAIN}?t=0.5")
    shows(page, RED)
    page.keyboard.press("c")
    page.locator("video-transcript li a").click()
    with page.expect_request("**/hls/**"):
        facts.release()
    page.wait_for_function("() => document.querySelector('track').readyState === 2")
    segments.release()
    shows(page, BLUE)
    assert page.wait_for_function(SHOWN_CUE).json_value() == pytest.approx(2.5)


def test_where_the_clock_starts_again_and_nothing_is_converted_a_still_is_shown_and_what_to_do(
    page: Page,
) -> None:
    refuse_segments(page)
    page.goto("/?q=%22leaves%22")
    page.locator(".hit", has_text="again").click()
    alert = page.get_by_role("alert").filter(visible=True)
    expect(alert).to_contain_text("The clock of this file starts again at 0:02")
    expect(alert).to_contain_text("Download the file to look at 0:02 in a player such as VLC.")
    expect(page.locator("video")).to_be_hidden()
    page.goto(f"/watch/{AGAIN}?t=0.5")
    shows(page, RED)
    expect(alert).to_have_count(0)
    page.locator("video-transcript li a").click()
    expect(alert).to_contain_text("Browsers cannot find this moment")
    assert_accessible(page)


def test_without_scripts_the_film_stands_at_its_moment(browser: Browser, films: Serving) -> None:
    origin = origin_of(films)
    with watched_page(browser, origin, ("404",), java_script_enabled=False) as page:
        page.goto(f"/watch/{EPOCH}?t=2.6&end=3.2")
        address = f"/videos/{EPOCH}/stream#t={EPOCH_S + 2.6},{EPOCH_S + 3.2}"
        expect(page.locator("video")).to_have_attribute("src", address)
        page.goto(f"/watch/{AGAIN}?t=2.6")
        expect(page.get_by_role("alert")).to_contain_text("Browsers cannot find this moment")


def test_addresses_of_the_api_lead_to_the_moment_by_the_clock_of_the_file(films: Serving) -> None:
    hits = search(films.client, '"leaves"')["results"]
    found = {hit["video"]["title"]: hit["stream_url"] for hit in hits}
    assert found == {
        "epoch": f"/videos/{EPOCH}/stream#t={EPOCH_S + 2.5},{EPOCH_S + 3.5}",
        "jump": f"/videos/{JUMP}/stream#t={DAY_S + 2.5},{DAY_S + 3.5}",
        "again": f"/videos/{AGAIN}/stream",
    }
