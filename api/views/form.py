"""The form of the page: what its URL holds, which is everything that decides about its hits."""

import re
from datetime import datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Request
from pydantic import Field, FiniteFloat

from api.requests import PictureKey, QueryText, SceneIds, part_of
from database.forms import Id
from database.queries.filters import Filters
from search.query.query import MAX_AT_ONCE, MAX_QUERY_CHARACTERS, Limit, Mode, Shape
from search.retrieval.spaces import Likeness
from search.sequences import MAX_STEPS, MAX_WITHIN_S

PAGE_HITS = 24

_OF_ONE_LOAD = {"cursor": None, "shown": 0, "alike": ()}
"""What no link of the page takes on, unless it is about that."""


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
    image: PictureKey | None = None
    """A picture that was sent before."""
    limit: Limit = PAGE_HITS
    shown: Annotated[int, Field(ge=0, le=MAX_AT_ONCE)] = 0
    """Hits to bring back at once; not part of what the address shows."""
    alike: SceneIds = ()
    """Scenes that were folded into a hit, to be shown alone."""

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

    def pairs(self, **changed: Any) -> list[tuple[str, str]]:
        """The fields as an address has them, some of them changed; None or () leaves one out.
        Those that have their default, and those that belong to one load, are not in it."""
        values = {"q": self.q, **dict(self), **_OF_ONE_LOAD, **changed}
        fields = type(self).model_fields
        return [
            (name, text)
            for name, value in values.items()
            if value != fields[name].get_default()
            for text in _texts(value)
        ]

    def url(self, path: str = "/", **changed: Any) -> str:
        """The address of this page with some fields changed, see `pairs`."""
        pairs = self.pairs(**changed)
        return path + ("?" + urlencode(pairs) if pairs else "")

    def text(self, name: str) -> str:
        """The value of a field as a control of the form takes it: empty for the default."""
        return "".join(text for field, text in self.pairs() if field == name)


def _texts(value: object) -> list[str]:
    """A field as an address has it: once, several times, or not at all."""
    if value is None:
        return []
    if isinstance(value, tuple | list):
        return [text for each in value for text in _texts(each)]
    return [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value) if value.is_integer() else value)
    if isinstance(value, datetime):
        return value.date().isoformat() if is_day(value) else value.isoformat()
    if isinstance(value, time):
        return of_day(value)
    return str(value)


def is_day(moment: datetime) -> bool:
    """Whether a date of a form, which is in UTC, is the start of its day."""
    return moment.time() == time.min


def of_day(clock: time) -> str:
    """A time of day, with its seconds only if it has some: 18:30."""
    return clock.isoformat("auto" if clock.second or clock.microsecond else "minutes")


_LISTS = {name for name, field in PageForm.model_fields.items() if "tuple" in str(field.annotation)}


_DATES = ("recorded_from", "recorded_to")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_form(request: Request) -> PageForm:
    """The form of a URL: fields left empty ask for nothing, and so do those of other programs,
    such as a mail program's; a date without a time is the start of its day in UTC. Raises
    pydantic's ValidationError."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in PageForm.model_fields or not value.strip():
            continue
        if name in _LISTS:
            given.setdefault(name, []).append(value)
        elif name in _DATES and _DAY.fullmatch(value):
            given[name] = f"{value}T00:00:00Z"
        else:
            given[name] = value
    return PageForm(**given)
