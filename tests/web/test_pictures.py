"""Searching with a picture: dropped on the page, pasted, chosen, or a part of one."""

import base64
import re

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.helpers.browser import NewPage
from tests.helpers.http import Serving, answered
from tests.helpers.pictures import encoded

COFFEE_S = 7
HAND_OVER = """([data, name, type, kind]) => {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const init = { bubbles: true, cancelable: true };
  if (kind === "paste") {
    document.body.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: transfer }));
  } else {
    for (const name of kind.split(" ")) {
      document.body.dispatchEvent(new DragEvent(name, { ...init, dataTransfer: transfer }));
    }
  }
}"""
SHOWS_COFFEE = """() => {
  const { readyState, seeking, currentTime } = document.querySelector("video");
  return readyState >= 2 && !seeking && currentTime >= 9;
}"""
FIRST = ".hit >> nth=0"


def hand_over(page: Page, kind: str, data: bytes, name: str, media_type: str) -> None:
    """Drops or pastes a file, as the events of a browser have it."""
    page.evaluate(HAND_OVER, [base64.b64encode(data).decode(), name, media_type, kind])


@pytest.fixture(scope="module")
def coffee(sample: Serving) -> bytes:
    """The still of the coffee cup."""
    scenes = answered(sample.client.get("/videos/1"))["scenes"]
    (url,) = {s["keyframes"][0]["url"] for s in scenes if round(s["start_s"]) == COFFEE_S}
    return sample.client.get(url).content


def expect_coffee_first(page: Page) -> None:
    expect(page.locator(FIRST)).to_have_attribute("data-start", "7.0")
    expect(page.get_by_role("heading", level=1)).to_contain_text("your picture")
    expect(page.locator(".query-picture img")).to_be_visible()


def test_a_picture_dropped_anywhere_is_searched_with_and_its_address_works_again(
    page: Page, coffee: bytes
) -> None:
    page.goto("/?q=drilling")
    hand_over(page, "dragenter dragover", coffee, "cup.jpg", "image/jpeg")
    expect(page.get_by_text("Drop a picture to search with it")).to_be_visible()
    hand_over(page, "drop", coffee, "cup.jpg", "image/jpeg")
    expect_coffee_first(page)
    expect(page.get_by_text("Drop a picture to search with it")).to_be_hidden()
    address = page.url
    assert "?image=" in address
    assert "q=" not in address, "the words of the search before are not meant"
    page.reload()
    expect_coffee_first(page)
    page.go_back()
    expect(page.locator(FIRST)).to_contain_text("drilling")
    expect(page.locator(".query-picture")).to_be_hidden()
    page.go_forward()
    expect_coffee_first(page)


def test_words_refine_a_pasted_picture_until_it_is_taken_away(page: Page, coffee: bytes) -> None:
    page.goto("/")
    box = page.get_by_role("searchbox")
    box.fill("drilling")
    page.locator("body").click(position={"x": 600, "y": 600})
    hand_over(page, "paste", coffee, "image.png", "image/png")
    expect(page.locator(".query-picture")).to_be_visible()
    expect(box).to_have_value("drilling")
    assert "image=" in page.url
    assert "q=drilling" in page.url
    box.fill("a rocket")
    box.press("Enter")
    expect(page.locator("#answer:not([aria-busy])")).to_be_visible()
    assert "image=" in page.url
    assert "q=a+rocket" in page.url
    page.get_by_role("link", name="Search without the picture").click()
    expect(page.locator(FIRST)).to_have_attribute("data-start", "34.0")
    assert "image=" not in page.url
    expect(box).to_be_focused()


def test_a_picture_is_chosen_by_a_button(page: Page, coffee: bytes) -> None:
    page.goto("/watch/1?t=3")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search with a picture").press("Enter")
    cup: FilePayload = {"name": "cup.jpg", "mimeType": "image/jpeg", "buffer": coffee}
    chooser.value.set_files(files=[cup])
    expect_coffee_first(page)


def test_what_cannot_be_searched_with_is_told_in_place(new_page: NewPage) -> None:
    page = new_page(expected_faults=("422", "502"))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto("/?q=drilling")
    notice = page.locator(".notice")
    for data, name, media_type, says in (
        (b"Some words.", "notes.txt", "text/plain", "notes.txt is no picture"),
        (bytes(16 * 2**20 + 1), "large.png", "image/png", "has 17 MiB"),
    ):
        hand_over(page, "drop", data, name, media_type)
        expect(notice).to_contain_text(says)
    assert not [url for url in sent if "/search/pictures" in url], "said before the bytes are sent"
    hand_over(page, "drop", encoded("GIF"), "moving.gif", "image/gif")
    expect(notice).to_contain_text("moving.gif cannot be searched with: this is no picture")
    hand_over(page, "drop", b"not heic either", "IMG_1.HEIC", "")
    expect(notice).to_contain_text("send JPEG, PNG, WEBP, BMP")
    page.route("**/search/pictures", lambda route: route.fulfill(status=502, body="<html>Bad"))
    hand_over(page, "drop", encoded("PNG"), "still.png", "image/png")
    expect(notice).to_contain_text("still.png cannot be searched with: the server answered 502")
    expect(page.locator(FIRST)).to_contain_text("drilling")
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_be_empty()


def test_words_asked_while_a_picture_is_still_being_sent_are_what_counts(
    page: Page, coffee: bytes
) -> None:
    page.goto("/?q=a+rocket")
    held: list[Route] = []
    page.route("**/search/pictures", lambda route: held.append(route))  # noqa: PLW0108
    hand_over(page, "drop", coffee, "cup.jpg", "image/jpeg")
    expect(page.locator(".notice")).to_contain_text("Sending the picture")
    box = page.get_by_role("searchbox")
    with page.expect_event("requestfailed", lambda request: "pictures" in request.url):
        box.fill("drilling")
        box.press("Enter")
    expect(page.locator(FIRST)).to_contain_text("drilling")
    expect(page.locator(".notice")).to_be_empty()
    assert page.url.endswith("/?q=drilling")


def test_a_picture_stays_part_of_the_question_while_its_answer_is_on_the_way(
    page: Page, coffee: bytes
) -> None:
    page.goto("/")
    hand_over(page, "drop", coffee, "cup.jpg", "image/jpeg")
    expect_coffee_first(page)
    key = page.url.partition("image=")[2]
    page.get_by_role("searchbox").fill("a rocket")
    page.get_by_role("link", name="Search without the picture").click()
    expect(page).to_have_url(re.compile("/$"))
    held: list[Route] = []
    page.route("**/?image=*", lambda route: held.append(route))  # noqa: PLW0108
    page.go_back(wait_until="commit")
    expect(page.locator(".query-picture img")).to_be_visible()
    page.get_by_role("searchbox").fill("a cup")
    page.unroute("**/?image=*")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?q=a+cup&image={key}")
    expect_coffee_first(page)


def test_a_picture_that_is_no_longer_kept_says_so_and_the_next_search_goes_on_without(
    new_page: NewPage,
) -> None:
    page = new_page(expected_faults=("404",))
    answer = page.goto(f"/?image={'0' * 32}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("alert")).to_contain_text("choose, drop or paste it again")
    expect(page.locator(".query-picture")).to_be_hidden()
    page.get_by_role("searchbox").fill("drilling")
    page.keyboard.press("Enter")
    expect(page.locator(FIRST)).to_contain_text("drilling")


def test_a_box_drawn_on_a_still_is_searched_with(page: Page) -> None:
    page.goto("/?q=a+cup+of+coffee")
    hit = page.locator(".hit[data-start='7.0']")
    hit.hover()
    page.get_by_role("button", name="Search a part of it").click()
    dialog = page.get_by_role("dialog", name="Search with a part of this picture")
    expect(dialog).to_be_visible()
    stage = dialog.locator(".stage").bounding_box()
    assert stage
    left, top, width, height = (stage[side] for side in ("x", "y", "width", "height"))
    page.mouse.move(left + 0.25 * width, top + 0.1 * height)
    page.mouse.down()
    page.mouse.move(left + 0.85 * width, top + 0.9 * height, steps=4)
    page.mouse.up()
    expect(dialog.get_by_role("status")).to_contain_text("60 % wide, 80 % high")
    dialog.get_by_role("button", name="Search with this part").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect_coffee_first(page)
    page.go_back()
    expect(hit).to_be_focused()


def test_the_box_on_a_still_is_moved_and_resized_by_keys(page: Page) -> None:
    page.goto("/?q=a+cup+of+coffee")
    hit = page.locator(".hit[data-start='7.0']")
    page.get_by_role("searchbox").focus()
    while not hit.evaluate("hit => hit === document.activeElement"):
        page.keyboard.press("Tab")
    tool = page.get_by_role("button", name="Search a part of it")
    while not tool.evaluate("tool => tool === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("The part to search with")).to_be_focused()
    place = dialog.get_by_role("status")
    expect(place).to_contain_text("25 % from the left, 25 % from the top, 50 % wide, 50 % high")
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(place).to_contain_text("23 % from the left, 25 % from the top, 52 % wide, 52 % high")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(tool).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("The part to search with")).to_be_focused()
    dialog.evaluate("dialog => dialog.dispatchEvent(new Event('close'))")  # the one before, late
    page.keyboard.press("Enter")
    expect_coffee_first(page)


def test_the_paused_frame_of_the_player_is_searched_with(page: Page) -> None:
    page.goto("/?q=drilling")
    page.locator(FIRST).click()
    player = page.get_by_role("region", name="Player")
    expect(player.get_by_role("button", name="Search a part of it")).to_be_visible()
    page.evaluate("document.querySelector('video').currentTime = 9")
    page.wait_for_function(SHOWS_COFFEE)
    player.get_by_role("button", name="Search a part of it").click()
    assert page.evaluate("document.querySelector('video').paused")
    page.get_by_role("button", name="Search with this part").click()
    expect_coffee_first(page)
    whole = page.url
    page.get_by_role("button", name="Search with a part of it").click()
    page.get_by_role("button", name="Search with this part").click()
    expect(page).not_to_have_url(whole)
    expect_coffee_first(page)
    page.goto("/watch/1?t=9")
    page.wait_for_function(SHOWS_COFFEE)
    expect(player.get_by_role("button", name="Right")).to_be_hidden()
    player.get_by_role("button", name="Search a part of it").click()
    page.get_by_role("button", name="Search with this part").click()
    expect_coffee_first(page)
