"""Hits that people choose on the page and take along: as files for editors, and as clips."""

import contextlib
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import opentimelineio as otio
import pycmx
import pytest
from playwright.sync_api import Browser, Download, Locator, Page, Route, expect

from database.models import MomentKind
from database.opening import open_database
from database.spaces.spaces import Spaces
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from database.videos.streams import PictureStream, SoundStream, Streams
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.axe import assert_accessible
from tests.helpers.browser import NewPage, watched_page
from tests.helpers.drilling import QUERY
from tests.helpers.fixtures import NewSettings
from tests.helpers.holding import Held
from tests.helpers.http import Serving, serving
from tests.helpers.marked_films import Recipe, frames_of, write_marked
from tests.helpers.own_clocks import put_row
from tests.helpers.playing import playing_at
from tests.helpers.records import TEXT, VISION, Vector, near, video

FPS = 25
RECIPE = Recipe(seconds=8.0, iframe_every=50)
TIDE, REEF = NAMES = ("tide", "reef")
"""The frame rate of the second one varies, as its row has it."""
PICTURE = PictureStream("h264", None, (FPS, 1), 0.0, *RECIPE.size)
STREAMS = Streams(
    "mov,mp4,m4a,3gp,3g2,mj2",
    PICTURE,
    (SoundStream("aac", None, None, None, 2),),
    None,
)
VARYING = replace(STREAMS, picture=replace(PICTURE, rate=None))
SCENE_S = 2.0
NUM_HITS = len(NAMES) * round(RECIPE.seconds / SCENE_S)


@pytest.fixture(scope="module")
def films(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[Serving]:
    """A server of two films that say the number of every frame, and that speak of drilling."""
    direction = encoders.encode_query(SPACES[TEXT], QUERY)
    with new_settings(tmp_path_factory.mktemp("exports") / "home") as settings:
        with contextlib.closing(open_database(settings)) as database:
            for number, name in enumerate(NAMES):
                path = write_marked(settings.home / f"{name}.mp4", RECIPE)
                row = _row(name, direction, 100 * number)
                Store(database).save_video(row, put_row(settings, path, row))
            null = {"mean": 0.0, "std": 0.2}
            for space in (TEXT, VISION):
                kept = {**null, "alike": null, "count": 257}
                Spaces(database).save_null_statistics(space, kept)
        with serving(settings) as running:
            yield running


def _row(name: str, direction: Vector, seed: int) -> VideoRecord:
    num_scenes = round(RECIPE.seconds / SCENE_S)
    spans = tuple((SCENE_S * n, SCENE_S * (n + 1)) for n in range(num_scenes))
    moments = tuple(
        MomentRecord(
            number,
            MomentKind.SPEECH,
            start_s + 0.4,
            end_s - 0.4,
            f"Drilling, part {number} of {name}.",
            "en",
            vectors={TEXT: near(direction, seed + number)},
        )
        for number, (start_s, end_s) in enumerate(spans)
    )
    return replace(
        video(name),
        scenes=spans,
        moments=moments,
        duration_s=RECIPE.seconds,
        streams=STREAMS if name == TIDE else VARYING,
    )


@pytest.fixture
def page(browser: Browser, films: Serving) -> Iterator[Page]:
    """A page over the two films, whose scenes have no stills."""
    with watched_page(browser, origin_of(films), expected_faults=("404", "503")) as page:
        yield page


def origin_of(server: Serving) -> str:
    return str(server.client.base_url).rstrip("/")


def hits_of(page: Page) -> Locator:
    return page.locator(".hit[data-video]")


def boxes_of(page: Page) -> Locator:
    return page.get_by_role("checkbox", name=re.compile("^Select "))


def bar_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Taking hits along")


def button_of(page: Page, name: str) -> Locator:
    return bar_of(page).get_by_role("button", name=name)


def expect_selected(page: Page, number: int) -> None:
    """Waits until the page says that so many are selected."""
    words = f"{number} selected" if number else ""
    expect(bar_of(page).get_by_role("status")).to_have_text(words)


def span_of(hit: Locator) -> tuple[float, float]:
    """What a hit plays, in seconds."""
    start_s, end_s = (float(hit.get_attribute(f"data-{name}") or 0) for name in ("start", "end"))
    return start_s, end_s


def test_hits_are_selected_one_by_one_in_ranges_and_all(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    boxes = boxes_of(page)
    expect(boxes).to_have_count(NUM_HITS)
    first = hits_of(page).first
    title = first.locator("b").text_content()
    expect(boxes.first).to_have_accessible_name(f"Select {title}, 0:{span_of(first)[0]:02.0f}")
    expect(button_of(page, "Clear")).to_be_hidden()
    boxes.nth(1).click()
    expect_selected(page, 1)
    boxes.nth(4).click(modifiers=["Shift"])
    expect_selected(page, 4)
    boxes.nth(2).click()
    expect_selected(page, 3)
    boxes.nth(0).click(modifiers=["Shift"])
    expect_selected(page, 5)
    boxes.nth(2).uncheck()
    boxes.nth(4).click(modifiers=["Shift"])
    expect_selected(page, 2)
    button_of(page, "Select all loaded").click()
    expect_selected(page, NUM_HITS)
    button_of(page, "Clear").click()
    expect_selected(page, 0)
    expect(button_of(page, "Select all loaded")).to_be_focused()
    assert not any(box.is_checked() for box in boxes.all())
    expect(page.locator("moment-player")).to_be_hidden()


def test_a_key_selects_the_hit_that_has_the_focus_plays_or_is_pointed_at(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    page.keyboard.press("x")
    expect(page.locator(".notice")).to_contain_text("move to one with Tab, then press X")
    hits_of(page).nth(2).focus()
    page.keyboard.press("x")
    expect(boxes_of(page).nth(2)).to_be_checked()
    boxes_of(page).nth(2).focus()
    page.keyboard.press("X")
    expect(boxes_of(page).nth(2)).not_to_be_checked()
    page.keyboard.press("Space")
    expect(boxes_of(page).nth(2)).to_be_checked()
    hits_of(page).nth(3).click()
    page.locator("h1.unseen").evaluate("heading => document.activeElement.blur()")
    page.keyboard.press("x")
    expect(boxes_of(page).nth(3)).to_be_checked()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Select the hit")).to_be_visible()


def test_a_selection_is_collected_over_searches_and_stays_after_a_reload(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    boxes_of(page).nth(3).check()
    chosen = hits_of(page).nth(3).get_attribute("id")
    page.get_by_role("searchbox").first.fill(f"{QUERY} reef")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("reef"))
    expect(page.locator("#answer:not([aria-busy])")).to_be_visible()
    expect_selected(page, 1)
    page.locator(f"#hits li:has(> :not(#{chosen}).hit) .pick").first.check()
    expect_selected(page, 2)
    page.go_back()
    expect_selected(page, 2)
    page.reload()
    expect_selected(page, 2)
    expect(page.locator(f"li:has(> #{chosen}) .pick")).to_be_checked()
    page.goto("/?q=drilling&tags=nothing")  # where no hits are, they can still be taken along
    expect_selected(page, 2)
    expect(button_of(page, "Select all loaded")).to_be_hidden()
    other = page.context.new_page()
    other.goto(f"/?q={QUERY}")
    expect_selected(other, 0)


def test_what_each_hit_of_several_searches_was_found_by_stands_in_the_file(page: Page) -> None:
    for query, name in ((QUERY, TIDE), (f"{QUERY} reef", REEF)):
        page.goto(f"/?q={query}")
        pick(page, name, "0:02")
    with export(page, "CSV").path().open(encoding="utf-8-sig", newline="") as file:
        assert [row["query"] for row in csv.DictReader(file)] == [QUERY, f"{QUERY} reef"]


def test_a_hit_chosen_while_another_answer_is_awaited_keeps_its_own_question(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    Held(page, "**/?q=granite*")
    page.get_by_role("searchbox").first.fill("granite")
    with page.expect_request("**/?q=granite*"):
        page.keyboard.press("Enter")
    boxes_of(page).first.check()
    title = open_dialog(page).get_by_role("textbox", name="Title")
    expect(title).to_have_attribute("placeholder", QUERY)


def test_hits_that_come_later_can_be_selected_too(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many, expected_faults=("404",))
    page.goto(f"/?q={QUERY}&limit=20")
    boxes_of(page).first.check()
    expect(boxes_of(page)).to_have_count(20)
    hits_of(page).last.scroll_into_view_if_needed()
    expect(boxes_of(page).nth(20)).to_be_attached()
    expect_selected(page, 1)
    button_of(page, "Select all loaded").click()
    expect(bar_of(page).get_by_role("status")).to_have_text(f"{hits_of(page).count()} selected")


def open_dialog(page: Page) -> Locator:
    """The dialog "Export"."""
    button_of(page, "Export …").click()
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog).to_be_visible()
    return dialog


def export(page: Page, format_name: str, **fields: str) -> Download:
    """The file that the dialog saves."""
    dialog = open_dialog(page)
    dialog.get_by_role("radio", name=re.compile(f"^{format_name}")).check()
    for label, value in fields.items():
        dialog.get_by_label(re.compile(f"^{label}")).fill(value)
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="Export").click()
    return saved.value


def pick(page: Page, name: str, start: str) -> tuple[float, float]:
    """Selects a hit; what it plays, in seconds."""
    box = page.get_by_role("checkbox", name=f"Select {name}, {start}")
    box.check()
    return span_of(page.locator("li", has=box).locator(".hit"))


def test_an_edl_has_the_frames_of_the_selected_hits_in_the_order_chosen(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    chosen = [pick(page, TIDE, start) for start in ("0:04", "0:00", "0:06")]
    file = export(page, "EDL", Title="Rough cut")
    assert file.suggested_filename == "Rough cut.edl"
    with file.path().open() as text:
        cut_list = pycmx.parse_cmx3600(text)
    assert cut_list.title == "Rough cut"
    edits = [edit for event in cut_list.events for edit in event.edits if edit.channels.video]
    frames = [(frame_of(each.source_in), frame_of(each.source_out)) for each in edits]
    assert frames == [(round(start_s * FPS), round(end_s * FPS)) for start_s, end_s in chosen]
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".notice")).to_contain_text("Saved: Rough cut.edl")
    expect(button_of(page, "Export …")).to_be_focused()


def frame_of(timecode: str) -> int:
    """The frame of a timecode of the films."""
    hours, minutes, seconds, frame = map(int, timecode.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * FPS + frame


def test_without_a_selection_all_loaded_hits_are_exported(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    told = f"Nothing is selected: all hits that are loaded, {NUM_HITS} of {NUM_HITS}."
    expect(open_dialog(page)).to_contain_text(told)
    page.keyboard.press("Escape")
    expect(button_of(page, "Export …")).to_be_focused()
    file = export(page, "CSV")
    assert file.suggested_filename == f"{QUERY}.csv"
    assert len(file.path().read_text().splitlines()) == 1 + NUM_HITS


FORMATS = {
    "EDL": "edl",
    "OTIO": "otio",
    "FCP XML": "xml",
    "Resolve markers": "edl",
    "SRT": "srt",
    "VTT": "vtt",
    "CSV": "csv",
    "JSON": "json",
}


def test_each_format_is_saved_and_more_than_the_hit_where_handles_are_wanted(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    start_s, end_s = pick(page, TIDE, "0:02")
    for name, suffix in FORMATS.items():
        file = export(page, name, **{"Seconds more": "0.4"})
        assert file.suggested_filename == f"{QUERY}.{suffix}"
        expect(page.get_by_role("dialog")).to_have_count(0)
        if name == "OTIO":
            timeline = otio.adapters.read_from_string(file.path().read_text())
            (clip,) = timeline.video_tracks()[0].find_clips()
            first, length = clip.source_range.start_time, clip.source_range.duration
            assert first.to_seconds() % 3600 == pytest.approx(start_s - 0.4)
            assert length.to_seconds() == pytest.approx(end_s - start_s + 0.8)


def test_what_the_server_notes_of_a_file_is_shown(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    pick(page, REEF, "0:02")
    export(page, "EDL")
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog.get_by_role("status")).to_have_text(f"Saved: {QUERY}.edl")
    expect(dialog.get_by_role("list", name="Notes")).to_contain_text("the frame rate varies")
    assert_accessible(page)
    dialog.get_by_role("button", name="Close").click()
    expect(button_of(page, "Export …")).to_be_focused()


def test_a_zip_has_a_clip_of_each_selected_hit(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    chosen = [pick(page, TIDE, "0:02"), pick(page, TIDE, "0:04")]
    file = export(page, "Clips", **{"Seconds more": "0.2"})
    with zipfile.ZipFile(file.path()) as clips:
        assert len(clips.namelist()) == len(chosen)
        for name, (start_s, end_s) in zip(clips.namelist(), chosen, strict=True):
            numbers = [number for _, number in frames_of(io.BytesIO(clips.read(name)))]
            wanted = [round((start_s - 0.2) * FPS), round((end_s + 0.2) * FPS) - 1]
            assert [numbers[0], numbers[-1]] == pytest.approx(wanted, abs=1)


def test_what_cannot_be_exported_is_told_in_words(new_page: NewPage, many: Serving) -> None:
    page = new_page(over=many, expected_faults=("404", "422", "503"))
    page.goto(f"/?q={QUERY}&limit=100")
    dialog = open_dialog(page)
    button, alarm = dialog.get_by_role("button", name="Export"), dialog.get_by_role("alert")
    dialog.get_by_label("Seconds more").fill("60")
    button.click()
    expect(alarm).to_contain_text("choose fewer")
    dialog.get_by_label("Seconds more").fill("0")
    page.keyboard.press("Escape")
    boxes_of(page).first.check()
    open_dialog(page)
    expect(alarm).to_be_hidden()
    button.click()
    expect(alarm).to_contain_text("was moved, changed or removed")
    busy: dict[str, Any] = {"status": 503, "detail": "two films are being made: try again in 5 s"}
    page.route("**/exports", lambda route: route.fulfill(status=503, json=busy))
    button.click()
    expect(alarm).to_have_text(busy["detail"])
    page.unroute("**/exports")
    dialog.get_by_role("radio", name="CSV").check()
    with page.expect_download():
        button.click()


def test_a_zip_that_takes_long_can_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route("**/exports", lambda route: held.append(route))  # noqa: PLW0108
    page.goto(f"/?q={QUERY}")
    dialog = open_dialog(page)
    with page.expect_request("**/exports"):
        dialog.get_by_role("button", name="Export").click()
    expect(dialog.get_by_role("status")).to_contain_text("may take long")
    expect(dialog.get_by_role("button", name="Export")).to_be_disabled()
    with page.expect_event("requestfailed"):
        dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(open_dialog(page).get_by_role("status")).to_be_hidden()
    expect(dialog.get_by_role("button", name="Export")).to_be_enabled()


def clip_of(page: Page, way: str) -> Download:
    """The clip of the moment that plays."""
    page.locator(".clip summary").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name=way).click()
    return saved.value


def test_the_moment_that_plays_is_saved_as_a_clip(page: Page) -> None:
    page.goto(f"/?q={QUERY}")
    hit = hits_of(page).filter(has_text="part 2 of tide")
    start_s, end_s = span_of(hit)
    hit.click()
    playing_at(page, start_s)
    page.locator(".clip summary").click()
    expect(page.locator(".clip .span")).to_have_text(f"0:0{start_s:.1f} to 0:0{end_s:.1f}")
    page.keyboard.press("Escape")
    file = clip_of(page, "Exact")
    assert re.fullmatch(r"tide .*\.mp4", file.suggested_filename)
    numbers = [number for _, number in frames_of(str(file.path()))]
    wanted = [round(start_s * FPS), round(end_s * FPS) - 1]
    assert [numbers[0], numbers[-1]] == pytest.approx(wanted, abs=1)
    expect(page.locator(".notice")).to_contain_text(f"Saved: {file.suggested_filename}")
    expect(page.locator(".clip summary")).to_be_focused()
    hits_of(page).filter(has_text="part 1 of tide").click()
    playing_at(page, 2.4)
    first = frames_of(str(clip_of(page, "Fast copy").path()))[0][1]
    assert 50 <= first < 60  # an I-frame before
    expect(page.locator(".notice")).to_contain_text(f"begins {(60 - first) / FPS:.1f} s earlier")


def test_a_page_of_a_moment_has_its_clip_also_without_scripts(
    new_page: NewPage, films: Serving
) -> None:
    for has_scripts in (True, False):
        page = new_page(over=films, expected_faults=("404",), java_script_enabled=has_scripts)
        page.goto("/watch/1?t=1.2&end=3")
        numbers = [number for _, number in frames_of(str(clip_of(page, "Exact").path()))]
        assert [numbers[0], numbers[-1]] == pytest.approx([30, 74], abs=1)
        page.goto("/watch/1?t=1.2")  # which has no end
        expect(page.locator(".clip")).to_be_hidden()


def test_a_clip_that_cannot_be_had_is_told_and_can_be_tried_again(page: Page) -> None:
    busy = {"status": 503, "detail": "two films are being made: try again in 5 s"}
    page.route("**/clip.mp4?*", lambda route: route.fulfill(status=503, json=busy))
    page.goto("/watch/1?t=1.2&end=3")
    page.locator(".clip summary").click()
    page.get_by_role("link", name="Exact").click()
    expect(page.locator(".notice")).to_contain_text("There is no clip: two films are being made")
    page.unroute("**/clip.mp4?*")
    with page.expect_download():
        page.get_by_role("button", name="Try again").click()
