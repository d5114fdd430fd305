"""tuspy sends films, and goes on with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.settings import IngestSettings
from tests.helpers.clients import Client, Refused, running
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, serving
from tests.helpers.uploads import hash_of, make_film, offset, stored

MB = 1_000_000


@pytest.fixture(scope="module")
def sent_to(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestSettings]:
    with new_settings(tmp_path_factory.mktemp("tus") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def films(sent_to: IngestSettings) -> Iterator[Serving]:
    with serving(sent_to) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def tuspy(films: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("use_tus", films, tmp_path_factory.mktemp("tuspy")) as client:
        yield client


def test_a_film_is_sent_in_parts_and_goes_on_where_it_ended(
    tuspy: Client, films: Serving, sent_to: IngestSettings, tmp_path: Path
) -> None:
    film = make_film(tmp_path / "tour.mp4", 5 * MB)
    url = tuspy("upload", path=str(film), part_bytes=MB, stop_at=2 * MB)
    assert offset(films.client, url) == 2 * MB
    assert tuspy("upload", path=str(film), part_bytes=MB, url=url) == url
    assert hash_of(stored(sent_to)["tour.mp4"]) == hash_of(film)


def test_what_is_no_film_is_an_error(tuspy: Client, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"%PDF-1.7" + bytes(1000))
    with pytest.raises(Refused) as refused:
        tuspy("upload", path=str(tmp_path / "film.mp4"), part_bytes=MB)
    assert (refused.value.kind, refused.value.status) == ("TusUploadFailed", 415)
