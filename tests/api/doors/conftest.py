"""A server that needs keys, shared by a file."""

from collections.abc import Iterator

import pytest

from embeddings.loaded import Encoders
from tests.helpers.fixtures import NewSettings
from tests.helpers.guarded import Guarded, guarded_library


@pytest.fixture(scope="module")
def guarded(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    with new_settings(folder / "home") as settings, guarded_library(settings, encoders) as library:
        yield library
