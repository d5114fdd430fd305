"""What stands beside the videos on the page of the library: models, and files with a fault."""

import re

from playwright.sync_api import expect

from tests.helpers.browser import NewPage
from tests.helpers.shelf import CUT_OFF, Shelf
from tests.helpers.strange import ARABIC


def test_spaces_are_shown_with_coverage_and_the_command_that_completes_them(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    page.get_by_role("link", name="Models").click()
    vision, text = (
        page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=key))
        for key in ("imagenet-concepts", "minilm-l6")
    )
    expect(vision).to_contain_text("1 of 2 moments (stills)")
    expect(vision.get_by_role("progressbar", name="imagenet-concepts")).to_have_attribute(
        "value", "1"
    )
    expect(vision).to_contain_text("python -m ingest.backfill --spaces imagenet-concepts")
    expect(text).to_contain_text("searched")
    expect(text).to_contain_text("What is said and written")
    expect(text).to_contain_text("104 of 104 moments")
    expect(text).to_contain_text("all-MiniLM-L6-v2")
    expect(text).not_to_contain_text("python -m")


def test_what_was_not_read_as_a_whole_stands_under_its_reason(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    page.get_by_role("link", name="Files with a fault 9 failed or partial").click()
    empty = page.locator(".refusal").filter(has_text="the file is empty")
    expect(empty.get_by_role("heading")).to_have_text("failed: the file is empty 7 files")
    expect(empty.get_by_role("row")).to_have_count(1 + 5)
    expect(empty).not_to_contain_text("--retry")
    large = page.locator(".refusal").filter(has_text="MB of memory")
    expect(large).to_contain_text("python -m ingest --retry /films/large.mkv")
    states = ["failed", "failed", "partial", "skipped"]
    expect(page.locator(".refusal .state")).to_have_text(states)
    expect(page.locator(".outcomes li")).to_have_text(
        [
            re.compile("^8 files unreadable: what to do stands with"),
            re.compile("^1 file read in part, searchable so far: what brings"),
            re.compile("^120 files skipped as no recordings"),
        ]
    )
    expect(empty).to_contain_text("Put the recording in its place")
    cut = page.locator(".refusal").filter(has_text=CUT_OFF)
    expect(cut).to_contain_text("Copy it again")
    expect(cut.get_by_role("link", name="/films/cut.mp4")).to_have_attribute(
        "href", f"/watch/{shelf.ids[ARABIC]}"
    )
    notes = page.locator(".refusal").filter(has_text="no recording: … lines")
    notes.get_by_role("link", name="All 120 files").click()
    rows = page.get_by_role("row")
    expect(rows).to_have_count(1 + 100)
    expect(rows.nth(1)).to_contain_text("no recording: 119 lines")
    page.get_by_role("link", name="More files").click()
    expect(rows).to_have_count(1 + 20)
    page.get_by_role("link", name="All reasons").click()
    empty.get_by_role("link", name="All 7 files").click()
    expect(rows).to_have_count(1 + 7)
