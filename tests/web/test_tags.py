"""Tags on the page of the library: shown, followed, edited in place."""

from playwright.sync_api import expect

from database.tags import Tags
from tests.helpers.browser import NewPage
from tests.helpers.holding import Held
from tests.helpers.shelf import Shelf, row
from tests.helpers.strange import ARABIC


def test_tags_are_added_and_removed_in_place_by_keyboard(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library?q=talk+7.m4a")
    talk_7 = row(page, "talk 7")
    add = talk_7.get_by_role("button", name="Add tags: talk 7")
    add.focus()
    page.keyboard.press("Enter")
    field = talk_7.get_by_role("combobox", name="Add a tag to talk 7")
    expect(field).to_be_focused()
    page.keyboard.type("  drill   site ")
    page.keyboard.press("Enter")
    page.keyboard.type(ARABIC)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=f"Added {ARABIC}")).to_have_count(1)
    expect(talk_7.get_by_role("listitem")).to_have_count(2)
    expect(field).to_be_focused()
    talk_7.get_by_role("button", name=f"Remove {ARABIC}").click()
    expect(talk_7.get_by_role("listitem")).to_have_count(1)
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(talk_7.get_by_role("button", name="Edit tags: talk 7")).to_be_focused()

    page.goto("/library?tags=drill+site")
    expect(page.locator(".title")).to_have_text(["talk 7"])
    talk_7.get_by_role("button", name="Edit tags").click()
    page.keyboard.press("Backspace")
    expect(talk_7.get_by_role("listitem")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("none has all of this")).to_be_visible()


def test_tags_that_are_not_saved_are_told_in_words_and_nothing_is_lost(
    new_page: NewPage, shelf: Shelf
) -> None:
    Tags(shelf.database).put(shelf.ids["talk 8"], [f"tag {number}" for number in range(16)])
    page = new_page(shelf.server, expected_faults=("422", "502"))
    page.goto("/library?q=talk+8.m4a")
    talk_8 = row(page, "talk 8")
    talk_8.get_by_role("button", name="Edit tags").click()
    page.keyboard.type("one more")
    page.keyboard.press("Enter")
    expect(talk_8.get_by_role("alert")).to_contain_text("not saved: tags: ")
    expect(talk_8.get_by_role("combobox")).to_have_value("one more")
    expect(talk_8.get_by_role("listitem")).to_have_count(16)
    page.route("**/tags", lambda route: route.fulfill(status=502, body="<html>Bad gateway"))
    talk_8.get_by_role("combobox").press("Enter")
    expect(talk_8.get_by_role("alert")).to_have_text(
        "The tags were not saved: the server answered 502"
    )


def test_tags_that_are_being_saved_are_not_lost_with_the_list_that_showed_them(
    new_page: NewPage, shelf: Shelf
) -> None:
    page = new_page(shelf.server)
    page.goto("/library?q=talk+6.m4a")
    talk_6 = row(page, "talk 6")
    saving = Held(page, "**/tags")
    talk_6.get_by_role("button", name="Add tags").click()
    page.keyboard.type("early")
    with page.expect_request("**/tags"):
        page.keyboard.press("Enter")
    page.get_by_label("Order").select_option("Longest first")
    expect(talk_6.get_by_role("button", name="Add tags")).to_be_visible()
    talk_6.get_by_role("button", name="Add tags").click()
    page.keyboard.type("late")
    page.keyboard.press("Enter")
    saving.release()
    expect(talk_6.get_by_role("listitem")).to_contain_text(["early", "late"])
    page.reload()
    expect(talk_6.get_by_role("listitem")).to_have_text(["early", "late"])


def test_a_click_on_a_tag_shows_the_videos_that_have_it(new_page: NewPage, shelf: Shelf) -> None:
    page = new_page(shelf.server)
    page.goto("/library")
    row(page, "crew").get_by_role("link", name="night shift").click()
    expect(page.locator(".title")).to_have_text(["crew"])
    expect(page.get_by_role("combobox", name="Tag", exact=True)).to_have_value("night shift")
    assert page.url.endswith("/library?tags=night+shift")
    page.go_back()
    expect(page.locator(".videos > li")).to_have_count(48)
