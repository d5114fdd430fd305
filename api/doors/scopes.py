"""What each route asks of a key. Whatever has no rule here needs `admin`."""

from api.web.rendering import STATIC_URL
from database.models import ApiScope

LOGIN, LOGOUT = "/login", "/logout"
_OPEN = frozenset({"/health", "/ready", LOGIN, LOGOUT})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_READING_POSTS = frozenset(
    {
        "/search/multimodal",
        "/search/image",
        "/search/sequence",
        "/exports",
        "/v1/embeddings",
        "/v1/embeddings/multimodal",
        "/v1/rerank",
    }
)
_KEPT_PICTURES = "/search/pictures"
"""A picture to search with is kept for a while: that is a part of a search, but a write."""
_WRITES = ("/search/feedback", "/videos", "/uploads", "/watch/", "/jobs/", "/library/jobs/")
"""Where paths of writes begin. To forget all that is missing is not among them, nor to ask for a
job, which may be about any file that the server may read."""
_ORDER = tuple(ApiScope)


def is_open(path: str) -> bool:
    """Whether no key is needed: to see whether the server lives, and to log in."""
    return path in _OPEN or is_static(path)


def is_static(path: str) -> bool:
    """Whether it is a file of the pages' look, which says nothing of a library."""
    return path.startswith(f"{STATIC_URL}/")


def is_write(method: str, path: str) -> bool:
    """Whether something is changed, so that another site's page may not ask for it."""
    return method not in _SAFE_METHODS and not (method == "POST" and path in _READING_POSTS)


def scope_of(method: str, path: str) -> ApiScope:
    """What a key must allow for this."""
    if not is_write(method, path) or (method == "POST" and path == _KEPT_PICTURES):
        return ApiScope.READ
    return ApiScope.WRITE if path.startswith(_WRITES) else ApiScope.ADMIN


def allows(scope: ApiScope, needed: ApiScope) -> bool:
    """Whether a key of one scope may do what needs another."""
    return _ORDER.index(scope) >= _ORDER.index(needed)
