"""Weights that are one file at an address: brought by the person, or pulled."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from embeddings.errors import WeightsCorrupt, WeightsMissing
from embeddings.runtime import Runtime
from embeddings.weights.cached import sha256_of, written_whole

_TIMEOUT_S = 10.0
"""Of each step of a download: to connect, and for the next bytes."""


@dataclass(frozen=True)
class FileWeights:
    """A file at an address, whose content is pinned."""

    name: str
    """What `python -m embeddings pull` calls it."""
    url: str
    sha256: str
    """Of the file, in hex."""

    @property
    def file_name(self) -> str:
        """The last part of the address, which holds the version."""
        return PurePosixPath(urlsplit(self.url).path).name


def pulled_file(weights: FileWeights, runtime: Runtime) -> Path:
    """Where a pulled file lies, or would lie."""
    return runtime.cache_dir / "files" / weights.file_name


def find_file(weights: FileWeights, runtime: Runtime) -> Path | None:
    """The file on this machine, unverified: the person's own before the pulled one."""
    folders = [runtime.model_dir] if runtime.model_dir is not None else []
    candidates = [*(folder / weights.file_name for folder in folders)]
    candidates.append(pulled_file(weights, runtime))
    return next((path for path in candidates if path.is_file()), None)


def get_file(weights: FileWeights, runtime: Runtime) -> Path:
    """The verified file. Raises WeightsMissing, WeightsCorrupt."""
    path = find_file(weights, runtime)
    if path is None:
        raise WeightsMissing(
            f"the model {weights.name} is not on this machine: with a network, run "
            f"python -m embeddings pull {weights.name}; without one, put {weights.file_name} "
            "into a folder and name the folder in EMBEDDING_MODEL_DIR",
            weights.name,
        )
    _verify(path, weights, str(path))
    return path


def pull_file(weights: FileWeights, runtime: Runtime) -> Path:
    """The verified file, downloaded unless it is there.

    What breaks off, or is not what was pinned, leaves nothing behind.
    Raises WeightsMissing, WeightsCorrupt.
    """
    path = pulled_file(weights, runtime)
    if path.is_file():
        _verify(path, weights, str(path))
        return path
    with written_whole(path) as partial:
        _download(weights, partial)
        _verify(partial, weights, f"what came from {weights.url}")
    return path


def _verify(path: Path, weights: FileWeights, what: str) -> None:
    """Raises WeightsCorrupt, which calls the file `what`, if it is not the pinned one."""
    digest = sha256_of(path)
    if digest != weights.sha256:
        raise WeightsCorrupt(
            f"{what} has SHA-256 {digest}, not the pinned {weights.sha256}: remove it if it is on "
            f"this machine, and run python -m embeddings pull {weights.name} again"
        )


def _download(weights: FileWeights, target: Path) -> None:
    """Raises WeightsMissing if the server does not give the whole file."""
    import httpx  # commands that pull nothing do without

    try:
        with (
            httpx.stream("GET", weights.url, follow_redirects=True, timeout=_TIMEOUT_S) as answer,
            target.open("wb") as file,
        ):
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                file.write(chunk)
    except httpx.HTTPError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsMissing(
            f"could not pull {weights.name} from {urlsplit(weights.url).netloc} ({reason}): run "
            f"the command again, or put {weights.file_name} into a folder and name the folder in "
            "EMBEDDING_MODEL_DIR"
        ) from error
