"""Cursors: the place of the last hit shown, so that the next page begins right after it, whatever
has come into the library since."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Annotated

from pydantic import Field, FiniteFloat, TypeAdapter

from database.queries.hits import VideoRef
from search.errors import InvalidQuery
from search.query.query import SearchQuery, Sort
from search.ranking.confidence import Confidence
from search.ranking.fusion import rank_key
from search.retrieval.candidates import Candidate

MAX_DEPTH = 2000
MAX_SHOWN = 100_000

Place = tuple[float, ...]
"""Where a hit stands; less comes first. No two hits have the same."""


def place_of(scene: Candidate, sort: Sort, videos: Mapping[int, VideoRef]) -> Place:
    """The sort key of a scene in an answer; `videos` are needed for Sort.DATE only."""
    if sort is Sort.RELEVANCE:
        return rank_key(scene)
    within = (scene.video_id, scene.start_s, scene.scene_id)
    if sort is Sort.TIME:
        return within
    recorded_at = videos[scene.video_id].recorded_at
    return (-recorded_at.timestamp() if recorded_at else 0.0, *within)


def fingerprint(query: SearchQuery, what: object) -> str:
    """A hash of everything that decides about the order of an answer: a cursor belongs to it."""
    shape = query.shape
    order = (shape.sort, shape.by_video, shape.fold, shape.fusion, shape.rerank, shape.min_score)
    parts = (query.text, query.weights, query.mode, query.filters, query.spaces, what, order)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cursor:
    """A place in an answer where a page begins, with the depth and confidence of the first page:
    all pages rank the same scenes and are as sure of them."""

    belongs_to: str
    depth: int
    shown: int
    """Hits on the pages before."""
    confidence: Confidence | None
    """Of the first page; None on it."""
    after: Place | None
    """Of the last hit shown."""

    @classmethod
    def of(cls, text: str | None, belongs_to: str, depth: int) -> "Cursor":
        """The cursor of a URL; without one, the beginning of an answer that looks so deep.

        Raises InvalidQuery.
        """
        if text is None:
            return cls(belongs_to, depth, 0, None, None)
        try:
            padded = text + "=" * (-len(text) % 4)
            document = base64.b64decode(padded, altchars=b"-_", validate=True)
            owner, deep, shown, confidence, place = _DOCUMENT.validate_json(document)
        except ValueError:
            raise InvalidQuery("this is no cursor: take `next` of the page before") from None
        if owner != belongs_to:
            raise InvalidQuery("the cursor belongs to another query: leave it out to begin anew")
        return cls(owner, deep, shown, Confidence(*confidence) if confidence else None, place)

    def next(self, num_hits: int, confidence: Confidence | None, place: Place) -> str:
        """The cursor, for URLs, of the page after one of so many hits."""
        found = astuple(confidence) if confidence else None
        made = (self.belongs_to, self.depth, self.shown + num_hits, found, place)
        return base64.urlsafe_b64encode(_DOCUMENT.dump_json(made)).decode().rstrip("=")


_Number = Annotated[FiniteFloat, Field(ge=-1e18, le=1e18)]
_Document = tuple[
    str,
    Annotated[int, Field(ge=1, le=MAX_DEPTH)],
    Annotated[int, Field(ge=0, le=MAX_SHOWN)],
    tuple[_Number, _Number, _Number, _Number, _Number, bool, _Number] | None,
    tuple[_Number, ...],
]
_DOCUMENT: TypeAdapter[_Document] = TypeAdapter(_Document)
