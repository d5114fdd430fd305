"""python -m search.sequence FIRST SECOND ...: one thing, then another."""

from typing import Annotated

import typer

from database.queries.filters import Filters
from search import cli as options
from search.query.query import AUTO, MODES, SearchQuery, make_query
from search.results.json import sequence_document
from search.results.text import sequence_text
from search.sequences import search_sequence


def main(
    steps: Annotated[
        list[str],
        typer.Argument(help="What happens, step by step; vision_heavy:TEXT searches in a mode."),
    ],
    within: Annotated[
        float,
        typer.Option(help="Each step begins at most so many seconds after the one before ends."),
    ] = 30.0,
    mode: options.Mode = None,
    video: options.Video = None,
    limit: options.Limit = 10,
    as_json: options.AsJson = False,
) -> None:
    """Finds where things follow each other: "first this", then "that"."""
    filters = Filters(video_ids=tuple(video) if video else None)
    queries = [_step(text, mode, filters) for text in steps]
    engine, _ = options.open_engine()
    answer = search_sequence(engine, queries, within, limit)
    if as_json:
        options.print_json(sequence_document(answer))
        return
    for reason in answer.reasons:
        typer.echo(f"degraded: {reason}", err=True)
    typer.echo(sequence_text(answer))


def _step(text: str, mode: str | None, filters: Filters) -> SearchQuery:
    """A step, in the mode that stands before it or else in that of all."""
    own, colon, rest = text.partition(":")
    if colon and (own in (*MODES, AUTO) or own.endswith("_heavy")):
        return make_query(rest, mode=own, filters=filters)
    return make_query(text, mode=mode, filters=filters)


if __name__ == "__main__":
    options.run(main)
