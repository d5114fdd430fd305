"""The pages that people see, and their static files."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from api.deps import ServiceDep, StateDep
from api.views.library import files_page, library_page, spaces_page
from api.views.search import search_page
from api.views.watch import watch_page
from database.forms import Id, Seconds

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def search(state: StateDep, request: Request) -> HTMLResponse:
    """The search: a whole page, or for the page's own script the part that changes."""
    return search_page(state, request)


@router.get("/watch/{video_id}")
def watch(
    state: StateDep,
    request: Request,
    video_id: Annotated[Id, Path()],
    t: Annotated[Seconds, Query()] = 0.0,
    end: Annotated[Seconds | None, Query()] = None,
    q: str = "",
) -> HTMLResponse:
    """A video at a moment."""
    return watch_page(state, request, video_id, t, end, q)


@router.get("/library")
def library(state: StateDep, request: Request) -> HTMLResponse:
    """The videos of the library."""
    return library_page(state, request)


@router.get("/library/spaces")
def library_spaces(state: StateDep, service: ServiceDep, request: Request) -> HTMLResponse:
    """Its spaces with their models."""
    return spaces_page(state, service.encoders, request)


@router.get("/library/files")
def library_files(state: StateDep, request: Request) -> HTMLResponse:
    """The files with a fault, and why."""
    return files_page(state, request)
