"""A server that films are sent to, shared by a file; nothing ingests them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import serving
from tests.helpers.uploads import make_film


@pytest.fixture(scope="module")
def sent_to(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestSettings]:
    """The settings of the server."""
    with new_settings(tmp_path_factory.mktemp("uploads") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def client(sent_to: IngestSettings) -> Iterator[httpx.Client]:
    with serving(sent_to, API_MAX_UPLOAD_GB="0.5") as running:
        yield running.client


@pytest.fixture
def film(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A film of 3 MB, another one for each test."""
    seed = sum(request.node.name.encode())
    return make_film(tmp_path / "tour.mp4", 3_000_000, seed)
