"""The page of a video at a moment, and what of a video a browser cannot play."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ingest.settings import IngestSettings
from tests.helpers.browser import find_browser, watched_page
from tests.helpers.commands import run_command
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.media import drawn, make_video, tone, write_sound
from tests.helpers.playing import paused_at, playing_at, refuse_segments

FILMS = {
    "hevc.mp4": ("libx265", "aac"),
    "ac3.mkv": ("libx264", "ac3"),
    "h264.mkv": ("libx264", "aac"),
    "old.avi": ("mpeg4", "libmp3lame"),
    "gone.mp4": ("libx264", "aac"),
}
"""Debian's Chromium has neither HEVC nor AC-3, and reads no AVI at all."""
NOTHING = "() => document.querySelector('video').videoWidth === 0"


@dataclass(frozen=True)
class Films:
    """A library of FILMS and a recording, served."""

    settings: IngestSettings
    ids: dict[str, int]
    origin: str


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    """Not to be written to."""
    find_browser()
    folder = tmp_path_factory.mktemp("films")
    with new_settings(folder / "home") as settings:
        for seed, (name, codecs) in enumerate(FILMS.items()):
            pictures = [drawn(2 * seed), drawn(2 * seed + 1)]
            make_video(folder / name, pictures, 2.0, audio=tone(4), codecs=codecs)
        write_sound(folder / "recording.wav", tone(4))
        done = run_command("ingest", folder, settings=settings)
        assert done.returncode == 0, done.stderr
        (folder / "gone.mp4").unlink()
        with serving(settings) as server:
            listed = server.client.get("/videos").json()["videos"]
            ids = {video["path"].rpartition("/")[2]: video["id"] for video in listed}
            yield Films(settings, ids, _origin(server))


@pytest.fixture
def watched(browser: Browser, films: Films) -> Iterator[Page]:
    """A page over FILMS, of which the server converts none."""
    with watched_page(browser, films.origin, expected_faults=("404",)) as page:
        refuse_segments(page)
        yield page


def _origin(server: Serving) -> str:
    return str(server.client.base_url).rstrip("/")


def told(page: Page) -> Locator:
    """The messages that somebody sees."""
    return page.get_by_role("alert").filter(visible=True)


def test_a_picture_that_cannot_be_played_is_told_and_its_sound_plays(
    watched: Page, films: Films
) -> None:
    watched.goto(f"/watch/{films.ids['hevc.mp4']}")
    expect(told(watched)).to_have_count(1)
    expect(told(watched)).to_contain_text("This browser cannot play the picture (HEVC).")
    link = told(watched).get_by_role("link", name="Download")
    expect(link).to_have_attribute("download", "hevc.mp4")
    with watched.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "hevc.mp4"
    expect(watched.locator(".screen")).to_have_attribute("data-plays", "sound")
    watched.keyboard.press("k")
    playing_at(watched, 0)
    assert watched.evaluate(NOTHING)


def test_sound_that_cannot_be_played_is_told_beside_the_picture(
    watched: Page, films: Films
) -> None:
    watched.goto(f"/watch/{films.ids['ac3.mkv']}")
    expect(told(watched)).to_have_count(1)
    expect(told(watched)).to_contain_text("cannot play the sound (AC-3)")
    watched.keyboard.press("k")
    playing_at(watched, 0)
    expect(watched.locator(".screen")).to_have_attribute("data-plays", "picture")
    assert not watched.evaluate(NOTHING)


def test_a_file_that_the_browser_does_not_read_is_told(watched: Page, films: Films) -> None:
    watched.goto(f"/watch/{films.ids['old.avi']}")
    expect(told(watched)).to_have_count(1)
    expect(told(watched)).to_contain_text("cannot play this AVI file (MPEG-4 Part 2, MP3)")
    expect(watched.locator("video")).to_be_hidden()
    watched.evaluate(
        "() => { HTMLVideoElement.prototype.requestFullscreen = () => { window.black = true; }; }"
    )
    watched.keyboard.press("f")
    assert watched.evaluate("window.black") is None


def test_a_file_that_has_gone_is_told(browser: Browser, films: Films) -> None:
    with watched_page(browser, films.origin) as page:  # nor is it asked for
        page.goto(f"/watch/{films.ids['gone.mp4']}")
        expect(told(page)).to_have_count(1)
        expect(told(page)).to_contain_text("This video cannot be played: the file of video")
        expect(page.locator("video")).to_be_hidden()


def test_stills_of_a_file_that_has_gone_are_not_missed(watched: Page, films: Films) -> None:
    watched.goto(f"/?q=a+drawing&vision=1&video_ids={films.ids['gone.mp4']}")
    watched.locator("#nearest summary").click()
    with watched.expect_response("**/sprites.vtt") as asked:
        watched.locator(".hit > img").first.hover()
    assert asked.value.ok
    assert "ingest its folder again" in asked.value.text()
    expect(watched.locator(".scrub")).to_have_count(0)


def test_what_can_be_played_plays_without_a_message(watched: Page, films: Films) -> None:
    watched.goto(f"/watch/{films.ids['h264.mkv']}?t=1")
    watched.keyboard.press("k")
    playing_at(watched, 1)
    expect(watched.locator(".screen")).to_have_attribute("data-plays", "picture")
    expect(told(watched)).to_have_count(0)
    watched.goto(f"/watch/{films.ids['recording.wav']}")
    expect(watched.locator(".screen")).to_have_attribute("data-plays", "sound")
    watched.keyboard.press("k")
    playing_at(watched, 0)
    expect(told(watched)).to_have_count(0)


def test_the_page_tells_what_the_file_is(page: Page) -> None:
    page.goto("/watch/1?t=14.5&end=19&q=checklist")
    expect(page).to_have_title("tour, 0:14 · sceneseek")
    expect(page.get_by_role("heading", name="tour")).to_be_visible()
    why = page.get_by_role("region", name="Why this hit")
    expect(why).to_contain_text("on screen")
    expect(why).to_contain_text("Some evidence in what is said or written")
    expect(why.get_by_role("listitem").first).to_contain_text(re.compile("some$"))
    expect(why).not_to_contain_text("%")  # the one percentage is the hit's
    expect(why.locator("mark").first).to_have_text("Checklist")
    page.get_by_text("About the file").click()
    about = page.get_by_role("group").filter(has_text="About the file")
    for text in ("tour.mp4", "H.264, 960 × 540", "AAC", "MB"):
        expect(about).to_contain_text(text)
    scenes = page.get_by_role("region", name="Scenes").get_by_role("link")
    expect(scenes).to_have_count(6)
    scenes.nth(4).click()
    playing_at(page, 28)
    expect(scenes.nth(4)).to_have_attribute("aria-current", "true")
    expect(page.locator(".scenes [aria-current]")).to_have_count(1)
    expect(page.get_by_text("Where this search hits; higher is surer")).to_be_visible()


@pytest.mark.parametrize(
    ("address", "start_s", "note"),
    [
        ("?t=4000", 0, "leads to 1:06:40, and this video ends at 0:42"),
        ("?t=30&end=10", 30, "ends before it begins"),
        ("?t=30&end=4000", 30, None),
    ],
)
def test_a_moment_that_the_video_does_not_have_is_told(
    page: Page, address: str, start_s: float, note: str | None
) -> None:
    page.goto(f"/watch/1{address}")
    paused_at(page, start_s)
    expect(page.locator(".note")).to_have_count(1 if note else 0)
    if note:
        expect(page.locator(".note")).to_contain_text(note)


@pytest.mark.parametrize("address", ["1?t=soon", "1?t=-1", "1?t=nan", "1?end=", "x", "0"])
def test_an_address_of_no_moment_is_an_error_in_words(sample: Serving, address: str) -> None:
    answer = sample.client.get(f"/watch/{address}")
    assert answer.status_code == 422
    assert "Back to the search" in answer.text


def test_who_leaves_lets_go_of_the_file_and_who_comes_back_finds_it(page: Page) -> None:
    page.goto("/watch/1?t=14.5&end=19")
    paused_at(page, 14.5)
    only = page.get_by_role("button", name="Only this moment")
    for place, is_only in ((14.5, "true"), (30, "false")):
        page.evaluate("at => { document.querySelector('video').currentTime = at; }", place)
        expect(only).to_have_attribute("aria-pressed", is_only)
        paused_at(page, place)
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        expect(page.locator("video")).not_to_have_attribute("src", re.compile("."))
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        paused_at(page, place, within=0.1)
        expect(only).to_have_attribute("aria-pressed", is_only)


def test_without_scripts_the_page_plays_and_leads_to_its_moments(sample: Serving) -> None:
    html = sample.client.get("/watch/1", params={"t": 12.5, "end": 19}).text
    assert 'src="/videos/1/stream#t=12.5,19.0"' in html
    assert "<video controls" in html
    assert 'src="/videos/1/transcript.vtt"' in html
    assert re.search(r'href="/watch/1\?t=14\.[56]\d*"', html)
