"""python -m search.evaluate QUERIES.json: how well known answers are found.

Reads labelled queries in the form of docs/evaluation.md and prints success at 1 (the first
hit is right), recall at 1, 5 and 10, and nDCG at 10, by class of query: for every mode, beside
each leg alone, reciprocal rank fusion, and the weighted sum of raw cosines. For every mode it
also counts the queries that a wrong answer misleads, and measures how well right hits begin and
end where the answer does.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.judgements import Judgements
from embeddings.cli import AsJson
from search.cli import open_engine, print_json, run
from search.evaluation.labelled import load_queries, with_judgements
from search.evaluation.measures import evaluate


def main(
    path: Annotated[Path | None, typer.Argument(help="Labelled queries, JSON.")] = None,
    judgements: Annotated[
        bool, typer.Option("--judgements", help="Use what people have said of hits, too.")
    ] = False,
    instead: Annotated[
        list[str] | None,
        typer.Option(help="Search this space instead of the active one of its slot; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measures the library's rankings with labelled queries."""
    if path is None and not judgements:
        raise typer.BadParameter("name a file of labelled queries, or use --judgements")
    labelled = load_queries(path) if path is not None else None
    engine, database = open_engine()
    said = Judgements(database).all() if judgements else []
    queries = labelled if labelled and not said else with_judgements(labelled, said)
    evaluation = evaluate(engine, queries, engine.ranker.choice.active_with(instead or []))
    if as_json:
        print_json(asdict(evaluation))
        return
    noun = "query" if len(queries.queries) == 1 else "queries"
    title = f"{len(queries.queries)} {noun} of {path or 'people'}"
    _print_table(title, evaluation.methods)
    num_labelled = sum(bool(query.must_not) for query in queries.queries)
    for mode, misled in evaluation.misled.items():
        if num_labelled:
            typer.echo(
                f"{mode}: {len(misled)} of {num_labelled} queries misled by a must_not answer"
            )
        if (auroc := evaluation.auroc[mode]) is not None:
            typer.echo(f"{mode}: queries without an answer told apart, AUROC {auroc:.2f}")
        if (found := evaluation.boundaries[mode].get("all")) is not None:
            typer.echo(
                f"{mode}: of {found.num_found} first right hits {found.close:.0%} overlap what was "
                f"meant by half, {found.closer:.0%} by 0.7 of the union (their scenes "
                f"{found.scene_close:.0%}, {found.scene_closer:.0%})"
            )


def _print_table(title: str, results: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """One row a method, one column a class of query."""
    classes = [
        "all",
        *sorted({name for by_class in results.values() for name in by_class} - {"all"}),
    ]
    table = Table(title=title, box=None)
    table.add_column("method", no_wrap=True)
    for name in classes:
        table.add_column(f"{name}\nS@1  R@1  R@5  R@10 nDCG", no_wrap=True)
    for method_name, by_class in results.items():
        cells = [" ".join(f"{v:4.2f}" for v in by_class[name].values()) for name in classes]
        table.add_row(method_name, *cells)
    # Titles and classes come from the file of queries: they are no markup.
    Console(width=None if sys.stdout.isatty() else 200, markup=False).print(table)


if __name__ == "__main__":
    run(main)
