"""Order and pages: a cursor names the place of the last hit shown, so that the next page begins
right after it, whatever has come into the library since."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from database.hits import VideoRef
from search.errors import InvalidQuery
from search.fusion import Fused
from search.query import SearchQuery, Sort

MAX_DEPTH = 1000

Place = tuple[float, ...]
"""Where a hit stands; less comes first. No two hits have the same."""


def place_of(fused: Fused, sort: Sort, videos: Mapping[int, VideoRef]) -> Place:
    """Where a scene stands in this order."""
    scene = fused.candidate
    if sort is Sort.RELEVANCE:
        return (-fused.value, scene.scene_id)
    within = (scene.video_id, scene.start_s, scene.scene_id)
    if sort is Sort.TIME:
        return within
    recorded_at = videos[scene.video_id].recorded_at
    return (-recorded_at.timestamp() if recorded_at else 0.0, *within)


def fingerprint(query: SearchQuery, what: object) -> str:
    """What a cursor belongs to: everything that decides about the order."""
    shape = query.shape
    asked = (query.text, query.weights, query.mode, query.filters, query.spaces, what)
    ordered = (shape.sort, shape.by_video, shape.fold, shape.fusion, shape.rerank, shape.min_score)
    return hashlib.sha256(repr((asked, ordered)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cursor:
    """Where a page begins, and how deep the first page looked: all pages of an answer rank the
    same scenes."""

    belongs_to: str
    depth: int
    after: Place | None

    @classmethod
    def of(cls, text: str | None, belongs_to: str, depth: int) -> "Cursor":
        """What a cursor from a URL says; the beginning, looking this deep, if there is none.

        Raises InvalidQuery.
        """
        if text is None:
            return cls(belongs_to, depth, None)
        try:
            padded = text + "=" * (-len(text) % 4)
            owner, deep, *place = json.loads(
                base64.b64decode(padded, altchars=b"-_", validate=True)
            )
            after = tuple(float(number) for number in place)
            cursor = cls(str(owner), int(deep), after)
        except (binascii.Error, UnicodeError, ValueError, TypeError, OverflowError):
            raise InvalidQuery("this is no cursor: take `next` of the page before") from None
        if cursor.belongs_to != belongs_to or not 1 <= cursor.depth <= MAX_DEPTH:
            raise InvalidQuery("the cursor belongs to another query: leave it out to begin anew")
        return cursor

    def next(self, place: Place) -> str:
        """The cursor, for URLs, of the page after the hit at this place."""
        document = json.dumps([self.belongs_to, self.depth, *place], separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")
