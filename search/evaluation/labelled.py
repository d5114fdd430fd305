"""Queries with known answers, in the form of docs/evaluation.md, read and checked."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from database.judgements import Judged
from search.errors import InvalidQuery, QueryFileInvalid
from search.query.query import make_query

_DEFAULT_TOLERANCE_S = 0.5


class Target(BaseModel):
    """A labelled interval [start, end) of a file, in seconds."""

    model_config = ConfigDict(extra="ignore")
    file: str
    start: float
    end: float


class _Query(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str
    query: str


class LabelledQuery(_Query):
    """A query with its right answers, and those that must not rank above the first of them."""

    modality: str = "any"
    targets: Annotated[list[Target], Field(min_length=1)]
    match: Literal["any", "all"] = "any"
    must_not: list[Target] = []


class NegativeQuery(_Query):
    """A query that nothing in the library answers."""


class HowToScore(BaseModel):
    """The tolerance, in seconds, by class of query."""

    model_config = ConfigDict(extra="ignore")
    tolerance_s: dict[str, Annotated[float, Field(ge=0)]] = {}


class QueryFile(BaseModel):
    """A file of labelled queries."""

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


def with_judgements(queries: QueryFile | None, judged: Iterable[Judged]) -> QueryFile:
    """What people have said of hits as labelled queries of the class "judged": what is right are
    the targets, what is wrong must not rank above them. Those with nothing right are left out.

    Raises QueryFileInvalid if no query is left.
    """
    by_query: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_query[one.query].append(one)
    made = [
        LabelledQuery(
            id=f"judged-{number}",
            query=query,
            modality="judged",
            match="all",
            targets=[_target(one) for one in said if one.relevant],
            must_not=[_target(one) for one in said if not one.relevant],
        )
        for number, (query, said) in enumerate(sorted(by_query.items()), start=1)
        if any(one.relevant for one in said)
    ]
    if queries is not None:
        return queries.model_copy(update={"queries": [*queries.queries, *made]})
    if not made:
        raise QueryFileInvalid("nobody has said yet that a hit is right: nothing can be measured")
    return QueryFile(queries=made)


def _target(judged: Judged) -> Target:
    return Target(file=judged.path, start=judged.start_s, end=judged.end_s)


def load_queries(path: Path) -> QueryFile:
    """Raises QueryFileInvalid, also for a query that no search would take."""
    try:
        queries = QueryFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise QueryFileInvalid(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise QueryFileInvalid(f"{path}: {where or 'the whole'}: {first['msg']}") from None
    every: list[_Query] = [*queries.queries, *queries.negatives]
    for query in every:
        try:
            make_query(query.query)
        except InvalidQuery as error:
            raise QueryFileInvalid(f"{path}: query {query.id!r}: {error}") from None
    return queries
