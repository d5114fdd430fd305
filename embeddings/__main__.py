"""python -m embeddings list | pull | check."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.errors import InvalidSettings
from database.settings import load_settings
from embeddings.errors import EmbeddingError, UnknownSpace, WeightsMissing
from embeddings.hub import HubWeights, find_model_folder, get_model_folder
from embeddings.pull import pull as pull_model
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.spaces import SPACES
from embeddings.weights import verified_parts

app = typer.Typer(
    help="The models of sceneseek.", no_args_is_help=True, pretty_exceptions_enable=False
)
_WIDE = 1000
"""Columns where no terminal limits them: a path stays in one piece."""
Names = Annotated[list[str], typer.Argument(help="Spaces, or names of models.")]


@app.command("list")
def list_spaces() -> None:
    """Every space: its dimension, its model, and where the weights are."""
    runtime = load_settings().runtime()
    table = Table(box=None)
    for column in ("space", "kind", "dim", "model", "weights"):
        table.add_column(column, no_wrap=column == "space")
    for space in SPACES.values():
        kind = f"{space.modality.value}, {space.input.value}"
        table.add_row(space.key, kind, str(space.dim), space.model, _where(space, runtime))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@app.command()
def pull(names: Names) -> None:
    """Downloads models of the hub."""
    runtime = load_settings().runtime()
    for space in _chosen(names):
        if isinstance(space.weights, HubWeights):
            typer.echo(f"{space.key}: {pull_model(space.weights, runtime)}")
        else:
            typer.echo(f"{space.key}: comes with its pip package")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here.")] = None,
) -> None:
    """Verifies weights against the pinned SHA-256."""
    runtime = load_settings().runtime()
    for space in _chosen(names) if names else SPACES.values():
        if not names and not _is_here(space, runtime):
            continue
        if isinstance(space.weights, HubWeights):
            get_model_folder(space.weights, runtime)
            known = space.weights.sha256 is not None
        else:
            verified_parts(space.weights)
            known = True
        typer.echo(f"{space.key}: {'as pinned' if known else 'here; no hash is pinned'}")


def _chosen(names: list[str]) -> list[Space]:
    """Spaces by key or by model. Raises UnknownSpace."""
    chosen = []
    for name in names:
        found = [space for space in SPACES.values() if name in (space.key, _repo(space))]
        if not found:
            raise UnknownSpace(f"no space or model {name!r}; there are: {', '.join(SPACES)}")
        chosen += found
    return chosen


def _repo(space: Space) -> str | None:
    return space.weights.repo if isinstance(space.weights, HubWeights) else None


def _where(space: Space, runtime: Runtime) -> str:
    if isinstance(space.weights, HubWeights):
        folder = find_model_folder(space.weights, runtime)
        return str(folder) if folder else "not here"
    return "pip package" if _is_here(space, runtime) else "package not installed"


def _is_here(space: Space, runtime: Runtime) -> bool:
    if isinstance(space.weights, HubWeights):
        return find_model_folder(space.weights, runtime) is not None
    try:
        space.weights.paths()
    except WeightsMissing:
        return False
    return True


def main() -> None:
    """Runs a command; what a person can put right is one sentence on stderr, exit 1."""
    try:
        app()
    except (EmbeddingError, InvalidSettings) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
