"""Films with subtitles: captions in the player, and lines beside it."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from database.opening import open_database
from database.videos.records import Subtitles
from database.videos.stored import Store
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import NewPage
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.media import drawn, make_video, tone
from tests.helpers.records import file, video
from tests.helpers.strange import put_still

GERMAN = Subtitles(
    "German", "de", None, ((1.0, 2.0, "Ein Zug fährt ab."), (3.0, 4.0, "<b>Ende</b>"))
)
SIGNS = Subtitles(None, None, "/films/film.srt", ((0.5, 1.0, "PLATFORM 9"),))
SAID = "0:02A train leaves."
SHOWN = "[...document.querySelector('video').textTracks].filter((t) => t.mode === 'showing')"


@pytest.fixture(scope="module")
def films(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Of a film with speech and two tracks of subtitles, and of a silent one with one of them."""
    with new_settings(tmp_path_factory.mktemp("films") / "home") as settings:
        path = make_video(settings.home / "film.mp4", [drawn(1), drawn(2)], 2.0, audio=tone(4))
        status = path.stat()
        at = replace(file(path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
        put_still(settings.keyframes_dir, "film")
        spoken = replace(video("film"), subtitles=(GERMAN, SIGNS))
        silent = replace(video("silent"), subtitles=(GERMAN,))
        silent = replace(silent, moments=silent.moments[:-1])
        with contextlib.closing(open_database(settings)) as database:
            Store(database).save_video(spoken, at)
            Store(database).save_video(silent, file("/v/silent.mp4"))
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


def test_the_transcript_has_what_is_said_or_the_subtitles_that_are_chosen(page: Page) -> None:
    chosen = page.get_by_role("combobox", name="Track")
    expect(chosen.get_by_role("option")).to_have_text(
        ["What is said", "Subtitles: German", "Subtitles"]
    )
    expect(lines(page)).to_have_text([SAID])
    chosen.select_option("Subtitles: German")
    expect(lines(page)).to_have_text(["0:01Ein Zug fährt ab.", "0:03<b>Ende</b>"])
    expect(lines(page).first.locator("span")).to_have_attribute("lang", "de")
    assert_accessible(page)
    chosen.select_option("What is said")
    expect(lines(page)).to_have_text([SAID])


def test_each_track_is_offered_as_captions(page: Page) -> None:
    labels = "[...document.querySelector('video').textTracks].map((t) => t.label)"
    assert page.evaluate(labels) == ["Captions", "German", "Subtitles"]
    for shown in ("Captions", "German", "Subtitles"):
        page.keyboard.press("c")
        assert page.evaluate(f"{SHOWN}.map((t) => t.label)") == [shown]
    page.keyboard.press("c")
    assert page.evaluate(f"{SHOWN}.length") == 0


def test_a_film_without_speech_has_its_subtitles_as_transcript(
    new_page: NewPage, films: Serving
) -> None:
    page = new_page(over=films, expected_faults=("404",))
    page.goto("/watch/2")
    expect(lines(page)).to_have_text(["0:01Ein Zug fährt ab.", "0:03<b>Ende</b>"])
    expect(page.get_by_role("combobox", name=re.compile("track", re.IGNORECASE))).to_have_count(0)


def test_programs_get_the_tracks_and_their_lines(films: Serving) -> None:
    client = films.client
    tracks = client.get("/videos/1/subtitles").json()
    assert [(track["name"], track["language"], track["file"]) for track in tracks] == [
        ("German", "de", None),
        ("Subtitles", None, "film.srt"),
    ]
    written = client.get(tracks[0]["url"])
    assert written.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "00:00:03.000 --> 00:00:04.000\n&lt;b&gt;Ende&lt;/b&gt;" in written.text
    (line,) = client.get("/videos/1/subtitles/1.json").json()
    assert (line["start_s"], line["text"]) == (0.5, "PLATFORM 9")
    assert client.get("/videos/1/subtitles/2.vtt").status_code == 404
    assert client.get("/videos/9/subtitles").status_code == 404
