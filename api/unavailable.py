"""What a client is told when a part of the server cannot answer: the fact, without what runs where,
and when to ask again, if that helps."""

from dataclasses import dataclass

from database.errors import (
    DatabaseOverloaded,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    DiskFull,
    ObjectRefused,
    ObjectsUnreachable,
    SchemaMismatch,
    SpaceGone,
    TooSlow,
    TransactionConflict,
)
from embeddings.errors import EmbeddingError, PicturesWait, SceneseekError, WorkerLost
from search.errors import SearchUnavailable


@dataclass(frozen=True)
class Unavailable:
    """Of a 503."""

    detail: str
    retry_after_s: int | None


_TABLE: dict[type[SceneseekError], Unavailable] = {
    DatabaseUnreachable: Unavailable(
        "the database does not answer now, and may be starting: try again in a few seconds", 5
    ),
    DatabaseOverloaded: Unavailable(
        "the database has too much to do: try again in a few seconds", 5
    ),
    TransactionConflict: Unavailable(
        "something else changed the library at the same time: try again", 1
    ),
    SpaceGone: Unavailable("the library changed meanwhile: try again", 1),
    TooSlow: Unavailable(
        "this took the database too long: ask for less at once, or try again later", 30
    ),
    DiskFull: Unavailable(
        "a disk of the server is full, and what is stored is intact: free space there, then try "
        "again",
        60,
    ),
    ObjectsUnreachable: Unavailable(
        "the bucket that this lies in does not answer now: try again in a few seconds", 5
    ),
    ObjectRefused: Unavailable(
        "the server may not read what this lies in: the server's log says what", None
    ),
    SchemaMismatch: Unavailable(
        "another version of sceneseek has changed the library: the server's log says what to do",
        None,
    ),
    DatabaseUnsuitable: Unavailable(
        "the database refuses what the server needs: the server's log says what", None
    ),
    WorkerLost: Unavailable("a model makes no progress: restart the server if this lasts", 5),
    PicturesWait: Unavailable(str(PicturesWait()), 5),
    EmbeddingError: Unavailable("a model cannot be used now: the server's log says why", None),
}
_MODELS_REST_S = 60
"""After which a model that failed is tried again (embeddings/failures.py)."""


def find_unavailable(error: SceneseekError) -> Unavailable | None:
    """None for an error of the request, or one that nobody knows."""
    if isinstance(error, SearchUnavailable):
        return Unavailable(f"nothing can answer this search now: {error}", _MODELS_REST_S)
    return next((said for kind, said in _TABLE.items() if isinstance(error, kind)), None)
