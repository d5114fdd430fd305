"""python -m search.sequence FIRST SECOND ...: one thing, then another."""

from typing import Annotated

import typer

from database.queries.filters import Filters
from embeddings.cli import AsJson
from search import cli
from search.query.query import AUTO, MAX_LIMIT, MODES, SearchQuery, make_query
from search.results.json import sequence_document
from search.results.text import sequence_text
from search.sequences import search_sequence


def main(
    *,
    steps: Annotated[
        list[str],
        typer.Argument(help="What happens, step by step; vision_heavy:TEXT searches in a mode."),
    ],
    within_s: Annotated[
        float,
        typer.Option(help="Each step begins at most so many seconds after the one before ends."),
    ] = 30.0,
    mode: cli.Mode = None,
    filters: Filters,
    limit: Annotated[int, typer.Option(help=f"Hits to answer, up to {MAX_LIMIT}.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Finds where things follow each other: "first this", then "that"."""
    queries = [_step(text, mode, filters) for text in steps]
    engine, _ = cli.open_engine()
    answer = search_sequence(engine, queries, within_s, limit)
    if as_json:
        cli.print_json(sequence_document(answer))
        return
    cli.print_reasons(answer.reasons)
    typer.echo(sequence_text(answer))


def _step(text: str, mode: str | None, filters: Filters) -> SearchQuery:
    """A step, in the mode that stands before it or else in that of all."""
    own, colon, rest = text.partition(":")
    if colon and (own in (*MODES, AUTO) or own.endswith("_heavy")):
        return make_query(rest, mode=own, filters=filters)
    return make_query(text, mode=mode, filters=filters)


if __name__ == "__main__":
    cli.run(main)
