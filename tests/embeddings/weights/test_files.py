"""Weights that are one file, pulled from a server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.files import FileWeights, get_file, pull_file, pulled_file
from tests.helpers.hub import sha256
from tests.helpers.one_file import CONTENT, serving


@pytest.fixture
def server() -> Iterator[str]:
    with serving() as url:
        yield url


def weights(server: str, path: str = "/whole/", content: bytes = CONTENT) -> FileWeights:
    return FileWeights("runes", f"{server}{path}runes_rec_mobile.onnx", sha256(content))


@pytest.mark.parametrize("path", ["/whole/", "/moved/"])
def test_a_file_is_pulled_and_found(server: str, path: str, tmp_path: Path) -> None:
    runtime = Runtime(tmp_path)
    pulled = pull_file(weights(server, path), runtime)
    assert pulled.read_bytes() == CONTENT
    assert get_file(weights(server, path), runtime) == pulled
    assert list(pulled.parent.iterdir()) == [pulled]


def test_a_file_that_is_there_is_not_pulled_again(server: str, tmp_path: Path) -> None:
    pulled = pull_file(weights(server), Runtime(tmp_path))
    assert pull_file(weights("http://127.0.0.1:9"), Runtime(tmp_path)) == pulled


def test_other_content_than_the_pinned_is_not_kept(server: str, tmp_path: Path) -> None:
    pinned = weights(server, content=b"other")
    with pytest.raises(WeightsCorrupt, match=sha256(CONTENT)) as raised:
        pull_file(pinned, Runtime(tmp_path))
    assert pinned.sha256 in str(raised.value)
    assert not list(pulled_file(pinned, Runtime(tmp_path)).parent.iterdir())


@pytest.mark.parametrize("path", ["/cut-off/", "/nowhere/"])
def test_a_download_that_fails_says_what_to_do_and_leaves_nothing(
    server: str, path: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsMissing, match="run the command again, or put runes_rec_mobile"):
        pull_file(weights(server, path), Runtime(tmp_path))
    assert not list(pulled_file(weights(server, path), Runtime(tmp_path)).parent.iterdir())


def test_without_a_network_the_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"could not pull runes from 127\.0\.0\.1:9"):
        pull_file(weights("http://127.0.0.1:9"), Runtime(tmp_path))


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="python -m embeddings pull runes"):
        get_file(weights("http://127.0.0.1:9"), Runtime(tmp_path))


def test_a_persons_own_file_is_taken_and_verified(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    runtime = Runtime(tmp_path, model_dir=own)
    pinned = weights("http://127.0.0.1:9")
    (own / pinned.file_name).write_bytes(CONTENT)
    assert get_file(pinned, runtime) == own / pinned.file_name
    (own / pinned.file_name).write_bytes(CONTENT[1:])
    with pytest.raises(WeightsCorrupt, match="not the pinned"):
        get_file(pinned, runtime)
