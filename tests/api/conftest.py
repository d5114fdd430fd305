"""What is served: the library of tests/helpers/drilling.py, shared by a file or of one test alone;
and the embedding service, shared by a file."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from embeddings.loaded import Encoders
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import SPACES
from ingest.settings import IngestSettings
from tests.helpers.drilling import Made, filled
from tests.helpers.fixtures import NewSettings
from tests.helpers.openai import serving_embeddings
from tests.helpers.own_models import declare_stand_in
from tests.helpers.stand_ins import make_cross_encoder
from tests.helpers.tiny_models import tiny_models


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


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small CLIP; a ResNet-50 and a cross-encoder with weights drawn at random."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny-clip").symlink_to(tiny_models() / "tiny-clip")
    declare_stand_in(SPACES["resnet-50"], folder, family="image_features", key="my-resnet")
    make_cross_encoder(folder / MS_MARCO_MINILM.name)
    return folder


@pytest.fixture(scope="module")
def embeddings(models: Path, model_dir: Path) -> Iterator[httpx.Client]:
    """A client of `python -m api.embeddings`, which has the models of `model_dir`, too."""
    with serving_embeddings(models, model_dir) as server:
        yield server.client
