"""python -m search.evaluate QUERIES.json: how well known answers are found.

Reads labelled queries in the form of docs/evaluation.md and prints success at 1 (the first
hit is right), recall at 1, 5 and 10, and nDCG at 10, by class of query: for every mode, beside
each leg alone, reciprocal rank fusion, and the weighted sum of raw cosines.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import ir_measures
import typer
from ir_measures import R, Success, nDCG
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from rich.console import Console
from rich.table import Table

from database.errors import DatabaseError
from database.legs import FULL_TEXT
from database.session import open_database
from database.settings import load_settings
from embeddings.errors import EmbeddingError
from embeddings.onnx_session import Runtime
from embeddings.service import EmbeddingService
from embeddings.spaces import PROFILES
from search.engine import SearchEngine
from search.errors import QueryFileInvalid, SearchError
from search.fusion import Fusion, reciprocal_rank, single_leg, weighted_evidence, weighted_raw
from search.hit import SearchHit
from search.query import MODES, make_query

DEPTH = 10
MEASURES = (Success @ 1, R @ 1, R @ 5, R @ 10, nDCG @ 10)
_DEFAULT_TOLERANCE_S = 0.5
_LONG_S = 30.0
"""Of a longer video, the whole is no moment."""


class Target(BaseModel):
    """A right answer: [start, end) of a file, in seconds."""

    model_config = ConfigDict(extra="ignore")
    file: str
    start: float
    end: float


class LabelledQuery(BaseModel):
    """A query with its right answers."""

    model_config = ConfigDict(extra="ignore")
    id: str
    query: Annotated[str, Field(min_length=1)]
    modality: str = "any"
    targets: Annotated[list[Target], Field(min_length=1)]
    match: Literal["any", "all"] = "any"


class NegativeQuery(BaseModel):
    """A query that nothing in the library answers."""

    model_config = ConfigDict(extra="ignore")
    id: str
    query: Annotated[str, Field(min_length=1)]


class HowToScore(BaseModel):
    """How strict to be."""

    model_config = ConfigDict(extra="ignore")
    tolerance_s: dict[str, Annotated[float, Field(ge=0)]] = {}


class QueryFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="ignore")
    how_to_score: HowToScore = HowToScore()
    queries: Annotated[list[LabelledQuery], Field(min_length=1)]
    negatives: list[NegativeQuery] = []

    @field_validator("queries")
    @classmethod
    def ids_differ(cls, queries: list[LabelledQuery]) -> list[LabelledQuery]:
        """One id, one query: results are kept by it."""
        if len({query.id for query in queries}) < len(queries):
            raise ValueError("two queries have the same id")
        return queries

    def tolerance_s(self, modality: str) -> float:
        """How far a hit may be off a target of this modality."""
        return self.how_to_score.tolerance_s.get(modality, _DEFAULT_TOLERANCE_S)


@dataclass(frozen=True)
class Method:
    """A way to rank, as a row of the table."""

    name: str
    fusion: Fusion
    mode: str


def load_queries(path: Path) -> QueryFile:
    """Raises QueryFileInvalid."""
    try:
        return QueryFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise QueryFileInvalid(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise QueryFileInvalid(f"{path}: {where}: {first['msg']}") from None


def is_right(hit: SearchHit, target: Target, tolerance_s: float) -> bool:
    """Whether a hit lies in the target's file and overlaps it, within the tolerance, by more
    than half of the shorter of the two. The whole of a video is right only if the target is most
    of it."""
    path = Path(hit.video.path).as_posix()
    if path != target.file and not path.endswith("/" + target.file):
        return False
    start_s, end_s = target.start - tolerance_s, target.end + tolerance_s
    overlap_s = min(hit.end_s, end_s) - max(hit.start_s, start_s)
    if hit.end_s - hit.start_s >= hit.video.duration_s - tolerance_s > _LONG_S:
        return overlap_s > 0.5 * hit.video.duration_s
    return overlap_s > 0.5 * min(hit.end_s - hit.start_s, end_s - start_s)


def judge(
    query: LabelledQuery, hits: Sequence[SearchHit], tolerance_s: float
) -> tuple[dict[str, int], dict[str, float]]:
    """(relevance judgements, run) in the form of ir_measures.

    Where any target will do they are one document; a target counts where it is first found.
    """
    names = [
        "target" if query.match == "any" else f"target-{number}"
        for number in range(len(query.targets))
    ]
    run: dict[str, float] = {}
    for hit in hits:
        found = [
            name
            for name, target in zip(names, query.targets, strict=True)
            if name not in run and is_right(hit, target, tolerance_s)
        ]
        for name in found[:1] or [f"other-{hit.rank}"]:
            run[name] = float(-hit.rank)
    return dict.fromkeys(names, 1), run


def evaluate(
    engine: SearchEngine, queries: QueryFile, method: Method
) -> dict[str, dict[str, float]]:
    """The mean of every measure, by class of query and for "all"."""
    qrels: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    runs: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for labelled in queries.queries:
        query = make_query(labelled.query, mode=method.mode, limit=DEPTH)
        hits = engine.answer(query, engine.spaces, method.fusion).hits
        qrel, run = judge(labelled, hits, queries.tolerance_s(labelled.modality))
        for name in ("all", labelled.modality):
            qrels[name][labelled.id], runs[name][labelled.id] = qrel, run
    return {name: _measured(qrels[name], runs[name]) for name in qrels}


def separation(engine: SearchEngine, queries: QueryFile, mode: str) -> float | None:
    """How well the first hit's score tells queries with an answer from those without one: the
    area under the ROC curve, 0.5 for chance; None without negatives."""

    def top_score(text: str) -> float:
        hits = engine.answer(make_query(text, mode=mode, limit=1), engine.spaces).hits
        return hits[0].score if hits else 0.0

    answered = [top_score(query.query) for query in queries.queries]
    unanswered = [top_score(query.query) for query in queries.negatives]
    pairs = [(a > b) + 0.5 * (a == b) for a in answered for b in unanswered]
    return sum(pairs) / len(pairs) if pairs else None


def _measured(
    qrels: dict[str, dict[str, int]], runs: dict[str, dict[str, float]]
) -> dict[str, float]:
    values = ir_measures.calc_aggregate(MEASURES, qrels, runs)
    return {str(measure): float(values[measure]) for measure in MEASURES}


def methods() -> list[Method]:
    """Every row of the table."""
    legs = [space.key for space in PROFILES["bundled"].spaces] + [FULL_TEXT]
    return [
        *(Method(mode, weighted_evidence, mode) for mode in MODES),
        *(Method(f"only {leg}", single_leg(leg), "balanced") for leg in legs),
        Method("RRF, k = 60", reciprocal_rank, "balanced"),
        Method("raw cosines, weighted", weighted_raw, "balanced"),
    ]


def main(
    path: Annotated[Path, typer.Argument(help="Labelled queries, JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measures the library's rankings with labelled queries."""
    queries = load_queries(path)
    settings = load_settings()
    database = open_database(settings)
    engine = SearchEngine(database, EmbeddingService(Runtime(settings.models_dir)))
    results = {method.name: evaluate(engine, queries, method) for method in methods()}
    if as_json:
        typer.echo(json.dumps(results))
        return
    classes = ["all", *sorted({query.modality for query in queries.queries})]
    table = Table(title=f"{len(queries.queries)} queries of {path}", box=None)
    table.add_column("method", no_wrap=True)
    for name in classes:
        table.add_column(f"{name}\nS@1  R@1  R@5  R@10 nDCG", no_wrap=True)
    for method_name, by_class in results.items():
        cells = [" ".join(f"{v:4.2f}" for v in by_class[name].values()) for name in classes]
        table.add_row(method_name, *cells)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    told_apart = separation(engine, queries, "balanced")
    if told_apart is not None:
        typer.echo(f"queries without an answer told apart in balanced: AUROC {told_apart:.2f}")


def run(command: Callable[[], None]) -> None:
    """The command; what a person can put right is one sentence on stderr."""
    try:
        command()
    except (DatabaseError, EmbeddingError, SearchError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run(lambda: typer.run(main))
