"""Pins are complete, and agree with what pip installs."""

import importlib.resources
import tomllib

import yaml

from embeddings.registry import pins
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import PackageWeights
from tests.helpers.commands import ROOT


def test_hashes_and_commits_are_well_formed() -> None:
    hub = [pinned for pinned in vars(pins).values() if isinstance(pinned, HubWeights)]
    assert hub
    for weights in hub:
        assert len(weights.revision) == 40, weights.repo
        assert weights.sha256 is None or len(weights.sha256) == 64, weights.repo


def test_packages_are_those_that_pip_is_told_to_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = {*project["dependencies"], *project["optional-dependencies"]["bundled"]}
    packages = [pinned for pinned in vars(pins).values() if isinstance(pinned, PackageWeights)]
    assert packages
    for weights in packages:
        assert set(weights.revision.split()) <= installed, weights.revision


def test_recognisers_are_those_that_rapidocr_names() -> None:
    named = importlib.resources.files("rapidocr").joinpath("default_models.yaml").read_text()
    models = yaml.safe_load(named)["onnxruntime"]
    hashes = {
        model["model_dir"]: model["SHA256"]
        for version in models.values()
        for model in version.get("rec", {}).values()
    }
    for weights in pins.RECOGNISERS.values():
        assert hashes[weights.url] == weights.sha256, weights.name
