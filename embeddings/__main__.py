"""python -m embeddings list | pull | check."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from embeddings.cli import AsJson, fail, new_app, read_settings, run
from embeddings.errors import EmbeddingError, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import PROFILES, choose_spaces
from embeddings.settings import EmbeddingSettings
from embeddings.space import Space
from embeddings.weights.hub import (
    HubWeights,
    Weights,
    find_model_folder,
    get_model_folder,
    installed_parts,
    require_present,
)
from embeddings.weights.packages import verified_parts
from embeddings.weights.pull import pull as pull_model

app = new_app("The models of sceneseek.")
_WIDE = 1000
"""Columns where no terminal limits them: a path stays in one piece."""
_NAMES = typer.Argument(help="Spaces, models, profiles, or the model that reranks.")


@app.command("list")
def list_spaces(as_json: AsJson = False) -> None:
    """Every space: slot, what it takes, dimension, model, and where its weights are."""
    encoders = _encoders()
    rows = [
        {
            "space": space.key,
            "slot": space.slot,
            "inputs": [each.value for each in space.inputs],
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
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "not here")


@app.command()
def pull(names: Annotated[list[str], _NAMES]) -> None:
    """Downloads models of the hub: of spaces, or of a profile with its speech model."""
    encoders = _encoders()
    for name, weights in _named(names, encoders).items():
        if not isinstance(weights, HubWeights):
            typer.echo(f"{name}: comes with its pip package")
        elif installed_parts(weights):
            typer.echo(f"{name}: {get_model_folder(weights, encoders.runtime)}, from pip packages")
        else:
            typer.echo(f"{name}: {pull_model(weights, encoders.runtime)}")


@app.command()
def check(names: Annotated[list[str] | None, _NAMES] = None, as_json: AsJson = False) -> None:
    """Verifies weights against the pinned SHA-256: those that are named, or all that are here."""
    encoders = _encoders()
    weights = _named(names, encoders) if names else _here(encoders)
    faults = {each: _fault(each, encoders) for each in dict.fromkeys(weights.values())}
    rows = [
        {"name": name, "status": _status(each, faults[each]), "reason": faults[each]}
        for name, each in weights.items()
    ]
    if as_json:
        typer.echo(json.dumps({"models": rows}))
    else:
        for row in rows:
            typer.echo(f"{row['name']}: {row['status']}")
    if reasons := [reason for reason in faults.values() if reason is not None]:
        fail("; ".join(reasons))


def _encoders() -> Encoders:
    return Encoders(read_settings(EmbeddingSettings).runtime())


def _where(space: Space, encoders: Encoders) -> str | None:
    """A folder, or who brings the weights; None if they are not here."""
    if not encoders.has_weights(space):
        return None
    if isinstance(space.weights, HubWeights):
        folder = find_model_folder(space.weights, encoders.runtime)
        return str(folder) if folder is not None else "pip packages"
    return "pip package"


def _named(names: list[str], encoders: Encoders) -> dict[str, Weights]:
    """The weights that names mean, by space or by task. Raises UnknownSpace."""
    weights: dict[str, Weights] = {}
    for name in names:
        profile = PROFILES.get(name)
        if name == MS_MARCO_MINILM.repo:
            weights["reranking"] = MS_MARCO_MINILM
            continue
        if profile is not None:
            weights[f"speech of {name}"] = profile.speech
        spaces = profile.spaces if profile else choose_spaces([name], encoders.spaces)
        weights |= {space.key: space.weights for space in spaces}
    return weights


def _here(encoders: Encoders) -> dict[str, Weights]:
    """All weights that are on this machine, by space or by task."""
    known = _named([*encoders.spaces, *PROFILES, MS_MARCO_MINILM.repo], encoders)
    return {name: weights for name, weights in known.items() if _is_here(weights, encoders)}


def _is_here(weights: Weights, encoders: Encoders) -> bool:
    try:
        require_present(weights, encoders.runtime)
    except WeightsMissing:
        return False
    return True


def _fault(weights: Weights, encoders: Encoders) -> str | None:
    """Why weights cannot be used; None if they are here, and the pinned ones."""
    try:
        if isinstance(weights, HubWeights):
            get_model_folder(weights, encoders.runtime)
        else:
            verified_parts(weights)
    except EmbeddingError as error:
        return str(error)
    return None


def _status(weights: Weights, fault: str | None) -> str:
    if fault is not None:
        return "failed"
    return "here, but no hash is pinned" if weights.sha256 is None else "as pinned"


if __name__ == "__main__":
    run(app)
