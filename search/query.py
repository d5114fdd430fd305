"""What was asked, checked."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from database.legs import Filters
from search.errors import InvalidQuery

MAX_QUERY_CHARACTERS = 1000
MAX_LIMIT = 100
MAX_SPACES = 16


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


@dataclass(frozen=True)
class SearchQuery:
    """A checked query."""

    text: str
    weights: Weights
    mode: str | None
    """The mode that gave the weights; None if they were given themselves."""
    limit: int
    filters: Filters = field(default_factory=Filters)
    spaces: tuple[str, ...] | None = None
    """The keys of the spaces to search; None for those that the library searches."""


def make_query(
    text: str,
    *,
    mode: str | None = None,
    weights: tuple[float, float] | None = None,
    limit: int = 10,
    filters: Filters | None = None,
    spaces: Sequence[str] | None = None,
) -> SearchQuery:
    """A query in a mode ("balanced" by default), or with (text, vision) weights of its own.

    Raises InvalidQuery.
    """
    _check_text(text)
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit must be between 1 and {MAX_LIMIT}")
    if weights is not None and mode is not None:
        raise InvalidQuery("give a mode or weights, not both")
    filters = filters or Filters()
    _check_filters(filters)
    if weights is None and mode is None:
        mode = "balanced"
    if spaces is not None and not 1 <= len(spaces) <= MAX_SPACES:
        raise InvalidQuery(f"name between 1 and {MAX_SPACES} spaces, or none to search all")
    return SearchQuery(
        text.strip(),
        _weights(mode, weights),
        mode,
        limit,
        filters,
        tuple(spaces) if spaces is not None else None,
    )


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidQuery("the query is empty")
    if len(text) > MAX_QUERY_CHARACTERS:
        raise InvalidQuery(f"the query is longer than {MAX_QUERY_CHARACTERS} characters")
    if "\x00" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidQuery("the query contains a null character or a lone surrogate")


def _check_filters(filters: Filters) -> None:
    times = [time for time in (filters.from_s, filters.to_s) if time is not None]
    if any(math.isnan(time) for time in times):
        raise InvalidQuery("a time must be a number of seconds")
    if len(times) == 2 and times[1] <= times[0]:
        raise InvalidQuery("the time range is empty: its end must be after its start")
    if filters.language is not None and not re.fullmatch(r"[a-z]{2,3}", filters.language):
        raise InvalidQuery("a language is its code of two or three letters, such as en")


def _weights(mode: str | None, weights: tuple[float, float] | None) -> Weights:
    if weights is None:
        if mode not in MODES:
            raise InvalidQuery(f"mode must be one of {', '.join(MODES)}")
        return MODES[mode]
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        raise InvalidQuery("weights must be finite and not negative")
    total = sum(weights)
    if total == 0 or not math.isfinite(total):
        raise InvalidQuery("at least one weight must be above zero, and their sum finite")
    return Weights(weights[0] / total, weights[1] / total)
