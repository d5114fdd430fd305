"""The query of a search, with its limits: text, mode or weights, filters, shape of the answer."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from database.forms import Form, is_storable
from database.queries.filters import Filters
from search.errors import InvalidQuery
from search.query.syntax import MAX_ASKED, QueryWords, parse_words

MAX_QUERY_CHARACTERS = 1000
MAX_LIMIT = 100
MAX_AT_ONCE = 2000
"""Hits that one answer gives where `most` asks for more than a page."""
MAX_SPACES = 16
MAX_CURSOR_CHARACTERS = 500
AUTO = "auto"
Mode = Literal["text_heavy", "balanced", "vision_heavy", "auto"]


@dataclass(frozen=True)
class Weights:
    """The parts of text (said, written) and vision (shown) in a fused score; they sum to 1."""

    text: float
    vision: float


MODES = {
    "text_heavy": Weights(0.7, 0.3),
    "balanced": Weights(0.5, 0.5),
    "vision_heavy": Weights(0.3, 0.7),
}
"""The weights of every mode but AUTO, which chooses them for each query."""


class Sort(StrEnum):
    """The order of an answer. By date or time come only matches that are not weak."""

    RELEVANCE = "relevance"
    DATE = "date"
    """Recorded last first."""
    TIME = "time"
    """Videos in the order in which they came, and each from its start."""


class FusionName(StrEnum):
    """The ways to join legs into one ranking (search/ranking/fusion.py), by their names."""

    EVIDENCE = "evidence"
    SUM = "sum"
    CONVEX = "convex"
    RRF = "rrf"
    RAW = "raw"

    @property
    def is_calibrated(self) -> bool:
        """Whether values are evidence in nats, of which a confidence can be computed."""
        return self in (FusionName.EVIDENCE, FusionName.SUM)


Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description=f"Hits to answer, up to {MAX_LIMIT}")]


Score = Annotated[float, Field(ge=0, lt=1)]


class Shape(Form):
    """The shape of an answer: its size, order, grouping, and how much it explains."""

    # The API's fields and the commands' options are made from these.

    limit: Limit = 10
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_CHARACTERS)] | None = Field(
        default=None, description="`next` of the page before, for the page after it"
    )
    sort: Sort = Field(default=Sort.RELEVANCE, description="Order of the hits")
    by_video: bool = Field(default=False, description="Each video once, by its best scene")
    fold: bool = Field(default=False, description="Scenes that look nearly the same once")
    min_score: Score = Field(
        default=0.0, description="Only hits at least so sure, from 0 to 1; 0.4 leaves out weak ones"
    )
    fusion: FusionName = Field(
        default=FusionName.EVIDENCE, description="How legs become one ranking (docs/ranking.md)"
    )
    rerank: bool = Field(default=False, description="A cross-encoder orders the first hits again")
    explain: bool = Field(default=False, description="Every score and where it comes from")

    @model_validator(mode="after")
    def _scores_mean_something(self) -> Self:
        if not self.fusion.is_calibrated and self.min_score > 0:
            raise ValueError(f"min_score means nothing with fusion={self.fusion.value}")
        if not self.fusion.is_calibrated and self.rerank:
            raise ValueError(f"nothing can be reranked with fusion={self.fusion.value}")
        return self


@dataclass(frozen=True)
class SearchQuery:
    """A query that has passed all checks: its text and words, weights, filters, spaces, shape."""

    text: str
    """As it was typed; empty if only examples were given."""
    words: QueryWords
    weights: Weights | None
    """None where they are to be chosen for the query."""
    mode: str | None
    """The mode that gave the weights; None if they were given themselves."""
    filters: Filters = field(default_factory=Filters)
    spaces: tuple[str, ...] | None = None
    """The keys of the spaces to search; None for those that the library searches."""
    shape: Shape = field(default_factory=Shape)
    most: int | None = None
    """Hits to give at once, where more than the shape's limit are wanted; how deep the search looks
    is decided by that limit all the same."""


def make_query(
    text: str,
    *,
    mode: str | None = None,
    weights: tuple[float, float] | None = None,
    filters: Filters | None = None,
    spaces: Sequence[str] | None = None,
    shape: Shape | None = None,
    most: int | None = None,
    with_examples: bool = False,
) -> SearchQuery:
    """A query in a mode ("balanced" by default), or with (text, vision) weights of its own; the
    text may be empty only `with_examples`. Raises InvalidQuery."""
    text = unicodedata.normalize("NFC", text)
    words = _checked_words(text, with_examples)
    if weights is not None and mode is not None:
        raise InvalidQuery("give a mode or weights, not both")
    shape = shape or Shape()
    if shape.rerank and with_examples:
        raise InvalidQuery("only a search by text can be reranked: leave rerank out")
    if weights is None and mode is None:
        mode = "balanced"
    if spaces is not None and not 1 <= len(spaces) <= MAX_SPACES:
        raise InvalidQuery(f"name between 1 and {MAX_SPACES} spaces, or none to search all")
    if most is not None and not 1 <= most <= MAX_AT_ONCE:
        raise InvalidQuery(f"most must be between 1 and {MAX_AT_ONCE}")
    return SearchQuery(
        text.strip(),
        words,
        _weights(mode, weights),
        mode,
        filters or Filters(),
        tuple(spaces) if spaces is not None else None,
        shape,
        most,
    )


def _checked_words(text: str, with_examples: bool) -> QueryWords:
    if not text.strip() and not with_examples:
        raise InvalidQuery("the query is empty")
    if len(text) > MAX_QUERY_CHARACTERS:
        raise InvalidQuery(f"the query is longer than {MAX_QUERY_CHARACTERS} characters")
    if not is_storable(text):
        raise InvalidQuery("the query contains a null character or a lone surrogate")
    words = parse_words(text)
    if len(words.phrases) + len(words.excluded) > MAX_ASKED:
        raise InvalidQuery(f"ask for, and exclude, at most {MAX_ASKED} phrases in all")
    if not words.meaning and not with_examples:
        empty = "the query only excludes: say what to find, too"
        raise InvalidQuery(empty if words.excluded else "the query is empty")
    return words


def _weights(mode: str | None, weights: tuple[float, float] | None) -> Weights | None:
    if weights is None:
        if mode == AUTO:
            return None
        if mode not in MODES:
            raise InvalidQuery(f"mode must be one of {', '.join(get_args(Mode))}")
        return MODES[mode]
    return check_weights(weights)


def check_weights(weights: tuple[float, float]) -> Weights:
    """(text, vision) weights of any size as parts that sum to 1. Raises InvalidQuery."""
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        raise InvalidQuery("weights must be finite and not negative")
    total = sum(weights)
    if total == 0 or not math.isfinite(total):
        raise InvalidQuery("at least one weight must be above zero, and their sum finite")
    return Weights(weights[0] / total, weights[1] / total)
