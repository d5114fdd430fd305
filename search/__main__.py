"""python -m search QUERY: finds moments by a description."""

from search import ahead

ENCODERS = ahead.begin() if __name__ == "__main__" else None

from typing import Annotated

import typer

from database.forms import MAX_ID
from database.judgements import Judgements
from database.queries.filters import Filters
from embeddings.cli import AsJson
from search import cli
from search.errors import InvalidQuery
from search.exports.command import ExportTo
from search.query.query import Shape

Query = Annotated[
    list[str],
    typer.Argument(
        metavar='"QUERY"',
        help='What to find; "in quotes" side by side, -without this word. After -- if it begins '
        "with a hyphen.",
    ),
]
Weights = Annotated[
    str | None, typer.Option(help="TEXT,VISION instead of a mode, such as 0.9,0.1.")
]
UseVision = Annotated[
    bool, typer.Option(help="Search what is shown, too, not only what is said and written.")
]
Like = Annotated[
    list[int] | None,
    typer.Option(
        help="The scene with this id is meant; kept for evaluations; repeatable.",
        min=1,
        max=MAX_ID,
    ),
]
Unlike = Annotated[
    list[int] | None,
    typer.Option(help="The scene with this id is not meant; likewise.", min=1, max=MAX_ID),
]


def main(
    *,
    query: Query,
    mode: cli.Mode = None,
    weights: Weights = None,
    use_vision: UseVision = True,
    spaces: cli.Spaces = None,
    like: Like = None,
    unlike: Unlike = None,
    filters: Filters,
    shape: Shape,
    to: ExportTo,
    as_json: AsJson = False,
) -> None:
    """Finds the moments that a description means: said, shown, or written on screen."""
    if len(query) > 1:
        raise InvalidQuery(f"put the query in quotes: '{' '.join(query)}'")
    engine, database = cli.open_engine(ENCODERS)
    answer = engine.search(
        query[0],
        mode=mode,
        weights=_parse_weights(weights),
        use_vision=use_vision,
        filters=filters,
        spaces=spaces or None,
        shape=shape,
        like=like or (),
        unlike=unlike or (),
    )
    if like or unlike:
        Judgements(database).save(answer.query.text, like or (), unlike or ())
    cli.print_answer(answer, database, to, as_json=as_json)


def _parse_weights(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        text_weight, vision_weight = map(float, text.split(","))
    except ValueError:
        raise InvalidQuery("weights are two numbers, TEXT,VISION, such as 0.9,0.1") from None
    return text_weight, vision_weight


if __name__ == "__main__":
    cli.run(main)
