"""The form of the page: what its URL holds, which is everything that decides about its hits."""

from typing import Annotated, Any, get_origin
from urllib.parse import urlencode

from fastapi import Request
from pydantic import Field, FiniteFloat

from api.requests import QueryText, SceneIds, part_of
from database.forms import Id
from database.queries.filters import Filters
from search.query.query import MAX_QUERY_CHARACTERS, Limit, Mode, Shape
from search.retrieval.spaces import Likeness
from search.sequences import MAX_STEPS, MAX_WITHIN_S

PAGE_HITS = 24
MAX_SHOWN = 2000
"""Hits that a page brings back at once when somebody returns to it."""


class PageForm(Shape, Filters):
    """The parameters of the page: a query of any form, filters, the shape of the answer."""

    q: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS)] = ""
    """What to find, in words; empty where a picture or a scene is given, or to see the library."""
    then: Annotated[tuple[QueryText, ...], Field(max_length=MAX_STEPS - 1)] = ()
    """What is to follow, for a sequence."""
    within_s: Annotated[FiniteFloat, Field(ge=0, le=MAX_WITHIN_S)] = 30.0
    mode: Mode = "auto"
    vision: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    """The weight of what is shown, instead of a mode; the rest is that of what is said."""
    like: SceneIds = ()
    unlike: SceneIds = ()
    similar: Id | None = None
    """A scene to find others like."""
    by: Likeness | None = None
    image: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    """A picture that was sent before (api/views/pictures.py)."""
    limit: Limit = PAGE_HITS
    shown: Annotated[int, Field(ge=0, le=MAX_SHOWN)] = 0
    """Hits to bring back at once; not part of what the address shows."""

    @property
    def filters(self) -> Filters:
        """The filters alone."""
        return part_of(self, Filters)

    @property
    def shape(self) -> Shape:
        """The shape of one page of the answer."""
        return part_of(self, Shape)

    @property
    def asks(self) -> bool:
        """Whether anything is asked for: without, the page shows the library."""
        return bool(self.q.strip() or self.similar or self.image)

    def url(self, path: str = "/", **changed: Any) -> str:
        """The address of this page with some fields changed; None or () leaves one out. Fields
        that have their default, and those that belong to one load, are not in it."""
        values = {**self.model_dump(mode="json", exclude_defaults=True), "cursor": None, "shown": 0}
        values |= changed
        pairs: list[tuple[str, str]] = []
        for name, value in values.items():
            if name not in type(self).model_fields or value in (None, (), [], 0, False, ""):
                continue
            each = value if isinstance(value, list | tuple) else [value]
            pairs += [(name, "true" if one is True else str(one)) for one in each]
        return path + ("?" + urlencode(pairs) if pairs else "")


_LISTS = {
    name
    for name, field in PageForm.model_fields.items()
    if get_origin(field.annotation) is tuple or "tuple" in str(field.annotation)
}


def read_form(request: Request) -> PageForm:
    """The form of a URL: fields left empty ask for nothing, and so do those of other programs,
    such as a mail program's. Raises pydantic's ValidationError."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in PageForm.model_fields or not value.strip():
            continue
        if name in _LISTS:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    return PageForm(**given)
