"""The keys of the player, as on YouTube."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.helpers.commands import ROOT
from tests.helpers.playing import current_time, paused_at, playing_at

FRAME_S = 1 / 25


@pytest.fixture
def watching(page: Page) -> Page:
    """The film, paused at 0:20."""
    page.goto("/watch/1?t=20")
    paused_at(page, 20)
    return page


def press(page: Page, key: str, at_s: float) -> None:
    """Presses a key, after which the paused video stands at `at_s`."""
    page.keyboard.press(key)
    page.wait_for_function(
        "at => { const { video } = document.querySelector('moment-player');"
        " return !video.seeking && Math.abs(video.currentTime - at) < 0.02; }",
        arg=at_s,
    )


def test_keys_seek_and_step(watching: Page) -> None:
    press(watching, "l", 30)
    press(watching, "j", 20)
    press(watching, "ArrowRight", 25)
    press(watching, "ArrowLeft", 20)
    press(watching, "L", 30)
    press(watching, "5", 21)
    press(watching, "0", 0)
    press(watching, "j", 0)
    press(watching, "9", 37.8)
    for key, step in ((".", 1), (".", 2), (",", 1)):
        before = round(37.8 / FRAME_S) * FRAME_S
        press(watching, key, before + step * FRAME_S)


def test_keys_play_and_change_what_is_heard_and_seen(watching: Page) -> None:
    says = watching.locator("moment-player .toast")
    watching.keyboard.press("k")
    playing_at(watching, 20)
    watching.keyboard.press("Space")
    paused_at(watching, 20, within=5)
    watching.keyboard.press(">")
    expect(says.first).to_have_text("Speed 1.25")
    watching.keyboard.press("<")
    watching.keyboard.press("<")
    expect(says.first).to_have_text("Speed 0.75")
    watching.keyboard.press("m")
    expect(says.first).to_have_text("Sound off")
    assert watching.evaluate("document.querySelector('video').muted")
    watching.keyboard.press("c")
    expect(says.first).to_have_text("Captions on")
    watching.wait_for_function(
        "() => document.querySelector('video').textTracks[0].cues?.length === 5"
    )
    watching.keyboard.press("c")
    expect(says.first).to_have_text("Captions off")
    watching.keyboard.press("f")
    watching.wait_for_function("() => document.fullscreenElement?.localName === 'video'")
    watching.keyboard.press("f")
    watching.wait_for_function("() => document.fullscreenElement === null")
    watching.evaluate(
        "() => { HTMLVideoElement.prototype.requestFullscreen = () => Promise.reject(Error()); }"
    )
    watching.keyboard.press("f")
    expect(says.first).to_have_text("Full screen is not possible here")


def test_speeds_of_others_lead_back_to_those_of_the_keys(watching: Page) -> None:
    says = watching.locator("moment-player .toast").first
    watching.evaluate("() => { document.querySelector('video').playbackRate = 3; }")
    watching.keyboard.press(">")
    expect(says).to_have_text("Speed 3")
    watching.keyboard.press("<")
    expect(says).to_have_text("Speed 2")
    watching.evaluate("() => { document.querySelector('video').playbackRate = 1.1; }")
    watching.keyboard.press("<")
    expect(says).to_have_text("Speed 1")


def test_keys_that_come_before_the_video_change_nothing(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/stream", hold)
    with page.expect_request("**/stream"):
        page.goto("/watch/1?t=20", wait_until="domcontentloaded")
    expect(page.locator("moment-player:defined")).to_be_visible()
    for key in ("l", "ArrowLeft", "5", "."):
        page.keyboard.press(key)
    page.unroute("**/stream")
    for route in waiting:
        with suppress(Error):  # the page has given up the address with which it came
            route.continue_()
    paused_at(page, 20, within=0.3)


def test_keys_do_nothing_in_fields_and_with_modifiers(watching: Page) -> None:
    watching.get_by_role("searchbox", name="Search the transcript").focus()
    watching.keyboard.type("k l5m")
    expect(watching.get_by_role("searchbox", name="Search the transcript")).to_have_value("k l5m")
    watching.locator("h1").click()
    for key in ("Control+k", "Alt+l", "Meta+5", "Control+m"):
        watching.keyboard.press(key)
    assert current_time(watching) == pytest.approx(20, abs=0.01)
    assert watching.evaluate("document.querySelector('video').paused")
    assert not watching.evaluate("document.querySelector('video').muted")


def test_the_video_that_has_the_focus_does_nothing_twice(watching: Page) -> None:
    watching.evaluate(
        """() => {
          window.plays = 0;
          document.querySelector("video").addEventListener("play", () => { window.plays += 1; });
        }"""
    )
    watching.locator("video").focus()
    watching.keyboard.press("Space")
    playing_at(watching, 20)
    watching.keyboard.press("k")
    paused_at(watching, 20, within=5)
    assert watching.evaluate("window.plays") == 1
    button = watching.get_by_role("button", name="Loop")
    button.focus()
    watching.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_dialog_lists_every_key_and_gives_the_focus_back(watching: Page) -> None:
    line = watching.locator("video-transcript a").first
    line.focus()
    watching.keyboard.press("?")
    dialog = watching.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    for key in (
        "Space",
        "K",
        "J",
        "L",
        "←",
        "→",
        ",",
        ".",
        "<",
        ">",
        "0–9",
        "M",
        "F",
        "C",
        "/",
        "?",
    ):
        expect(dialog.locator("kbd").get_by_text(key, exact=True)).to_be_visible()
    watching.keyboard.press("l")
    assert current_time(watching) == pytest.approx(20, abs=0.01)
    watching.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(line).to_be_focused()


def test_keys_of_the_hits_are_listed_where_hits_are(page: Page) -> None:
    page.goto("/?q=drilling")
    page.locator(".hit").first.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    for name in ("Play the hit", "Next hit", "Previous hit", "Close the player"):
        expect(dialog.get_by_text(name)).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".hit").first).to_be_focused()


def test_the_keys_of_the_documentation_are_those_that_the_dialog_lists(page: Page) -> None:
    page.goto("/?q=drilling")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys").locator("kbd")
    expect(keys.get_by_text("K", exact=True)).to_be_visible()
    listed = {key for text in keys.all_text_contents() for key in text.split("–")}
    table = (ROOT / "docs" / "page.md").read_text().partition("| key |")[2].partition("\n\n")[0]
    cells = " ".join(row.split("|")[1] for row in table.splitlines()[2:])
    told = re.findall("`(.)`|([A-Z][a-z]+|[←→])", cells)
    assert {letter or name for letter, name in told} == listed
