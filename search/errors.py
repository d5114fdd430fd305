"""Every error of this package; all derive from SearchError."""

from embeddings.errors import SceneseekError


class SearchError(SceneseekError):
    """Base of the errors of the search package."""


class InvalidQuery(SearchError):
    """A query that cannot be answered as it was asked; the message says why."""

    exit_code = 2


class SearchUnavailable(SearchError):
    """No part of a search can answer it; the message says of each why."""


class QueryFileInvalid(SearchError):
    """A file of labelled queries that does not have the documented form."""
