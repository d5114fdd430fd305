"""The library of tests/helpers/drilling.py, served: shared by a file, or of one test alone."""

from collections.abc import Iterator

import pytest

from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.drilling import Made, filled
from tests.helpers.fixtures import NewSettings


@pytest.fixture(scope="module")
def made(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[Made]:
    """Not to be written to."""
    folder = tmp_path_factory.mktemp("made")
    with new_settings(folder / "home") as settings, filled(settings, encoders) as library:
        yield library


@pytest.fixture
def own(settings: IngestSettings, encoders: Encoders) -> Iterator[Made]:
    """The same library for one test alone."""
    with filled(settings, encoders) as library:
        yield library
