"""What is missing, what is forgotten and what is made anew, on the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ingest.settings import IngestSettings
from tests.helpers.browser import NewPage
from tests.helpers.http import Serving, answered
from tests.helpers.shelf import row, titles
from tests.helpers.shrinking import Shrinking, shrinking_library


@pytest.fixture
def sample(shrinking: Shrinking) -> Serving:
    """What pages are over that are not said to be over another library."""
    return shrinking.server


@pytest.fixture
def own(settings: IngestSettings, tmp_path: Path) -> Iterator[Shrinking]:
    """For one test alone."""
    with shrinking_library(settings, tmp_path) as made:
        yield made


def forget(page: Page, title: str) -> None:
    """Forgets the video of a page, by keyboard."""
    page.get_by_text("Make anew, or forget").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Forget this video").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Forget “{title}”").focus()
    page.keyboard.press("Enter")


def test_the_library_tells_what_is_missing_and_narrows_to_it(
    new_page: NewPage, shrinking: Shrinking
) -> None:
    page = new_page()
    page.goto("/library")
    expect(page.locator(".missing")).to_contain_text(
        "3 files are missing, and searches leave out 2 videos"
    )
    expect(row(page, "gone")).to_contain_text(
        re.compile(r"missing since \d+ \w+ 20\d\d: no search")
    )
    expect(row(page, "there")).not_to_contain_text("missing")
    expect(row(page, "nas")).to_contain_text("a nas.mp4 on nas")
    page.get_by_role("link", name="2 videos").click()
    expect(row(page, "there")).to_have_count(0)
    assert sorted(titles(page)) == ["away", "gone"]
    page.get_by_label("Files").select_option("There")
    expect(page.locator(".title")).to_have_text(["nas", "there"])
    assert page.url.endswith("/library?missing=false")
    page.get_by_role("link", name="Files with a fault").click()
    expect(page.get_by_text("No file has a fault")).to_be_visible()
    page.goto("/library/files?missing=true")
    expect(page.get_by_role("row")).to_have_count(1 + 3)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_missing_is_forgotten_after_it_was_told_what_goes(
    new_page: NewPage, own: Shrinking, *, scripts: bool
) -> None:
    page = new_page(own.server, java_script_enabled=scripts)
    page.goto("/library")
    page.get_by_role("link", name="Forget missing").click()
    listed = page.get_by_role("table", name="Files that can be forgotten")
    expect(listed.get_by_role("row")).to_have_count(1 + 2)
    expect(page.locator(".forget")).to_contain_text("removes 1 video that has no other file")
    kept = page.get_by_role("table", name="Missing files that are kept")
    expect(kept).to_contain_text("is empty, as that of a disk that is not mounted")
    page.get_by_role("button", name="Forget 2 missing files").click()
    expect(page.get_by_role("status").filter(has_text="2 files forgotten")).to_have_count(1)
    expect(listed).to_have_count(0)
    expect(kept.get_by_role("row")).to_have_count(1 + 1)
    page.goto("/library")
    assert sorted(titles(page)) == ["away", "nas", "there"]


def test_a_video_whose_file_is_missing_shows_where_it_was_and_no_player(
    new_page: NewPage, shrinking: Shrinking
) -> None:
    for name, said in (
        ("gone", re.compile("has been missing since .* UTC: it was at file://.*a%20gone.mp4")),
        ("nas", re.compile("is on another host, which alone can play it: file://nas/")),
    ):
        page = new_page()
        page.goto(f"/watch/{shrinking.ids[name]}")
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(page.get_by_role("alert")).to_contain_text(said)
        expect(page.locator("video")).to_be_hidden()
        expect(page.get_by_text("Make anew, or forget")).to_be_visible()
        page.keyboard.press("k")
        expect(page.locator("video")).not_to_have_attribute("src", re.compile("."))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_video_is_made_anew_or_forgotten_by_keyboard(
    new_page: NewPage, own: Shrinking, *, scripts: bool
) -> None:
    page = new_page(own.server, java_script_enabled=scripts, expected_faults=("404", "416"))
    address = f"/watch/{own.ids['there']}"
    page.goto(address)
    page.get_by_text("Make anew, or forget").click()
    page.get_by_role("button", name="Make anew at the next ingest").click()
    expect(page.get_by_text("It is to be made anew")).to_be_visible()
    assert answered(own.client.get(f"/videos/{own.ids['there']}"))["again"] is True
    page.goto("/library")
    expect(row(page, "there")).to_contain_text("To be made anew at the next ingest")
    page.goto(address)
    page.get_by_role("button", name="Leave it as it is").click()
    expect(page).to_have_url(re.compile(address))
    expect(page.get_by_text("It is to be made anew")).to_have_count(0)
    assert answered(own.client.get(f"/videos/{own.ids['there']}"))["again"] is False

    forget(page, "there")
    expect(page.get_by_role("heading", name="Forgotten: there")).to_be_visible()
    expect(page.get_by_text("the next ingest of its folder makes it anew")).to_be_visible()
    page.get_by_role("link", name="To the library").click()
    expect(row(page, "away")).to_be_visible()
    assert sorted(titles(page)) == ["away", "gone", "nas"]


def test_a_video_that_is_forgotten_while_it_is_shown_breaks_nothing(
    new_page: NewPage, own: Shrinking
) -> None:
    page = new_page(own.server, expected_faults=("404", "416"))
    page.goto("/?q=train&limit=1")
    shown = page.locator(".hit[data-video]").first
    video_id = shown.get_attribute("data-video")
    library = new_page(own.server, expected_faults=("404",))  # its still may just be asked for
    library.goto("/library")
    assert own.client.delete(f"/videos/{video_id}").status_code == 204
    shown.click()
    expect(page.get_by_text("What belongs to this video could not be loaded")).to_be_visible()
    page.get_by_role("link", name="Open its page").click()
    expect(page.get_by_text(f"there is no video {video_id}")).to_be_visible()
    page.go_back()
    page.goto("/?q=train")
    others = page.locator(".hit[data-video]")
    expect(others).not_to_have_count(0)
    expect(page.locator(f".hit[data-video='{video_id}']")).to_have_count(0)


def test_a_still_that_is_not_on_this_hosts_disk_leaves_a_place_without_a_broken_picture(
    new_page: NewPage, own: Shrinking
) -> None:
    for still in own.settings.keyframes_dir.rglob("*.jpg"):
        still.unlink()
    page = new_page(own.server, expected_faults=("404",))
    page.goto("/library")
    expect(page.locator(".videos img.lost")).to_have_count(4)
    expect(page.locator(".videos img").first).to_be_hidden()
