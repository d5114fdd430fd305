"""What was asked, checked."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from database.queries.filters import Filters
from database.tags import MAX_TAGS
from search.errors import InvalidQuery
from search.query.syntax import MAX_ASKED, QueryWords, parse_words

MAX_QUERY_CHARACTERS = 1000
MAX_LIMIT = 100
MAX_SPACES = 16
AUTO = "auto"


@dataclass(frozen=True)
class Weights:
    """How much text (said, written) and vision (shown) count; they sum to 1."""

    text: float
    vision: float


MODES = {
    "text_heavy": Weights(0.7, 0.3),
    "balanced": Weights(0.5, 0.5),
    "vision_heavy": Weights(0.3, 0.7),
}


class Sort(StrEnum):
    """The order of an answer. By date or time come only matches that are not weak."""

    RELEVANCE = "relevance"
    DATE = "date"
    """Recorded last first."""
    TIME = "time"
    """Videos in the order in which they came, and each from its start."""


class FusionName(StrEnum):
    """How legs become one ranking (search/ranking/fusion.py)."""

    EVIDENCE = "evidence"
    SUM = "sum"
    CONVEX = "convex"
    RRF = "rrf"
    RAW = "raw"


_CALIBRATED = (FusionName.EVIDENCE, FusionName.SUM)


@dataclass(frozen=True)
class Shape:
    """How an answer is put together."""

    limit: int = 10
    cursor: str | None = None
    """`next` of the page before."""
    sort: Sort = Sort.RELEVANCE
    by_video: bool = False
    """Each video once, by its best scene."""
    fold: bool = False
    """Scenes that look nearly the same once."""
    min_score: float = 0.0
    fusion: FusionName = FusionName.EVIDENCE
    explain: bool = False
    rerank: bool = False
    """The first hits again, by a model that reads query and text together."""


@dataclass(frozen=True)
class SearchQuery:
    """A checked query."""

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


def make_query(
    text: str,
    *,
    mode: str | None = None,
    weights: tuple[float, float] | None = None,
    filters: Filters | None = None,
    spaces: Sequence[str] | None = None,
    shape: Shape | None = None,
    with_examples: bool = False,
) -> SearchQuery:
    """A query in a mode ("balanced" by default), or with (text, vision) weights of its own; the
    text may be empty only `with_examples`. Raises InvalidQuery."""
    words = _checked_words(text, with_examples)
    if weights is not None and mode is not None:
        raise InvalidQuery("give a mode or weights, not both")
    filters, shape = filters or Filters(), shape or Shape()
    _check_filters(filters)
    _check_shape(shape)
    if weights is None and mode is None:
        mode = "balanced"
    if spaces is not None and not 1 <= len(spaces) <= MAX_SPACES:
        raise InvalidQuery(f"name between 1 and {MAX_SPACES} spaces, or none to search all")
    return SearchQuery(
        text.strip(),
        words,
        _weights(mode, weights),
        mode,
        filters,
        tuple(spaces) if spaces is not None else None,
        shape,
    )


def _checked_words(text: str, with_examples: bool) -> QueryWords:
    if not text.strip() and not with_examples:
        raise InvalidQuery("the query is empty")
    if len(text) > MAX_QUERY_CHARACTERS:
        raise InvalidQuery(f"the query is longer than {MAX_QUERY_CHARACTERS} characters")
    if not _is_text(text):
        raise InvalidQuery("the query contains a null character or a lone surrogate")
    words = parse_words(text)
    if len(words.phrases) + len(words.excluded) > MAX_ASKED:
        raise InvalidQuery(f"ask for, and exclude, at most {MAX_ASKED} phrases in all")
    if not words.meaning and not with_examples:
        empty = "the query only excludes: say what to find, too"
        raise InvalidQuery(empty if words.excluded else "the query is empty")
    return words


def _is_text(text: str) -> bool:
    """Whether a database can hold it."""
    return "\x00" not in text and not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _check_shape(shape: Shape) -> None:
    if not 1 <= shape.limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit must be between 1 and {MAX_LIMIT}")
    if not 0 <= shape.min_score < 1:
        raise InvalidQuery("min_score must be at least 0 and below 1")
    if shape.min_score > 0 and shape.fusion not in _CALIBRATED:
        raise InvalidQuery(f"min_score means nothing with fusion={shape.fusion.value}")
    if shape.rerank and shape.fusion not in _CALIBRATED:
        raise InvalidQuery(f"nothing can be reranked with fusion={shape.fusion.value}")


def _check_filters(filters: Filters) -> None:
    for start, end, what in (
        (filters.from_s, filters.to_s, "time"),
        (filters.recorded_from, filters.recorded_to, "date"),
    ):
        if any(isinstance(edge, float) and math.isnan(edge) for edge in (start, end)):
            raise InvalidQuery("a time must be a number of seconds")
        if start is not None and end is not None and end <= start:  # type: ignore[operator]
            raise InvalidQuery(f"the {what} range is empty: its end must be after its start")
    least_s = 0.0 if filters.min_duration_s is None else filters.min_duration_s
    greatest_s = math.inf if filters.max_duration_s is None else filters.max_duration_s
    if not 0 <= least_s <= greatest_s:
        raise InvalidQuery("the least duration must be at least 0 and at most the greatest")
    if filters.clock_from is not None and filters.clock_from == filters.clock_to:
        raise InvalidQuery("the time of day is empty: its end must differ from its start")
    if filters.language is not None and not re.fullmatch(r"[a-z]{2,3}", filters.language):
        raise InvalidQuery("a language is its code of two or three letters, such as en")
    if len(filters.tags) > MAX_TAGS:
        raise InvalidQuery(f"name at most {MAX_TAGS} tags")
    if not all(tag.strip() and _is_text(tag) for tag in filters.tags):
        raise InvalidQuery("a tag has characters that can be read")


def _weights(mode: str | None, weights: tuple[float, float] | None) -> Weights | None:
    if weights is None:
        if mode == AUTO:
            return None
        if mode not in MODES:
            raise InvalidQuery(f"mode must be one of {', '.join(MODES)}, {AUTO}")
        return MODES[mode]
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        raise InvalidQuery("weights must be finite and not negative")
    total = sum(weights)
    if total == 0 or not math.isfinite(total):
        raise InvalidQuery("at least one weight must be above zero, and their sum finite")
    return Weights(weights[0] / total, weights[1] / total)
