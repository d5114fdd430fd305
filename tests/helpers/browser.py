"""A real browser on the real server: Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.helpers.playing import TAKE_NOTES

_PROGRAMS = ("chromium", "chromium-browser")
"""Not Google's: it plays HEVC, and tests want a browser that does not."""
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 740}
PATIENCE_MS = 30_000
"""For what is to come: a busy machine may take long, and only a fault takes for ever. What has to
be quick, tests measure."""
NewPage = Callable[..., Page]
"""What the fixture `new_page` gives."""


def find_browser() -> str:
    """The Chromium of this machine; tests are skipped where there is none, but fail in CI."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None and "CI" in os.environ:
        pytest.fail("CI has no Chromium: .ci/run should have installed it")
    if program is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for one file of tests: Playwright's loop would be in the way of other tests."""
    program = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """What a page has done that none should."""

    origin: str
    faults: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Listens to a page from its beginning."""
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._note_request)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.faults.append(f"asked another server: {request.url}")


@contextmanager
def watched_page(
    browser: Browser, origin: str, expected_faults: tuple[str, ...] = (), **options: object
) -> Iterator[Page]:
    """A page of a fresh profile; at the end it has to have no console error, no request to another
    server, and no breach of the content security policy (which is a console error). Faults that
    contain one of `expected_faults` are left out."""
    options.setdefault("viewport", WIDE)
    context: BrowserContext = browser.new_context(base_url=origin, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    context.add_init_script(TAKE_NOTES)
    watched = Watched(origin)
    page = context.new_page()
    watched.attach(page)
    try:
        yield page
    finally:
        context.close()
    faults = [f for f in watched.faults if not any(known in f for known in expected_faults)]
    assert not faults, faults
