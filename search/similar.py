"""python -m search.similar SCENE: scenes that are like a scene."""

from typing import Annotated

import typer

from database.queries.filters import Filters
from embeddings.cli import AsJson
from search import cli
from search.exports.command import ExportTo
from search.query.query import Shape
from search.retrieval.spaces import Likeness


def main(
    *,
    scene: cli.Scene,
    by: Annotated[
        Likeness | None,
        typer.Option(
            help="Like it in look, action, words or description; by default in look, if it has one."
        ),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Compare in this space (python -m embeddings list).")
    ] = None,
    filters: Filters,
    shape: Shape,
    to: ExportTo,
    as_json: AsJson = False,
) -> None:
    """Finds scenes that are like a scene."""
    engine, database = cli.open_engine()
    answer = engine.similar(scene, by=by, space=space, filters=filters, shape=shape)
    cli.print_answer(answer, database, to, as_json=as_json)


if __name__ == "__main__":
    cli.run(main)
