"""What the pages let in: nothing from media, nothing from elsewhere, and few bytes."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.helpers.browser import NewPage
from tests.helpers.http import Serving, assert_problem
from tests.helpers.strange import HOSTILE, Strange

PAGES = (
    "/",
    "/?q=drilling",
    "/?q=drilling&then=coffee",
    "/watch/1",
    "/library",
    "/library/jobs",
    "/library/spaces",
    "/library/files",
)
ERRORS = ("/?q=drilling&limit=-1", "/watch/99999", "/watch/x", "/nowhere")
MAX_BYTES = 150_000
"""Of a page and all that it loads, as they are sent, before stills and films."""
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", PAGES + ERRORS)
def test_every_page_says_what_may_run_on_it(sample: Serving, path: str) -> None:
    answer = sample.client.get(path, headers=BROWSER)
    assert (answer.status_code == 200) == (path in PAGES)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(
        r"<script(?! type=\"module\" src=)| style=| on\w+=|javascript:", answer.text
    )


def test_programs_get_problems_and_browsers_pages(sample: Serving) -> None:
    assert_problem(sample.client.get("/nowhere"), 404)
    assert_problem(sample.client.get("/videos/99999", headers=BROWSER), 404)
    page = sample.client.get("/nowhere", headers=BROWSER)
    assert page.status_code == 404
    assert "there is nothing at this address" in page.text
    assert "Back to the search" in page.text


def test_static_files_are_kept_for_ever_and_are_not_found_elsewhere(sample: Serving) -> None:
    for name in re.findall(r"/static/[^\"]+", sample.client.get("/").text):
        kept = sample.client.get(name)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.headers["x-content-type-options"] == "nosniff"
    folder = name.rpartition("/")[0]
    for other in ("nothing.js", "../rendering.py", "..%2frendering.py", "%00", ""):
        assert_problem(sample.client.get(f"{folder}/{other}"), 404)
    assert_problem(sample.client.get("/static/000000000000/main.js"), 404)


@pytest.mark.parametrize("path", ["/", "/?q=drilling", "/watch/1", "/library", "/library/jobs"])
def test_a_page_is_small(page: Page, path: str) -> None:
    loaded: set[Response] = set()

    def note(response: Response) -> None:
        if "/static/" in response.url or response.request.resource_type == "document":
            loaded.add(response)

    page.on("response", note)
    page.goto(path, wait_until="networkidle")
    sizes = {each.url: each.request.sizes()["responseBodySize"] for each in [*loaded]}
    assert 10_000 < sum(sizes.values()) <= MAX_BYTES, sizes


def test_the_browser_runs_nothing_that_is_written_into_a_page(new_page: NewPage) -> None:
    page = new_page(expected_faults=("Content Security Policy",))
    page.goto("/")
    ran = page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", "<p id=p onclick='ran = 1' style='width:7px'>");
      const script = document.createElement("script");
      script.textContent = "ran = 2";
      document.body.append(script);
      p.click();
      return [typeof ran, p.offsetWidth];
    }""")
    assert ran[0] == "undefined"
    assert ran[1] != 7


def test_nothing_from_media_becomes_html(new_page: NewPage, strange: Strange) -> None:
    page = new_page(over=strange.server)
    title = " ".join(HOSTILE.split())
    number = strange.ids[HOSTILE]
    page.goto("/?q=drilling")
    hit = page.locator(f".hit[data-video='{number}']").first
    expect(hit).to_contain_text(title)
    expect(hit).to_contain_text("</textarea>")
    hit.click()
    expect(page.locator("moment-player").get_by_role("heading").first).to_have_text(title)
    for path in ("/", f"/watch/{number}?t=1&q={title}", "/library", f"/?q={title}&tags={title}"):
        page.goto(path)
        assert page.locator("[id=owned], i").count() == 0
        assert page.evaluate("typeof owned") == "undefined"
        assert page.locator("script:not([src])").count() == 0
    page.goto(f"/watch/{number}")
    expect(page.locator("moment-player").get_by_role("heading").first).to_have_text(title)
    assert title[:20] in page.title()
