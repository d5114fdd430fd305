"""Videos with hundreds of scenes, and words of other alphabets in their transcripts."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from database.opening import open_database
from database.videos.records import Subtitles
from database.videos.stored import Store
from tests.helpers.browser import NewPage
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.long_videos import LINES_PER_HOUR, SCENES_PER_HOUR, long_video
from tests.helpers.records import file, talk, unit_vector

NUM_SCENES = 200
SENTENCE = "İki kişi İstanbul'da drilling (deep)."
GERMAN = Subtitles("German", "de", None, tuple((n, n + 1, f"Zeile {n}") for n in range(900)))
MARKED = """() => [...CSS.highlights.get("transcript")].map(String)"""


@pytest.fixture(scope="module")
def long(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with new_settings(tmp_path_factory.mktemp("long") / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            sentences = [f"Part {number}." for number in range(NUM_SCENES - 1)] + [SENTENCE]
            vectors = [unit_vector(number) for number in range(NUM_SCENES)]
            made = replace(talk("long", sentences, vectors, "tr"), title="long")
            Store(database).save_video(made, file("/library/long.wav"))
            hour = replace(long_video("hour", 1), subtitles=(GERMAN,))
            Store(database).save_video(hour, file("/library/hour.mp4"))
        with serving(settings) as running:
            yield running


@pytest.fixture
def page(new_page: NewPage, long: Serving) -> Page:
    """The page of the video, whose file is not there."""
    page = new_page(over=long, expected_faults=("404",))
    page.goto("/watch/1?t=25")
    return page


def test_some_scenes_of_many_are_shown_from_everywhere_and_all_when_asked_for(page: Page) -> None:
    scenes = page.locator(".scenes a")
    expect(page.get_by_role("heading", name="200 scenes")).to_be_visible()
    expect(scenes).to_have_count(60)
    expect(scenes.first).to_have_accessible_name("Scene 1, 0:00")
    expect(scenes.last).to_have_accessible_name("Scene 197, 32:40")
    expect(page.locator(".scenes [tabindex='0']")).to_have_count(1)
    page.get_by_role("link", name="All 200 scenes").click()
    expect(scenes).to_have_count(NUM_SCENES)
    expect(page).to_have_url(re.compile("t=25"))
    scenes.first.focus()
    for key, name in (("ArrowDown", "Scene 2,"), ("End", "Scene 200,"), ("ArrowUp", "Scene 199,")):
        page.keyboard.press(key)
        expect(page.locator(".scenes a:focus")).to_have_attribute("aria-label", re.compile(name))
    page.keyboard.press("Tab")
    expect(page.locator(".scenes a:focus")).to_have_count(0)


def test_a_search_in_the_transcript_marks_just_what_was_typed(page: Page) -> None:
    search = page.get_by_role("searchbox", name="Search the transcript")
    for typed, marked in (
        ("DRILLING (", "drilling ("), ("istanbul", "İstanbul"), ("kişi İ", "kişi İ"),
    ):  # fmt: skip
        search.fill(typed)
        expect(page.get_by_role("status").filter(has_text="1 line")).to_be_visible()
        assert page.evaluate(MARKED) == [marked]
    search.fill(".*")
    expect(page.get_by_role("status").filter(has_text="No lines")).to_be_visible()


@pytest.fixture
def hour(new_page: NewPage, long: Serving) -> Page:
    """The page of a video of an hour, at its end."""
    page = new_page(over=long, expected_faults=("404",))
    page.goto("/watch/2?t=3590&all=1")
    return page


def test_what_is_said_in_a_long_video_and_its_scenes_come_in_parts(
    hour: Page, new_page: NewPage, long: Serving
) -> None:
    lines, scenes = hour.locator("video-transcript li"), hour.locator(".scenes li")
    expect(lines).to_have_count(LINES_PER_HOUR)
    expect(scenes).to_have_count(SCENES_PER_HOUR)
    for item, words in ((lines.first, "Part 0:"), (lines.last, f"Part {LINES_PER_HOUR - 1}:")):
        expect(item).to_contain_text(words)
    names = scenes.locator("a").evaluate_all("(all) => all.map((one) => one.ariaLabel)")
    assert [name.split(",")[0] for name in names] == [f"Scene {n + 1}" for n in range(750)]
    hour.get_by_role("searchbox", name="Search the transcript").fill("Part 7:")
    expect(hour.get_by_role("status").filter(has_text="1 line")).to_be_visible()
    bare = new_page(over=long, java_script_enabled=False, expected_faults=("404",))
    bare.goto("/watch/2?t=3590&all=1")
    expect(bare.locator("video-transcript li a").last).to_contain_text("Part 1249:")
    seen = set()
    while (earlier := bare.locator("video-transcript").get_by_role("link", name="Earlier")).count():
        seen |= set(bare.locator("video-transcript span").all_text_contents())
        bare.goto(earlier.evaluate("link => link.href"))
    seen |= set(bare.locator("video-transcript span").all_text_contents())
    assert len([text for text in seen if text.startswith("Part ")]) == LINES_PER_HOUR
    bare.goto("/watch/2?t=10&all=1")
    bare.locator(".scenes").get_by_role("link", name="Later").click()
    expect(bare.locator(".scenes a[data-at]").first).to_have_accessible_name("Scene 301, 24:00")


def test_subtitles_of_a_long_video_are_loaded_when_they_are_chosen(hour: Page) -> None:
    expect(hour.locator("video-transcript li")).to_have_count(LINES_PER_HOUR)
    shown = hour.locator("video-transcript li:visible")
    chosen = hour.get_by_role("combobox", name="Track")
    for _ in range(2):
        chosen.select_option("Subtitles: German")
        expect(shown).to_have_count(900)
        expect(shown.last).to_contain_text("Zeile 899")
        chosen.select_option("What is said")
        expect(shown).to_have_count(LINES_PER_HOUR)
