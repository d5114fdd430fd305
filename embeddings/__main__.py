"""python -m embeddings list | pull | check."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.errors import DatabaseError
from database.server.connection import open_database
from database.settings import load_settings
from database.spaces.spaces import Spaces
from embeddings.errors import EmbeddingError
from embeddings.loaded import EmbeddingService
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import PROFILES, choose_spaces
from embeddings.space import Space
from embeddings.weights.hub import HubWeights, find_model_folder, get_model_folder, zip_parts
from embeddings.weights.packages import Weights, verified_parts
from embeddings.weights.pull import pull as pull_model

app = typer.Typer(
    help="The models of sceneseek.", no_args_is_help=True, pretty_exceptions_enable=False
)
_WIDE = 1000
"""Columns where no terminal limits them: a path stays in one piece."""
Names = Annotated[
    list[str], typer.Argument(help="Spaces, models, profiles, or the model that reranks.")
]


@app.command("list")
def list_spaces() -> None:
    """Every space: dimension, model, where its weights are, and what the library has of it."""
    settings = load_settings()
    service = EmbeddingService(settings.runtime())
    library = Spaces(open_database(settings))
    stored = library.all()
    table = Table(box=None)
    for column in ("space", "slot", "dim", "model", "weights", "library"):
        table.add_column(column, no_wrap=column == "space")
    for space in service.spaces.values():
        state = "-"
        if space.key in stored:
            coverage = library.coverage(space.key)
            state = f"{stored[space.key].state.value}, {coverage.embedded} of {coverage.wanted}"
        where = _where(space, service)
        table.add_row(space.key, space.slot, str(space.dim), space.model, where, state)
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@app.command()
def pull(names: Names) -> None:
    """Downloads models of the hub: of spaces, or of a profile with its speech model."""
    service = EmbeddingService(load_settings().runtime())
    weights: dict[str, Weights | HubWeights] = {}
    for name in names:
        if name == MS_MARCO_MINILM.repo:
            weights["reranking"] = MS_MARCO_MINILM
            continue
        profile = PROFILES.get(name)
        if profile is not None:
            weights[f"speech of {name}"] = profile.speech
        spaces = profile.spaces if profile else choose_spaces([name], service.spaces)
        weights |= {space.key: space.weights for space in spaces}
    for title, wanted in weights.items():
        if not isinstance(wanted, HubWeights):
            typer.echo(f"{title}: comes with its pip package")
        elif zip_parts(wanted):
            typer.echo(f"{title}: {get_model_folder(wanted, service.runtime)}, from pip packages")
        else:
            typer.echo(f"{title}: {pull_model(wanted, service.runtime)}")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here.")] = None,
) -> None:
    """Verifies weights against the pinned SHA-256."""
    service = EmbeddingService(load_settings().runtime())
    here = [space for space in service.spaces.values() if service.has_weights(space)]
    for space in choose_spaces(names, service.spaces) if names else here:
        if isinstance(space.weights, HubWeights):
            get_model_folder(space.weights, service.runtime)
            known = space.weights.sha256 is not None
        else:
            verified_parts(space.weights)
            known = True
        typer.echo(f"{space.key}: {'as pinned' if known else 'here; no hash is pinned'}")


def _where(space: Space, service: EmbeddingService) -> str:
    if not service.has_weights(space):
        return "not here"
    if isinstance(space.weights, HubWeights):
        folder = find_model_folder(space.weights, service.runtime)
        return str(folder) if folder is not None else "pip packages"
    return "pip package"


def main() -> None:
    """Runs a command; what a person can put right is one sentence on stderr, exit 1."""
    try:
        app()
    except (EmbeddingError, DatabaseError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
