"""Hits marked as right or wrong: kept, bending the search, and taken back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from database.judgements import Judgements
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.browser import NewPage
from tests.helpers.drilling import QUERY, Made, filled
from tests.helpers.holding import Held

HIT = ".hit[data-video]"


@pytest.fixture
def made(settings: IngestSettings, encoders: Encoders) -> Iterator[Made]:
    with filled(settings, encoders) as library:
        yield library


@pytest.fixture
def made_page(made: Made, new_page: NewPage) -> Page:
    """A page over a library that may be written to, whose stills and files are not there."""
    return new_page(over=made, expected_faults=("404",))


def judged(made: Made) -> list[tuple[str, bool]]:
    return [(each.query, each.relevant) for each in Judgements(made.database).all()]


def test_a_wrong_hit_goes_and_undo_brings_it_back(made: Made, made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    before = page.url
    hit = page.locator(HIT).nth(1)
    scene = hit.get_attribute("data-scene")
    place = "{title}, 0:{start:02.0f}".format(
        title=hit.locator("b").text_content(), start=float(hit.get_attribute("data-start") or 0)
    )
    hit.hover()
    page.get_by_role("button", name="Wrong").click()
    expect(page.locator(".notice")).to_contain_text(f"Marked as wrong: {place}.")
    expect(page.locator(f"#s{scene}")).to_have_count(0)
    assert page.url.endswith(f"unlike={scene}")
    assert judged(made) == [(QUERY, False)]
    chip = page.get_by_role("list", name="Marked as right or wrong").get_by_role("link")
    expect(chip).to_contain_text("Wrong: ")
    title = place.partition(",")[0]
    expect(chip).to_have_accessible_name(re.compile(f"^Take back: wrong, {title}, "))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#s{scene}")).to_be_focused()
    assert page.url == before
    assert judged(made) == []


def test_keys_mark_hits_and_chips_take_marks_back(made: Made, made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    first, second = (page.locator(HIT).nth(n).get_attribute("data-scene") for n in (0, 1))
    page.keyboard.press("-")
    expect(page.locator(".notice")).to_contain_text("move to one with Tab")
    page.locator(HIT).first.focus()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Marked as right")
    expect(page.locator(HIT).first).to_be_focused()
    page.locator(f"#s{second}").focus()
    page.keyboard.press("-")
    expect(page.locator(".notice")).to_contain_text("Marked as wrong")
    assert page.url.endswith(f"?q={QUERY}&like={first}&unlike={second}")
    assert sorted(judged(made)) == [(QUERY, False), (QUERY, True)]
    chips = page.get_by_role("list", name="Marked as right or wrong").get_by_role("link")
    expect(chips).to_have_count(2)
    page.keyboard.press("u")
    expect(chips).to_have_count(1)
    expect(page.locator(f"#s{second}")).to_be_focused()
    assert judged(made) == [(QUERY, True)]
    page.keyboard.press("-")
    expect(chips).to_have_count(2)
    expect(page.locator(".notice")).to_contain_text("Marked as wrong")
    with page.expect_response("**/search/feedback?**"):
        chips.first.click()
    expect(chips).to_have_count(1)
    assert page.url.endswith(f"?q={QUERY}&unlike={second}")
    assert judged(made) == [(QUERY, False)]


def test_undo_of_a_second_mark_restores_the_first(made: Made, made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    scene = page.locator(HIT).first.get_attribute("data-scene")
    page.locator(HIT).first.focus()
    held: list[Route] = []
    page.route("**/?q=*unlike=*", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request("**/?q=*unlike=*"):
        page.keyboard.press("-")
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Marked as right")
    assert page.url.endswith(f"?q={QUERY}&like={scene}")
    assert judged(made) == [(QUERY, True)]
    page.unroute("**/?q=*unlike=*")
    page.get_by_role("button", name="Undo").click()
    chips = page.get_by_role("list", name="Marked as right or wrong").get_by_role("link")
    expect(chips).to_have_attribute("data-forget", scene or "")
    expect(page).to_have_url(re.compile(f"unlike={scene}$"))
    assert judged(made) == [(QUERY, False)]


def test_a_mark_is_of_the_question_that_its_hit_answers(made: Made, made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    hit = page.locator(HIT).first
    scene = hit.get_attribute("data-scene")
    Held(page, "**/?q=granite")
    with page.expect_request("**/?q=granite"):
        page.get_by_role("searchbox").first.fill("granite")
        page.keyboard.press("Enter")
    hit.focus()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Marked as right")
    assert page.url.endswith(f"?q={QUERY}&like={scene}")
    assert judged(made) == [(QUERY, True)]


def test_a_mark_is_taken_back_from_the_question_that_it_was_made_for(
    made: Made, made_page: Page
) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    page.locator(HIT).first.focus()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Marked as right")
    Held(page, "**/?q=granite*")
    with page.expect_request("**/?q=granite*"):
        page.get_by_role("searchbox").first.fill("granite")
        page.keyboard.press("Enter")
    with page.expect_response("**/search/feedback?**"):
        page.locator("[data-forget]").first.click()
    assert judged(made) == []


def test_undo_does_not_lead_away_from_what_is_asked_meanwhile(made: Made, made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    page.locator(HIT).first.focus()
    page.keyboard.press("-")
    expect(page.locator(".notice")).to_contain_text("Marked as wrong")
    judgement = Held(page, "**/search/feedback?**")
    with page.expect_request("**/search/feedback?**"):
        page.keyboard.press("u")
    page.get_by_role("searchbox").first.fill("granite")
    page.keyboard.press("Enter")
    expect(page).to_have_title("granite · sceneseek")
    with page.expect_response("**/search/feedback?**"):
        judgement.release()
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # for what should not come
    assert page.url.endswith("?q=granite")
    assert judged(made) == []


def test_who_types_while_a_mark_is_being_kept_goes_on_typing(made_page: Page) -> None:
    page = made_page
    page.goto(f"/?q={QUERY}")
    judgement = Held(page, "**/search/feedback?**")
    page.locator(HIT).first.focus()
    page.keyboard.press("+")
    expect(page.get_by_role("list", name="Marked as right or wrong")).to_be_visible()
    page.keyboard.press("/")
    judgement.release()
    expect(page.locator(".notice")).to_contain_text("Marked as right")
    expect(page.get_by_role("searchbox").first).to_be_focused()


def test_a_mark_that_cannot_be_kept_is_told_and_only_words_can_be_bent(
    made: Made, made_page: Page, new_page: NewPage
) -> None:
    page = new_page(over=made, expected_faults=("404", "503", "ERR_FAILED"))
    page.route("**/search/feedback?**", lambda route: route.abort())
    page.goto(f"/?q={QUERY}")
    page.locator(HIT).first.focus()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("the mark is not kept")
    page.get_by_role("list", name="Marked as right or wrong").get_by_role("link").click()
    expect(page.locator(".notice")).to_contain_text("still kept: the server cannot be reached")
    assert "like=" in page.url
    page = made_page
    page.goto("/?similar=1&by=words")
    page.locator(HIT).first.focus()
    page.keyboard.press("+")
    expect(page.locator(".notice")).to_contain_text("Only hits of a search in words")
    assert judged(made) == []
