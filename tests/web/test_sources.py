"""What browsers cannot play is played from what the server makes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.helpers.axe import assert_accessible
from tests.helpers.browser import PHONE, find_browser, watched_page
from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.holding import Held
from tests.helpers.http import Serving, serving
from tests.helpers.marked_films import Recipe, write_joined, write_marked
from tests.helpers.playing import (
    number_shown,
    paused_at,
    playing_at,
    refuse_segments,
    without_media_source,
)

QUIET = {"x265-params": "log-level=none", "preset": "ultrafast"}
CHANGING = [number / 25 + 0.5 * (number >= 60) for number in range(150)]
"""A film that stands still for half a second at 2.4 s."""
FILMS = {
    "hevc.mp4": Recipe("libx265", seconds=6, options=QUIET),
    "large.mp4": Recipe("libx265", seconds=6, size=(1280, 720), options=QUIET),
    "prores.mov": Recipe(
        "prores_ks", ("pcm_s16le",), seconds=6, pixel_format="yuv422p10le", rate=Fraction(25)
    ),
    "ac3.mp4": Recipe(sounds=("ac3",), seconds=6),
    "ac3.mkv": Recipe(sounds=("ac3",), seconds=6),
    "old.avi": Recipe("mpeg4", ("libmp3lame",), seconds=6),
    "broadcast.ts": Recipe(seconds=6),
    "changing.mkv": Recipe("libx265", frame_times_s=CHANGING, seconds=6.5, options=QUIET),
    "turned.mp4": Recipe("libx265", seconds=6, turned=90, options=QUIET),
    "two.mkv": Recipe(sounds=("aac", "aac"), languages=("eng", "deu"), seconds=6),
    "same.mov": Recipe(
        sounds=("aac", "aac"), languages=("eng", "eng"), seconds=6, timecode="01:00:00:00"
    ),
    "talk.m4a": Recipe(None, seconds=6),
}
SAYS = {
    "hevc.mp4": "converted: hevc",
    "large.mp4": "converted: hevc",
    "prores.mov": "converted: prores",
    "ac3.mp4": "copied: ac3",
    "ac3.mkv": "copied: ac3",
    "old.avi": "converted: mpeg4",
    "broadcast.ts": "copied: mpegts",
    "changing.mkv": "converted: hevc",
    "turned.mp4": "converted: hevc",
}
SMALL = Recipe(sounds=(), seconds=6, size=(160, 90), rate=Fraction(5))
"""What comes first in a file of which a larger picture is the film."""
PATIENCE = 3
"""Times the targets: other tests run beside these."""
AT_S = 3.1
DECODED = "() => document.querySelector('video').webkitAudioDecodedByteCount"
STANDS = "at => Math.abs(document.querySelector('video').currentTime - at) < 0.05"


@dataclass(frozen=True)
class Films:
    """A library of FILMS, served."""

    ids: dict[str, int]
    origin: str


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    """Not to be written to."""
    find_browser()
    folder = tmp_path_factory.mktemp("sources")
    with new_settings(folder / "home") as settings:
        for name, recipe in FILMS.items():
            write_marked(folder / name, recipe)
        small = write_marked(folder / "home" / "small.mp4", SMALL)
        film = write_marked(folder / "home" / "film.mp4", Recipe(seconds=6))
        write_joined(folder / "pictures.mp4", small, film)
        done = run_command("ingest", folder, settings=settings)
        assert done.returncode == 0, done.stderr
        with serving(settings) as server:
            listed = server.client.get("/videos").json()["videos"]
            ids = {video["path"].rpartition("/")[2]: video["id"] for video in listed}
            yield Films(ids, origin_of(server))


@pytest.fixture
def page(browser: Browser, films: Films) -> Iterator[Page]:
    """A page over FILMS."""
    with watched_page(browser, films.origin) as page:
        yield page


@pytest.fixture
def refused(browser: Browser, films: Films) -> Iterator[Page]:
    """A page over FILMS whose console may tell of refusals."""
    with watched_page(browser, films.origin, ("404", "503")) as page:
        yield page


def origin_of(server: Serving) -> str:
    return str(server.client.base_url).rstrip("/")


def watch(page: Page, films: Films, name: str) -> None:
    page.goto(f"/watch/{films.ids[name]}?t={AT_S}&end=5.5")


def open_in_place(page: Page, films: Films, name: str, start_s: float) -> None:
    """Plays another film in the player of a page, as the hits of a search do."""
    video = films.ids[name]
    page.evaluate(
        "hit => void document.querySelector('moment-player').open(hit)",
        {"video": str(video), "start": str(start_s), "address": f"/watch/{video}?t={start_s}"},
    )


def plays_at_its_moment(page: Page, films: Films, name: str) -> None:
    """Its picture is that of the moment, its sound is decoded, and the page says what it plays."""
    watch(page, films, name)
    expect(page.locator(".source")).to_have_text(SAYS[name])
    shown_s = FILMS[name].time_of(number_shown(page))
    assert shown_s == pytest.approx(AT_S, abs=0.3)
    page.keyboard.press("k")
    playing_at(page, AT_S)
    page.wait_for_function(DECODED)
    page.wait_for_function("at => document.querySelector('video').currentTime > at", arg=AT_S + 0.5)
    page.evaluate("document.querySelector('video').pause()")  # or it goes on between two looks
    time_s, number = (
        page.evaluate("document.querySelector('video').currentTime"),
        number_shown(page),
    )
    assert FILMS[name].time_of(number) == pytest.approx(time_s, abs=0.3)
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
    expect(page.locator(".screen")).to_have_attribute("data-plays", "picture")


@pytest.mark.parametrize("name", list(SAYS))
def test_what_the_browser_cannot_play_plays_at_its_moment(
    name: str, page: Page, films: Films
) -> None:
    plays_at_its_moment(page, films, name)
    assert page.evaluate("document.querySelector('video').src").startswith("blob:")


@pytest.mark.parametrize("name", ["hevc.mp4", "ac3.mkv", "broadcast.ts", "changing.mkv"])
def test_it_plays_in_browsers_without_media_source_too(name: str, page: Page, films: Films) -> None:
    without_media_source(page)
    plays_at_its_moment(page, films, name)
    assert "index.m3u8#t=" in page.evaluate("document.querySelector('video').src")


@pytest.mark.parametrize("has_media_source", [True, False])
def test_of_a_file_with_two_pictures_that_of_the_library_is_played(
    has_media_source: bool, page: Page, films: Films
) -> None:
    if not has_media_source:
        without_media_source(page)
    watch(page, films, "pictures.mp4")
    expect(page.locator(".source")).to_have_text("copied: not the first picture")
    page.wait_for_function("() => document.querySelector('video').videoWidth === 320")
    assert number_shown(page) / 25 == pytest.approx(AT_S, abs=0.3)
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)


def test_segments_that_the_browser_does_not_take_are_converted(page: Page, films: Films) -> None:
    page.add_init_script(
        "const takes = MediaSource.isTypeSupported;"
        "MediaSource.isTypeSupported = (type) => type.includes('avc1.640020') && takes(type);"
    )
    watch(page, films, "ac3.mkv")
    expect(page.locator(".source")).to_have_text("converted: ac3")
    assert FILMS["ac3.mkv"].time_of(number_shown(page)) == pytest.approx(AT_S, abs=0.3)


@pytest.mark.parametrize("has_media_source", [True, False])
def test_seeking_leads_where_it_should_and_a_film_plays_to_its_end(
    has_media_source: bool, page: Page, films: Films
) -> None:
    if not has_media_source:
        without_media_source(page)
    page.goto(f"/watch/{films.ids['turned.mp4']}?t={AT_S}")
    expect(page.locator(".source")).to_have_text("converted: hevc")
    number_shown(page)
    for time_s in (0.5, 5.0):
        page.evaluate("at => { document.querySelector('video').currentTime = at; }", time_s)
        page.wait_for_function(STANDS, arg=time_s)
        assert number_shown(page) / 25 == pytest.approx(time_s, abs=0.05)
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("() => document.querySelector('video').ended")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(6, abs=0.1)


def test_a_large_film_has_a_picture_within_three_seconds(page: Page, films: Films) -> None:
    page.goto(f"/watch/{films.ids['large.mp4']}?t=0.5&end=2")
    number_shown(page)
    took_ms = page.evaluate("performance.now()")
    assert took_ms < PATIENCE * 3000


def test_what_a_browser_cannot_play_is_found_out_once(page: Page, films: Films) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    number, other = films.ids["hevc.mp4"], films.ids["broadcast.ts"]
    page.goto(f"/?q=a+wall&vision=1&video_ids={number}&video_ids={other}&limit=50")
    nearest = page.locator("#nearest summary")
    if nearest.is_visible():
        nearest.click()
    for video, says in ((number, "hevc"), (other, "mpegts"), (number, "hevc")):
        hit = page.locator(f".hit[data-video='{video}']").first
        hit.press("Enter")
        expect(page.locator(".source")).to_contain_text(says)
        number_shown(page)
        page.keyboard.press("Escape")
        expect(page.locator("video")).not_to_have_attribute("src", re.compile("."))
    assert len([url for url in asked if url.endswith(f"/videos/{number}/stream")]) == 1


def test_a_sound_track_is_chosen_and_the_film_goes_on(page: Page, films: Films) -> None:
    watch(page, films, "two.mkv")
    sounds = page.get_by_role("combobox", name="Sound", exact=True)
    expect(sounds.get_by_role("option")).to_have_text(["English", "German"])
    expect(page.locator(".source")).to_have_text("")
    page.keyboard.press("k")
    playing_at(page, AT_S)
    sounds.select_option("German")
    expect(page.locator(".source")).to_have_text("copied: second sound track")
    playing_at(page, AT_S, within=2)
    page.wait_for_function(DECODED)
    assert number_shown(page) / 25 > AT_S - 0.3
    assert_accessible(page)
    sounds.select_option("English")
    expect(page.locator(".source")).to_have_text("")


def test_who_seeks_while_a_sound_track_is_prepared_is_led_there(page: Page, films: Films) -> None:
    watch(page, films, "two.mkv")
    number_shown(page)
    segments = Held(page, "**/hls/**")
    with page.expect_request("**/hls/**"):
        page.get_by_role("combobox", name="Sound", exact=True).select_option("German")
    page.locator("body").press("1")
    page.wait_for_function(STANDS, arg=0.6)
    segments.release()
    expect(page.locator(".source")).to_have_text("copied: second sound track")
    page.wait_for_function(STANDS, arg=0.6)
    assert number_shown(page) / 25 == pytest.approx(0.6, abs=0.3)


def test_a_sound_track_that_is_left_for_another_film_is_not_called_unplayable(
    page: Page, films: Films
) -> None:
    watch(page, films, "two.mkv")
    number_shown(page)
    Held(page, "**/hls/**")
    with page.expect_request("**/hls/**"):
        page.get_by_role("combobox", name="Sound", exact=True).select_option("German")
    open_in_place(page, films, "same.mov", 1)
    expect(page.get_by_role("heading", level=2)).to_have_text("same")
    assert number_shown(page) / 25 == pytest.approx(1, abs=0.3)
    expect(page.locator(".notice")).to_have_text("")


def test_who_goes_elsewhere_before_a_file_has_failed_is_led_there(page: Page, films: Films) -> None:
    stream = Held(page, "**/stream")
    with page.expect_request("**/stream"):
        address = f"/watch/{films.ids['old.avi']}?t={AT_S}"
        page.goto(address, wait_until="domcontentloaded")
    page.evaluate("document.querySelector('moment-player').go(1)")
    stream.release()
    expect(page.locator(".source")).to_have_text("converted: mpeg4")
    assert number_shown(page) / 25 == pytest.approx(1, abs=0.3)


def test_what_is_wrong_with_a_film_is_not_said_of_the_next(page: Page, films: Films) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    first, then = (f"**/videos/{films.ids[name]}" for name in ("hevc.mp4", "talk.m4a"))
    facts, later_facts = Held(page, first), Held(page, then)
    with page.expect_request(first):
        watch(page, films, "hevc.mp4")
    with page.expect_request(then):
        open_in_place(page, films, "talk.m4a", 1)
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    with page.expect_response(first):
        facts.release()
    with page.expect_response(then):
        later_facts.release()
    expect(page.get_by_role("heading", level=2)).to_have_text("talk")
    page.wait_for_function("() => document.querySelector('video').currentTime > 1.5")
    assert page.evaluate("document.querySelector('moment-player').sources.fault") is None
    assert not [url for url in asked if "/hls/" in url]


def test_tracks_of_one_language_are_told_apart_and_a_timecode_is_named(
    page: Page, films: Films
) -> None:
    watch(page, films, "same.mov")
    sounds = page.get_by_role("combobox", name="Sound", exact=True)
    expect(sounds.get_by_role("option")).to_have_text(["English, track 1", "English, track 2"])
    page.get_by_text("About the file").click()
    about = page.get_by_role("group").filter(has_text="About the file")
    expect(about).to_contain_text("begins at 01:00:00:00")


def test_a_sound_track_that_cannot_be_had_is_told_and_the_first_goes_on(
    refused: Page, films: Films
) -> None:
    refuse_segments(refused)
    watch(refused, films, "two.mkv")
    refused.get_by_role("combobox", name="Sound", exact=True).select_option("German")
    told = refused.locator(".notice")
    expect(told).to_contain_text("This sound track cannot be played here: no film is converted")
    expect(refused.locator(".sounds select")).to_have_value("English")
    assert number_shown(refused) / 25 == pytest.approx(AT_S, abs=0.3)
    expect(refused.get_by_role("alert").filter(visible=True)).to_have_count(0)


def test_a_film_with_one_sound_track_offers_no_choice(page: Page, films: Films) -> None:
    watch(page, films, "hevc.mp4")
    number_shown(page)
    expect(page.locator(".sounds")).to_be_hidden()


@pytest.mark.parametrize(("presses", "plays"), [(1, True), (2, False)])
def test_who_presses_play_while_a_film_is_prepared_need_not_do_so_again(
    presses: int, plays: bool, page: Page, films: Films
) -> None:
    segments = Held(page, "**/hls/**")
    page.goto(f"/watch/{films.ids['hevc.mp4']}?t={AT_S}")
    expect(page.locator(".source")).to_have_text("Preparing…")
    for _ in range(presses):
        page.keyboard.press("k")
    segments.release()
    if plays:
        playing_at(page, AT_S)
    else:
        paused_at(page, AT_S)


def test_while_a_film_is_prepared_the_page_says_so(refused: Page, films: Films) -> None:
    busy = iter(range(2))

    def answer(route: Route) -> None:
        if next(busy, None) is None:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "busy"})

    refused.route("**/hls/**/index.m3u8", answer)
    watch(refused, films, "prores.mov")
    status = refused.locator(".source")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_have_text("Still preparing: the server has much to do.")
    expect(status).to_have_text("converted: prores")
    assert number_shown(refused) / 25 == pytest.approx(AT_S, abs=0.3)


def _not_yet(route: Route) -> None:
    """What a server answers as long as it prepares a film."""
    route.fulfill(status=503, headers={"Retry-After": "5"}, json={})


def test_while_a_film_is_prepared_the_still_of_the_moment_is_seen(
    refused: Page, films: Films
) -> None:
    refused.route("**/hls/**/index.m3u8", _not_yet)
    video = films.ids["hevc.mp4"]
    watch(refused, films, "hevc.mp4")
    film = refused.locator("video")
    expect(film).to_have_attribute("poster", re.compile(r"/scenes/\d+/keyframe.jpg"))
    refused.unroute("**/hls/**/index.m3u8")
    expect(refused.locator(".source")).to_have_text("converted: hevc")
    number_shown(refused)
    expect(film).not_to_have_attribute("poster", re.compile("."))
    refused.goto(f"/?q=a+wall&vision=1&video_ids={video}&limit=50")
    nearest = refused.locator("#nearest summary")
    if nearest.is_visible():
        nearest.click()
    refused.route("**/hls/**/index.m3u8", _not_yet)
    hit = refused.locator(f".hit[data-video='{video}']").first
    hit.press("Enter")
    expect(film).to_have_attribute("poster", str(hit.locator("img").evaluate("img => img.src")))


@pytest.mark.parametrize("refusal", [{"status": 404}, {"status": 503, "Retry-After": "0"}])
def test_where_nothing_is_converted_the_codecs_and_a_download_are_named(
    refusal: dict[str, Any], refused: Page, films: Films
) -> None:
    refuse_segments(refused, **refusal)
    watch(refused, films, "old.avi")
    alert = refused.get_by_role("alert").filter(visible=True)
    expect(alert).to_contain_text("cannot play this AVI file (MPEG-4 Part 2, MP3)")
    expect(alert).to_contain_text("no film is converted today")
    expect(alert.get_by_role("link", name="Download")).to_have_attribute("download", "old.avi")
    expect(refused.locator("video")).to_be_hidden()
    assert_accessible(refused)


def test_a_converted_film_on_a_phone_in_the_dark(browser: Browser, films: Films) -> None:
    options: dict[str, Any] = {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}
    with watched_page(browser, films.origin, **options) as page:
        watch(page, films, "two.mkv")
        page.get_by_role("combobox", name="Sound", exact=True).select_option("German")
        expect(page.locator(".source")).to_have_text("copied: second sound track")
        number_shown(page)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert_accessible(page)
