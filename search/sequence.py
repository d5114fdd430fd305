"""python -m search.sequence FIRST SECOND ...: one thing, then another."""

from typing import Annotated

import typer

from database.queries.filters import Filters
from embeddings.cli import AsJson
from search import cli
from search.exports.command import ExportTo, export
from search.exports.selections import selections_of_sequences
from search.query.query import AUTO, MODES, SearchQuery, Shape, make_query
from search.results.json import sequence_document
from search.results.text import sequence_text
from search.sequences import SequenceShape, search_sequence


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
    shape: SequenceShape,
    to: ExportTo,
    as_json: AsJson = False,
) -> None:
    """Finds where things follow each other: "first this", then "that"."""
    each = Shape(min_score=shape.min_score)
    queries = [_step(text, mode, filters, each) for text in steps]
    engine, database = cli.open_engine()
    answer = search_sequence(engine, queries, within_s, shape.limit)
    if as_json:
        cli.print_json(sequence_document(answer))
    else:
        cli.print_reasons(answer.reasons)
        typer.echo(sequence_text(answer))
    export(to, database, selections_of_sequences(answer), ", then ".join(steps))


def _step(text: str, mode: str | None, filters: Filters, shape: Shape) -> SearchQuery:
    """A step, in the mode that stands before it or else in that of all."""
    own, colon, rest = text.partition(":")
    if colon and (own in (*MODES, AUTO) or own.endswith("_heavy")):
        return make_query(rest, mode=own, filters=filters, shape=shape)
    return make_query(text, mode=mode, filters=filters, shape=shape)


if __name__ == "__main__":
    cli.run(main)
