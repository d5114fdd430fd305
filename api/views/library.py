"""The page of the library: its videos, its spaces, and the files with a fault. Its files that are
missing are in api/views/missing.py."""

import os.path
import re
import shlex
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError

from api.deps import State
from api.errors import in_words
from api.spaces import standings
from api.views.form import PageForm
from api.views.languages import language_name
from api.views.remedies import remedies
from api.web.rendering import page
from database.forms import Form, Id
from database.models import FileStatus
from database.queries.listing import ListedVideo, Listing, VideoLists, VideoSort
from database.spaces.spaces import Spaces
from database.videos.files import FileListing, FileOutcome, Files, Reason
from embeddings.loaded import Encoders
from search.query.query import MAX_AT_ONCE

PAGE_VIDEOS = 48
PAGE_FILES = 100
_MAY_PASS = re.compile("memory|no progress|the decoder|^cannot be read|INGEST_")
"""Reasons that lie in the machine or in settings: the same file may be read the next time
(ingest/media/child.py, and the limits of ingest/settings.py)."""
_ORDER = (FileStatus.FAILED, FileStatus.PARTIAL, FileStatus.SKIPPED)
View = Literal["videos", "jobs", "job", "spaces", "files", "missing"]
AnyForm = TypeVar("AnyForm", bound=Form)
SORTS = (
    (VideoSort.NEWEST, "Newest first"),
    (VideoSort.TITLE, "By title"),
    (VideoSort.DATE, "Recorded last first"),
    (VideoSort.DURATION, "Longest first"),
)


class VideosForm(Listing):
    """The parameters of /library."""

    after: Id | None = None
    """The last video of the page before."""
    shown: Annotated[int, Field(ge=0)] = 0
    """Videos that were shown before somebody left the page."""


@dataclass(frozen=True)
class Shelf:
    """A page of the list of videos."""

    videos: tuple[ListedVideo, ...]
    total: int
    more_url: str | None
    """Of the videos after these; None after the last."""
    is_first: bool


@dataclass(frozen=True)
class Refusal:
    """A reason why files were not read as a whole, what leads to all of them, and what to do."""

    reason: Reason
    all_url: str | None
    """Of all its files, where not all are shown."""
    remedies: tuple[str, ...]
    """In sentences, where the reason does not say it."""
    retry: str | None
    """The command that tries again; None where only another file would help."""


def library_page(state: State, request: Request) -> HTMLResponse:
    """The videos, or, for the page's own script, the list below the form. Raises NotFound."""
    form, problem = _read(VideosForm, request)
    return library_view(
        state,
        "_videos.html" if "x-fragment" in request.headers else "library.html",
        "videos",
        asked=form,
        problem=problem,
        shelf=_shelf(state, form) if problem is None else None,
        sorts=SORTS,
        first_url=_url("/library", form, after=None, shown=None),
        language_name=language_name,
    )


def _shelf(state: State, form: VideosForm) -> Shelf:
    lists, limit = VideoLists(state.reader), min(max(form.shown, PAGE_VIDEOS), MAX_AT_ONCE)
    found = lists.page(form, limit=limit, after=form.after)
    more_url = _url("/library", form, after=found.next, shown=None) if found.next else None
    return Shelf(found.videos, found.total, more_url, form.after is None)


def spaces_page(state: State, encoders: Encoders, request: Request) -> HTMLResponse:
    """The spaces with their models. They are counted where the URL asks for it: it takes seconds
    in a large library."""
    template = "_spaces.html" if "x-fragment" in request.headers else "library.html"
    counted = request.query_params.get("counted") == "true"
    found = (
        state.facts.standings()
        if counted
        else standings(Spaces(state.reader), encoders, counted=False)
    )
    return library_view(state, template, "spaces", problem=None, spaces=found, is_counted=counted)


def files_page(state: State, request: Request) -> HTMLResponse:
    """What was not read as a whole, by reason: nothing of it, a part, no recording; or, where the
    URL names a state or a reason, the files one by one."""
    form, problem = _read(FileListing, request)
    shown: dict[str, Any] = {"asked": form, "files": None, "refusals": None}
    if form != FileListing():
        found = Files(state.reader).page(form, limit=PAGE_FILES)
        next_url = _url("/library/files", form, after=found.next) if found.next else None
        shown |= {"files": found.files, "next_url": next_url}
    else:
        shown["refusals"] = [
            _refusal(reason)
            for reason in sorted(state.facts.refusals(), key=lambda each: _ORDER.index(each.status))
        ]
    return library_view(state, "library.html", "files", problem=problem, **shown)


def _refusal(reason: Reason) -> Refusal:
    url = None
    if reason.num_files > len(reason.newest):
        named = FileListing(status=reason.status, reason=reason.alike, missing=False)
        url = _url("/library/files", named)
    retry = f"python -m ingest --retry {_place_of(reason.newest)}"
    may_help = reason.status is FileStatus.FAILED and _MAY_PASS.search(reason.text)
    todo = remedies(reason.status, reason.text)
    return Refusal(reason, url, todo, retry if may_help else None)


def _place_of(files: tuple[FileOutcome, ...]) -> str:
    """The one file, or the folder of all, as a shell takes it."""
    paths = [file.path for file in files]
    return shlex.quote(paths[0] if len(paths) == 1 else os.path.commonpath(paths))


def library_view(
    state: State, template: str, view: View, *, problem: str | None, **shown: Any
) -> HTMLResponse:
    """A view of the library: with what stands above each of them, or, for the page's own script,
    alone. Templates ask for the facts that they show, and a fragment shows hardly any."""
    return page(
        template,
        200 if problem is None else 422,
        form=PageForm(),
        view=view,
        problem=problem,
        facts=state.facts,
        embedded=state.database.embedded,
        own_origin=state.database.origin,
        **shown,
    )


def _read(kind: type[AnyForm], request: Request) -> tuple[AnyForm, str | None]:
    """The form of a URL, without fields that are empty or of other programs, and what is wrong
    with it; then the form is an empty one."""
    given: dict[str, Any] = {}
    for name in kind.model_fields:
        values = [value for value in request.query_params.getlist(name) if value.strip()]
        if values:
            given[name] = values if name == "tags" else values[-1]
    try:
        return kind(**given), None
    except ValidationError as error:
        return kind(), in_words(error)


def _url(path: str, form: BaseModel, **changed: Any) -> str:
    """The address of a form with some fields changed, without those that ask for nothing."""
    values = {**form.model_dump(mode="json", exclude_defaults=True), **changed}
    asked = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in values.items()
        if value is False or value not in (None, "", [], 0)
    }
    return path + ("?" + urlencode(asked, doseq=True) if asked else "")
