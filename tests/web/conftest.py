"""The page of the sample library in a browser; each file of tests has one of each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from tests.helpers.browser import chromium, find_browser, watched_page
from tests.helpers.fixtures import Ingested
from tests.helpers.http import Serving, serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def sample(ingested: Ingested) -> Iterator[Serving]:
    """A server of the sample library, which no test writes to."""
    find_browser()
    with serving(ingested.settings) as running:
        yield running


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, sample: Serving) -> Iterator[NewPage]:
    """`new_page(**options)` is a page over the sample library, watched for faults until the test
    ends; options are those of a browser context, such as viewport or color_scheme."""
    with ExitStack() as pages:
        origin = str(sample.client.base_url).rstrip("/")
        yield lambda **options: pages.enter_context(watched_page(browser, origin, **options))


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of ordinary width."""
    return new_page()
