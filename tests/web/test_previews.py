"""Stills of a hit's own span, under a pointer and with the focus; none of them loads a video."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.helpers.browser import PHONE, NewPage

ADDRESS = "/?q=drilling"


def asked_for(page: Page) -> list[str]:
    """The addresses that the page asks for, as they come."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def never_answered(route: Route) -> None:
    """Leaves a request waiting."""


def stop_the_clock(page: Page) -> None:
    """Lets no timer run out on the page but by `page.clock.run_for`."""
    page.clock.install(time=0)
    page.clock.pause_at(1)


def move_over_still(page: Page, part: float, hit: int = 0) -> None:
    """Moves the pointer to `part`, from 0 to 1, of the width of a hit's still."""
    still = page.locator(".hit > img").nth(hit).bounding_box()
    assert still is not None
    page.mouse.move(still["x"] + still["width"] * part, still["y"] + still["height"] * 0.8)


@pytest.mark.usefixtures("sheets")
def test_a_pointer_over_a_still_goes_through_the_hits_own_span(page: Page) -> None:
    addresses = asked_for(page)
    page.goto(ADDRESS)
    hit = page.locator(".hit").first
    start_s, end_s = (float(hit.get_attribute(f"data-{at}") or "nan") for at in ("start", "end"))
    move_over_still(page, 0.01)
    stills = hit.locator(".scrub")
    expect(stills).to_be_visible()
    expect(stills.locator("time")).to_have_text(f"0:{int(start_s + 0.1):02d}")
    move_over_still(page, 0.99)
    expect(stills.locator("time")).to_have_text(re.compile(f"0:0?{int(end_s - 0.1)}"))
    move_over_still(page, 0.5, hit=1)
    expect(page.locator(".hit").nth(1).locator(".scrub")).to_be_visible()
    expect(page.locator(".scrub")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(page.locator(".scrub")).to_have_count(0)
    of_stills = [address for address in addresses if "/sprites" in address]
    assert len(of_stills) == len(set(of_stills)) == 2, "the index and a sheet, each once"
    assert not [address for address in addresses if "/stream" in address]
    expect(page.locator("video[src]")).to_have_count(0)


def test_who_only_passes_over_asks_for_nothing_and_who_leaves_gives_up(page: Page) -> None:
    stop_the_clock(page)
    addresses = asked_for(page)
    page.goto(ADDRESS)
    move_over_still(page, 0.5)
    page.clock.run_for(100)
    page.mouse.move(5, 5)
    page.clock.run_for(1000)
    assert not [address for address in addresses if "/sprites" in address]

    page.route("**/sprites.vtt", never_answered)
    move_over_still(page, 0.5)
    with page.expect_event("requestfailed", lambda request: "sprites" in request.url):
        with page.expect_request("**/sprites.vtt"):
            page.clock.run_for(200)
        page.mouse.move(5, 5)
    expect(page.locator(".scrub")).to_have_count(0)


def test_the_still_stays_where_no_others_can_be_had(new_page: NewPage) -> None:
    page = new_page(expected_faults=("503",))
    page.route("**/sprites.vtt", lambda route: route.fulfill(status=503))
    page.goto(ADDRESS)
    with page.expect_response("**/sprites.vtt"):
        move_over_still(page, 0.5)
    move_over_still(page, 0.6)
    expect(page.locator(".hit > img").first).to_be_visible()
    expect(page.locator(".scrub")).to_have_count(0)


@pytest.mark.usefixtures("sheets")
def test_the_focus_steps_through_a_few_stills_and_ends(page: Page) -> None:
    stop_the_clock(page)
    page.goto(ADDRESS)
    page.keyboard.press("Tab")
    hit = page.locator(".hit").first
    expect(hit).to_have_accessible_name(re.compile("The crew is drilling"))  # 0:01.0 to 0:04.7
    hit.focus()
    page.clock.run_for(200)
    start_s, end_s = (float(hit.get_attribute(f"data-{at}") or "nan") for at in ("start", "end"))
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        second = int(start_s + part * (end_s - start_s))
        expect(hit.locator(".scrub time")).to_have_text(f"0:0{second}")
        page.clock.run_for(900)
    expect(page.locator(".scrub")).to_have_count(0)


def test_nothing_moves_by_itself_for_who_wants_no_motion(new_page: NewPage) -> None:
    page = new_page(reduced_motion="reduce")
    stop_the_clock(page)
    addresses = asked_for(page)
    page.goto(ADDRESS)
    page.keyboard.press("Tab")
    page.locator(".hit").first.focus()
    page.clock.run_for(3000)
    expect(page.locator(".scrub")).to_have_count(0)
    assert not [address for address in addresses if "/sprites" in address]


def test_a_tap_on_a_phone_plays_and_shows_no_stills(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    addresses = asked_for(page)
    page.goto(ADDRESS)
    page.locator(".hit > img").first.tap()
    expect(page.locator("moment-player video[src]")).to_be_visible()
    expect(page.locator(".scrub")).to_have_count(0)
    assert not [address for address in addresses if "/sprites" in address]
