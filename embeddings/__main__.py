"""python -m embeddings list | pull | check."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from embeddings.cli import AsJson, new_app, read_settings, run
from embeddings.loaded import Encoders
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import PROFILES, choose_spaces
from embeddings.settings import EmbeddingSettings
from embeddings.space import Space
from embeddings.weights.hub import HubWeights, find_model_folder, get_model_folder, zip_parts
from embeddings.weights.packages import Weights, verified_parts
from embeddings.weights.pull import pull as pull_model

app = new_app("The models of sceneseek.")
_WIDE = 1000
"""Columns where no terminal limits them: a path stays in one piece."""
Names = Annotated[
    list[str], typer.Argument(help="Spaces, models, profiles, or the model that reranks.")
]


@app.command("list")
def list_spaces(as_json: AsJson = False) -> None:
    """Every space: slot, dimension, model, and where its weights are."""
    encoders = Encoders(read_settings(EmbeddingSettings).runtime())
    rows = [
        {
            "space": space.key,
            "slot": space.slot,
            "dim": space.dim,
            "model": space.model,
            "weights": _where(space, encoders),
        }
        for space in encoders.spaces.values()
    ]
    if as_json:
        typer.echo(json.dumps({"spaces": rows}))
        return
    table = Table(box=None)
    for column in rows[0]:
        table.add_column(column, no_wrap=column == "space")
    for row in rows:
        table.add_row(*(str(value or "not here") for value in row.values()))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@app.command()
def pull(names: Names) -> None:
    """Downloads models of the hub: of spaces, or of a profile with its speech model."""
    encoders = Encoders(read_settings(EmbeddingSettings).runtime())
    weights: dict[str, Weights | HubWeights] = {}
    for name in names:
        if name == MS_MARCO_MINILM.repo:
            weights["reranking"] = MS_MARCO_MINILM
            continue
        profile = PROFILES.get(name)
        if profile is not None:
            weights[f"speech of {name}"] = profile.speech
        spaces = profile.spaces if profile else choose_spaces([name], encoders.spaces)
        weights |= {space.key: space.weights for space in spaces}
    for title, wanted in weights.items():
        if not isinstance(wanted, HubWeights):
            typer.echo(f"{title}: comes with its pip package")
        elif zip_parts(wanted):
            typer.echo(f"{title}: {get_model_folder(wanted, encoders.runtime)}, from pip packages")
        else:
            typer.echo(f"{title}: {pull_model(wanted, encoders.runtime)}")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here.")] = None,
) -> None:
    """Verifies weights against the pinned SHA-256."""
    encoders = Encoders(read_settings(EmbeddingSettings).runtime())
    here = [space for space in encoders.spaces.values() if encoders.has_weights(space)]
    for space in choose_spaces(names, encoders.spaces) if names else here:
        if isinstance(space.weights, HubWeights):
            get_model_folder(space.weights, encoders.runtime)
            known = space.weights.sha256 is not None
        else:
            verified_parts(space.weights)
            known = True
        typer.echo(f"{space.key}: {'as pinned' if known else 'here; no hash is pinned'}")


def _where(space: Space, encoders: Encoders) -> str | None:
    """A folder, or who brings the weights; None if they are not here."""
    if not encoders.has_weights(space):
        return None
    if isinstance(space.weights, HubWeights):
        folder = find_model_folder(space.weights, encoders.runtime)
        return str(folder) if folder is not None else "pip packages"
    return "pip package"


if __name__ == "__main__":
    run(app)
