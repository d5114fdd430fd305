"""python -m search.image PICTURE [QUERY]: scenes that show what a picture shows."""

from pathlib import Path
from typing import Annotated

import typer

from database.queries.filters import Filters
from embeddings.cli import AsJson
from search import cli
from search.errors import InvalidQuery
from search.exports.command import ExportTo
from search.query.image import Crop, read_query_picture
from search.query.query import Shape


def main(
    *,
    picture: Annotated[Path, typer.Argument(help="A JPEG, PNG, WebP or BMP.")],
    query: Annotated[str, typer.Argument(help="What the scenes should show besides.")] = "",
    crop: Annotated[
        str | None,
        typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT, each from 0 to 1."),
    ] = None,
    spaces: cli.Spaces = None,
    filters: Filters,
    shape: Shape,
    to: ExportTo,
    as_json: AsJson = False,
) -> None:
    """Finds scenes that show what a picture shows."""
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise InvalidQuery(f"{picture} cannot be read: {error.strerror}") from None
    image = read_query_picture(data, Crop.parse(crop) if crop is not None else None)
    engine, database = cli.open_engine()
    answer = engine.search_image(image, query, filters=filters, spaces=spaces or None, shape=shape)
    cli.print_answer(answer, database, to, as_json=as_json)


if __name__ == "__main__":
    cli.run(main)
