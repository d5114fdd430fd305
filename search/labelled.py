"""Queries with known answers, in the form of docs/evaluation.md, read and checked."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from search.errors import InvalidQuery, QueryFileInvalid
from search.query import make_query

_DEFAULT_TOLERANCE_S = 0.5


class Target(BaseModel):
    """What an answer may point to: [start, end) of a file, in seconds."""

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


def load_queries(path: Path) -> QueryFile:
    """Raises QueryFileInvalid, also for a query that no search would take."""
    try:
        queries = QueryFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise QueryFileInvalid(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise QueryFileInvalid(f"{path}: {where}: {first['msg']}") from None
    every: list[_Query] = [*queries.queries, *queries.negatives]
    for query in every:
        try:
            make_query(query.query)
        except InvalidQuery as error:
            raise QueryFileInvalid(f"{path}: query {query.id!r}: {error}") from None
    return queries
