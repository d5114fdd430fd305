"""The pages that people see, and their static files."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.deps import (
    DETAIL_TURN,
    LIST_TURN,
    REMOVAL_TURN,
    ServiceDep,
    StateDep,
)
from api.shrinking import set_again
from api.views.forgotten import forgotten_page
from api.views.library import View, files_page, library_page, library_view, spaces_page
from api.views.missing import forget_missing_page, missing_page
from api.views.search import search_page
from api.views.watch import watch_page
from database.forms import Id, Seconds

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.head("/")
@router.get("/")
async def search(state: StateDep, request: Request) -> HTMLResponse:
    """The search: a whole page, or for the page's own script the part that changes."""
    return await search_page(state, request)


@router.head("/watch/{video_id}")
@router.get("/watch/{video_id}")
async def watch(
    state: StateDep,
    request: Request,
    video_id: Annotated[Id, Path()],
    t: Annotated[Seconds, Query()] = 0.0,
    end: Annotated[Seconds | None, Query()] = None,
    q: str = "",
) -> HTMLResponse:
    """A video at a moment."""
    return await watch_page(state, request, video_id, t, end, q)


@router.post("/watch/{video_id}/forget", dependencies=[REMOVAL_TURN])
def forget(state: StateDep, video_id: Annotated[Id, Path()]) -> HTMLResponse:
    """Forgets a video, and says so."""
    return forgotten_page(state, video_id)


@router.post("/watch/{video_id}/again", dependencies=[DETAIL_TURN])
def again(state: StateDep, video_id: Annotated[Id, Path()], again: bool = True) -> Response:
    """Has a video made anew, or takes that back, and leads to its page."""
    set_again(state, video_id, again=again)
    return RedirectResponse(f"/watch/{video_id}#anew", status_code=303)


@router.head("/library", dependencies=[LIST_TURN])
@router.get("/library", dependencies=[LIST_TURN])
def library(state: StateDep, request: Request) -> HTMLResponse:
    """The videos of the library."""
    return library_page(state, request)


@router.get("/library/standing", dependencies=[LIST_TURN])
def library_standing(state: StateDep, view: View) -> HTMLResponse:
    """What stands above a view of the library, for the page's own script."""
    return library_view(state, "_standing.html", view, problem=None)


@router.head("/library/spaces", dependencies=[LIST_TURN])
@router.get("/library/spaces", dependencies=[LIST_TURN])
def library_spaces(state: StateDep, service: ServiceDep, request: Request) -> HTMLResponse:
    """Its spaces with their models."""
    return spaces_page(state, service.encoders, request)


@router.head("/library/missing", dependencies=[LIST_TURN])
@router.get("/library/missing", dependencies=[LIST_TURN])
def library_missing(state: StateDep) -> HTMLResponse:
    """The files that are missing."""
    return missing_page(state)


@router.post("/library/missing", dependencies=[REMOVAL_TURN])
def forget_missing(state: StateDep) -> HTMLResponse:
    """Forgets those of them that can be forgotten, and says so."""
    return forget_missing_page(state)


@router.head("/library/files", dependencies=[LIST_TURN])
@router.get("/library/files", dependencies=[LIST_TURN])
def library_files(state: StateDep, request: Request) -> HTMLResponse:
    """The files with a fault, and why."""
    return files_page(state, request)
