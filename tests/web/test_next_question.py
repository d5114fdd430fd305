"""What a question passes on to the next."""

from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.browser import NewPage
from tests.helpers.http import Serving


def asked(page: Page) -> dict[str, list[str]]:
    """The fields of the address."""
    return parse_qs(urlsplit(page.url).query)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_what_no_control_says_goes_on_to_the_next_question(
    new_page: NewPage, many: Serving, scripts: bool
) -> None:
    fields = {"clock_to": "10:00:30", "min_score": "0.2", "tags": "nosuch"}
    page = new_page(over=many, java_script_enabled=scripts)
    at = "2024-05-17T00:30:00+02:00"
    page.goto(f"/?{urlencode({'q': 'drilling', 'recorded_from': at, **fields})}")
    chips = page.get_by_role("list", name="Filters").get_by_role("link")
    for question in ("granite", "crew"):
        page.get_by_role("searchbox").first.fill(question)
        page.keyboard.press("Enter")
        expect(page).to_have_title(f"{question} · sceneseek")
        expect(chips).to_contain_text(
            ["Recorded from 16 May 2024, 22:30 UTC", "before 10:00:30 UTC", "nosuch", "20 % sure"]
        )
        told = asked(page)
        assert datetime.fromisoformat(*told.pop("recorded_from")) == datetime.fromisoformat(at)
        assert {name: told[name] for name in fields} == {n: [v] for n, v in fields.items()}
    page.locator(".filters summary").click()
    page.get_by_label("from", exact=True).first.fill("")
    page.get_by_text("No weak matches").check()
    page.get_by_role("searchbox").first.press("Enter")
    expect(chips).to_contain_text(["before 10:00:30 UTC", "nosuch", "Without weak matches"])
    assert "recorded_from" not in asked(page)
