"""python -m search.similar SCENE: scenes that are like a scene."""

from typing import Annotated

import typer

from search import cli as options
from search.query.query import Shape
from search.retrieval.spaces import Likeness


def main(
    scene: options.Scene,
    by: Annotated[
        Likeness | None,
        typer.Option(help="Like it in look, action or words; by default in look, if it has one."),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Compare in this space (python -m embeddings list).")
    ] = None,
    limit: options.Limit = 10,
    cursor: options.CursorOption = None,
    by_video: options.ByVideo = False,
    fold: options.Fold = False,
    min_score: options.MinScore = 0.0,
    explain: options.Explain = False,
    as_json: options.AsJson = False,
) -> None:
    """Finds scenes that are like a scene."""
    engine, _ = options.open_engine()
    shape = Shape(limit, cursor, by_video=by_video, fold=fold, min_score=min_score, explain=explain)
    answer = engine.similar(scene, by=by, space=space, shape=shape)
    options.print_answer(answer, as_json=as_json or explain)


if __name__ == "__main__":
    options.run(main)
