"""Libraries in a browser; each file of tests has one browser, each worker one server of each."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from embeddings.loaded import Encoders
from tests.helpers.adding import adding_library
from tests.helpers.browser import NewPage, chromium, watched_page
from tests.helpers.crowd import crowd
from tests.helpers.fixtures import Ingested, NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.shelf import Shelf, filled_shelf
from tests.helpers.shrinking import Shrinking, shrinking_library
from tests.helpers.strange import Strange, strange_library


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def sample(ingested: Ingested) -> Iterator[Serving]:
    """A server of the sample library, which no test writes to."""
    with serving(ingested.settings) as running:
        yield running


@pytest.fixture(scope="session")
def sheets(sample: Serving) -> None:
    """The sheets of stills of the sample, made before a page waits for them."""
    while (status := sample.client.get("/videos/1/sprites.vtt").status_code) != 200:
        assert status == 503


@pytest.fixture(scope="session")
def strange(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[Strange]:
    """A server of titles and words of every script, which no test writes to."""
    folder = tmp_path_factory.mktemp("strange")
    with new_settings(folder / "home") as settings, strange_library(settings, encoders) as library:
        yield library


@pytest.fixture(scope="session")
def many(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[Serving]:
    """A server of more hits than come at once, which no test writes to."""
    folder = tmp_path_factory.mktemp("many")
    with new_settings(folder / "home") as settings, crowd(settings, encoders) as server:
        yield server


@pytest.fixture(scope="session")
def shelf(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A server of a library with all that its page shows."""
    folder = tmp_path_factory.mktemp("shelf")
    with new_settings(folder / "home") as settings, filled_shelf(settings) as library:
        yield library


@pytest.fixture(scope="session")
def shrinking(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shrinking]:
    """A server of a library of which not all is there, from which no test takes anything."""
    folder = tmp_path_factory.mktemp("shrinking")
    with new_settings(folder / "home") as settings, shrinking_library(settings, folder) as library:
        yield library


@pytest.fixture(scope="session")
def adding(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A server of jobs in every state, which no test changes."""
    home = tmp_path_factory.mktemp("adding") / "home"
    with new_settings(home) as settings, adding_library(settings) as server:
        yield server


@pytest.fixture
def new_page(browser: Browser, sample: Serving) -> Iterator[NewPage]:
    """`new_page(**options)` is a page over the sample library, or that of the server `over`,
    watched for faults until the test ends; options are those of a browser context, such as
    viewport or color_scheme."""
    with ExitStack() as pages:

        def open_page(over: Serving = sample, **options: object) -> Page:
            origin = str(over.client.base_url).rstrip("/")
            return pages.enter_context(watched_page(browser, origin, **options))  # type: ignore[arg-type]

        yield open_page


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of ordinary width."""
    return new_page()
