"""python -m embeddings list | pull | check."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from embeddings.cli import AsJson, fail, new_app, read_settings, run
from embeddings.errors import EmbeddingError, UnknownSpace, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.pins import MS_MARCO_MINILM, RECOGNISERS
from embeddings.registry.spaces import PROFILES, choose_spaces
from embeddings.settings import EmbeddingSettings
from embeddings.space import Space
from embeddings.weights.files import FileWeights, find_file, get_file, pull_file
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
_NAMES = typer.Argument(help="Spaces, models, profiles, scripts, or the model that reranks.")

_Weights = Weights | FileWeights


@app.command("list")
def list_spaces(as_json: AsJson = False) -> None:
    """Every space: slot, what it takes, dimension, model, and where its weights are; and the
    recognisers of further scripts.
    """
    encoders = _encoders()
    scripts = [
        {"script": script, "model": weights.file_name, "weights": _path(weights, encoders)}
        for script, weights in RECOGNISERS.items()
    ]
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
        typer.echo(json.dumps({"spaces": rows, "scripts": scripts}))
        return
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    console.print(_table(rows))
    console.print()
    console.print(_table(scripts))


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    """One row for each; what stands first in them is never broken into lines."""
    first, *others = rows[0]
    table = Table(box=None)
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "not here")


@app.command()
def pull(names: Annotated[list[str], _NAMES]) -> None:
    """Downloads models: of spaces, of a profile with its speech model, or of a script."""
    encoders = _encoders()
    for name, weights in _named(names, encoders).items():
        if isinstance(weights, FileWeights):
            typer.echo(f"{name}: {pull_file(weights, encoders.runtime)}")
        elif not isinstance(weights, HubWeights):
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


def _path(weights: FileWeights, encoders: Encoders) -> str | None:
    path = find_file(weights, encoders.runtime)
    return None if path is None else str(path)


def _named(names: list[str], encoders: Encoders) -> dict[str, _Weights]:
    """The weights that names mean, by space, script or task. Raises UnknownSpace."""
    weights: dict[str, _Weights] = {}
    for name in names:
        if name in RECOGNISERS:
            weights[name] = RECOGNISERS[name]
            continue
        profile = PROFILES.get(name)
        if name == MS_MARCO_MINILM.repo:
            weights["reranking"] = MS_MARCO_MINILM
            continue
        if profile is not None:
            weights[f"speech of {name}"] = profile.speech
        try:
            spaces = profile.spaces if profile else choose_spaces([name], encoders.spaces)
        except UnknownSpace as error:
            raise UnknownSpace(f"{error}; and the scripts {', '.join(RECOGNISERS)}") from None
        weights |= {space.key: space.weights for space in spaces}
    return weights


def _here(encoders: Encoders) -> dict[str, _Weights]:
    """All weights that are on this machine, by space, script or task."""
    known = _named([*encoders.spaces, *PROFILES, *RECOGNISERS, MS_MARCO_MINILM.repo], encoders)
    return {name: weights for name, weights in known.items() if _is_here(weights, encoders)}


def _is_here(weights: _Weights, encoders: Encoders) -> bool:
    if isinstance(weights, FileWeights):
        return find_file(weights, encoders.runtime) is not None
    try:
        require_present(weights, encoders.runtime)
    except WeightsMissing:
        return False
    return True


def _fault(weights: _Weights, encoders: Encoders) -> str | None:
    """Why weights cannot be used; None if they are here, and the pinned ones."""
    try:
        if isinstance(weights, FileWeights):
            get_file(weights, encoders.runtime)
        elif isinstance(weights, HubWeights):
            get_model_folder(weights, encoders.runtime)
        else:
            verified_parts(weights)
    except EmbeddingError as error:
        return str(error)
    return None


def _status(weights: _Weights, fault: str | None) -> str:
    if fault is not None:
        return "failed"
    return "here, but no hash is pinned" if weights.sha256 is None else "as pinned"


if __name__ == "__main__":
    run(app)
