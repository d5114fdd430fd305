"""python -m search.image PICTURE [QUERY]: scenes that show what a picture shows."""

from pathlib import Path
from typing import Annotated

import typer

from database.queries.filters import Filters
from search import cli as options
from search.errors import InvalidQuery
from search.query.image import Crop, read_picture
from search.query.query import Shape


def main(
    picture: Annotated[Path, typer.Argument(help="A JPEG, PNG, WebP or BMP.")],
    query: Annotated[str, typer.Argument(help="What the scenes should show besides.")] = "",
    crop: Annotated[
        str | None,
        typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT, each from 0 to 1."),
    ] = None,
    space: options.Space = None,
    video: options.Video = None,
    limit: options.Limit = 10,
    cursor: options.CursorOption = None,
    by_video: options.ByVideo = False,
    fold: options.Fold = False,
    min_score: options.MinScore = 0.0,
    explain: options.Explain = False,
    as_json: options.AsJson = False,
) -> None:
    """Finds scenes that show what a picture shows."""
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise InvalidQuery(f"{picture} cannot be read: {error.strerror}") from None
    image = read_picture(data, Crop.parse(crop) if crop is not None else None)
    engine, _ = options.open_engine()
    answer = engine.search_image(
        image,
        query,
        filters=Filters(video_ids=tuple(video) if video else None),
        spaces=space or None,
        shape=Shape(
            limit, cursor, by_video=by_video, fold=fold, min_score=min_score, explain=explain
        ),
    )
    options.print_answer(answer, as_json=as_json or explain)


if __name__ == "__main__":
    options.run(main)
