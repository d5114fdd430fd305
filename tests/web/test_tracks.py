"""A film with a commentary on a sound track of its own, and notes on how it was read."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from database.opening import open_database
from database.videos.stored import Store
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import PHONE, NewPage
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.records import COMMENTARY, commented, file, video
from tests.helpers.strange import put_still

NOTES = f"Noted while reading: {'; '.join(commented('film').notes)}"
SPOKEN = "The director built this platform from plywood."
MAIN, COMMENT = "0:02A train leaves.", f"0:02{SPOKEN}{COMMENTARY}"


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Of a commented film; of a plain one and an interview, which are not there."""
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        path = make_video(settings.home / "film.mp4", [drawn(1), drawn(2)], 2.0, audio=tone(4))
        status = path.stat()
        at = replace(file(path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
        put_still(settings.keyframes_dir, "film")
        with contextlib.closing(open_database(settings)) as database:
            Store(database).save_video(commented("film"), at)
            plain = replace(video("plain", language="en"), language="de")
            Store(database).save_video(plain, file("/v/plain.mp4"))
            *others, right = commented("interview").moments
            apart = (*others, replace(right, track="right channel"))
            interview = replace(commented("interview"), moments=apart)
            Store(database).save_video(interview, file("/v/interview.mp4"))
        with serving(settings) as running:
            yield running


@pytest.fixture
def page(new_page: NewPage, films: Serving) -> Page:
    """The page of the film."""
    page = new_page(over=films, expected_faults=("404",))  # not every scene has a still
    page.goto("/watch/1?t=2.6")
    return page


def lines(page: Page) -> Locator:
    return page.locator("video-transcript li:visible")


def test_notes_stand_with_the_film_and_in_the_library_and_are_no_faults(
    page: Page, new_page: NewPage, films: Serving
) -> None:
    expect(page.locator(".details .notes")).to_have_text(NOTES)
    expect(page.locator(".note")).to_have_count(0)
    page.goto("/library")
    listed = page.locator(".videos > li").filter(has=page.get_by_role("link", name="film"))
    expect(listed.locator(".notes")).to_have_text(NOTES)
    expect(listed.locator(".reason")).to_have_count(0)
    plain = page.locator(".videos > li").filter(has=page.get_by_role("link", name="plain"))
    expect(plain.locator(".notes")).to_have_count(0)
    assert_accessible(page)
    phone = new_page(over=films, viewport=PHONE, expected_faults=("404",))
    phone.goto("/watch/1")
    expect(phone.get_by_text(NOTES)).to_be_visible()
    assert_accessible(phone)


def test_the_transcript_has_all_tracks_or_the_one_that_is_chosen(page: Page) -> None:
    chosen = page.get_by_role("combobox", name="Sound track")
    options = ["All tracks", "First track", COMMENTARY]
    expect(chosen.get_by_role("option")).to_have_text(options)
    expect(lines(page)).to_have_text([MAIN, COMMENT])
    chosen.select_option(COMMENTARY)
    expect(lines(page)).to_have_text([COMMENT])
    page.get_by_role("searchbox", name="Search the transcript").fill("train")
    expect(page.get_by_role("status").filter(has_text="No lines")).to_be_visible()
    chosen.select_option("First track")
    expect(lines(page)).to_have_text([MAIN])
    chosen.select_option("All tracks")
    page.get_by_role("searchbox", name="Search the transcript").fill("")
    expect(lines(page)).to_have_count(2)
    assert_accessible(page)


def test_what_plays_is_followed_on_the_track_that_is_chosen(page: Page) -> None:
    current = page.locator("video-transcript [aria-current]")
    page.evaluate("document.querySelector('video').currentTime = 3.2")
    expect(current).to_have_text(COMMENT)
    page.get_by_role("combobox", name="Sound track").select_option("First track")
    expect(current).to_have_text(MAIN)


def test_captions_are_of_the_track_that_plays_with_its_channels(page: Page) -> None:
    cues = """async () => {
        const [track] = document.querySelector("video").textTracks;
        track.mode = "showing";
        while (!track.cues?.length) await new Promise((done) => setTimeout(done, 20));
        return [...track.cues].map((cue) => cue.text);
    }"""
    assert page.evaluate(cues) == ["A train leaves."]
    page.goto("/watch/3")
    assert page.evaluate(cues) == ["A train leaves.", SPOKEN]
    options = page.get_by_role("combobox", name="Sound track").get_by_role("option")
    expect(options).to_have_text(["All tracks", "right channel"])
    page.get_by_role("combobox", name="Sound track").select_option("right channel")
    expect(lines(page)).to_have_text([COMMENT.replace(COMMENTARY, "right channel")])


def test_a_hit_says_which_track_it_was_said_on(page: Page) -> None:
    page.goto('/?q="plywood"&video_ids=1')
    hit = page.locator(".hit").first
    said = f"said ({COMMENTARY}): “{SPOKEN}”"
    expect(hit).to_contain_text(said)
    expect(hit.locator("p.said")).to_have_count(1)
    expect(hit).to_have_accessible_name(f"film, 0:02, said ({COMMENTARY}): {SPOKEN}")
    hit.click()
    expect(page.locator("moment-player .why li")).to_contain_text([said])
    expect(page.locator("moment-player .saying p").first).to_contain_text(f"{SPOKEN}{COMMENTARY}")
    mark = f"0:02 to 0:03, said ({COMMENTARY}): {SPOKEN.rstrip('.')}"
    expect(page.locator("heat-strip a").first).to_have_accessible_name(mark)


def test_a_film_with_one_track_asks_for_none_and_tells_a_language_that_differs(
    new_page: NewPage, films: Serving
) -> None:
    page = new_page(over=films, expected_faults=("404",))
    page.goto("/watch/2")
    expect(page.locator("video-transcript ol[lang=de] [lang=en]")).to_have_text("A train leaves.")
    expect(page.get_by_role("combobox", name="Sound track")).to_have_count(0)
    expect(page.locator(".notes")).to_have_count(0)


def test_a_hit_on_another_track_says_that_browsers_do_not_play_it(page: Page) -> None:
    page.goto('/watch/1?t=2.75&end=3.75&q="plywood"')
    note = page.locator(".here .note")
    expect(note).to_contain_text(
        f"said on the sound track {COMMENTARY}, and browsers play the first"
    )
    page.goto('/watch/1?t=2.5&end=3.5&q="leaves"')
    expect(page.locator(".why")).to_have_count(1)
    expect(note).to_have_count(0)
    page.get_by_text("About the file").click()
    speakers = f"the first track; {COMMENTARY} (to be chosen under Sound)"
    expect(page.locator("dd").filter(has_text=COMMENTARY)).to_have_text(speakers)
