"""What axe-core finds on a page."""

import json
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_ALL = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
}


def assert_accessible(page: Page) -> None:
    """Asserts that there is nothing against WCAG 2.2 AA, in the light theme and in the dark."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # colours change at once
    assert not _violations(page, _ALL)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert not _violations(page, _COLOURS)


def _violations(page: Page, options: dict[str, Any]) -> list[str]:
    """One line for each element."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {json.dumps(node['target'])}"
        for rule in found
        for node in rule["nodes"]
    ]
